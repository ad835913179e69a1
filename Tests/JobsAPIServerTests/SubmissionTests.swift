import Foundation
import JobsAPI
import NightjarTestSupport
import Testing

@testable import JobsAPIServer

struct SubmissionTests {
    private func message(_ body: String) -> String {
        do {
            _ = try SubmissionReader.read(Array(body.utf8))
            return "nothing"
        } catch {
            #expect(error.type == "invalid_request_error")
            return error.message
        }
    }

    @Test func `a whole request is read`() throws {
        let request = SubmitRequest(
            model: "m", prompt: "p\n🦊", negativePrompt: "", width: 64, height: 4096, steps: 150, cfgScale: 0,
            sampler: "euler", seed: .max)
        #expect(try SubmissionReader.read(Array(request.json())) == request)
    }

    @Test(arguments: [
        (#""width":63"#, "`width` must be a whole number of 64 to 4096, got `63`"),
        (#""height":4097"#, "`height` must be a whole number of 64 to 4096, got `4097`"),
        (#""width":512.5"#, "`width` must be a whole number of 64 to 4096, got `512.5`"),
        (#""width":"512""#, "`width` must be a whole number of 64 to 4096, got the string `512`"),
        (#""steps":0"#, "`steps` must be a whole number of 1 to 150, got `0`"),
        (#""steps":true"#, "`steps` must be a whole number of 1 to 150, got the boolean `true`"),
        (#""cfg_scale":50.1"#, "`cfg_scale` must be a number of 0 to 50, got `50.1`"),
        (#""cfg_scale":[7]"#, "`cfg_scale` must be a number of 0 to 50, got an array"),
        (#""seed":-1"#, "`seed` must be a whole number of 0 to 9223372036854775807, got `-1`"),
        (
            #""seed":9223372036854775808"#,
            "`seed` must be a whole number of 0 to 9223372036854775807, got `9.223372036854776e+18`"
        ),
        (#""sampler":{}"#, "`sampler` must be a string, got an object"),
        (#""negative_prompt":5"#, "`negative_prompt` must be a string, got `5`"),
    ])
    func `a wrong field is named, with what was expected and what was found`(field: String, expected: String) {
        #expect(message(#"{"model":"m","prompt":"p",\#(field)}"#) == expected)
    }

    @Test func `all wrong fields are named at once`() {
        #expect(
            message(#"{"prompt":" \n","steps":"x"}"#)
                == "`model` is missing; `prompt` must not be empty; "
                + "`steps` must be a whole number of 1 to 150, got the string `x`")
    }

    @Test func `a prompt may have 10,000 characters`() {
        let most = String(repeating: "é", count: 10_000)
        #expect(message(#"{"model":"m","prompt":"\#(most)"}"#) == "nothing")
        #expect(
            message(#"{"model":"m","prompt":"\#(most)x"}"#)
                == "`prompt` must have at most 10000 characters, got 10001")
    }

    @Test(arguments: [
        ("", "the body is empty: send a JSON object"),
        ("[]", "the body must be a JSON object, got an array"),
        (#""p""#, "the body must be a JSON object, got the string `p`"),
        (#"{"model":"m","#, "the body is not valid JSON"),
        ("{'a':1}", "the body is not valid JSON"),
        ("{\"a\":1\n \"b\"", "the body is not valid JSON"),
        ("{\"a\":nul}", "the body is not valid JSON"),
        ("{} x", "the body is not valid JSON"),
    ])
    func `a body that is no JSON object is described`(body: String, expected: String) {
        #expect(message(body) == expected)
    }

    @Test func `a hostile body is refused quickly`() {
        #expect(message(String(repeating: "[", count: 1 << 20)) == "the body is not valid JSON")
        #expect(message("{\"a\":\"\u{1}\"}") == "the body is not valid JSON")
    }

    @Test func `a body over 1 MiB is refused`() async throws {
        let folder = try TemporaryFolder()
        try await withServer(ServerSettings(stateFile: folder.path("q.sqlite3"))) { server in
            let body = String(repeating: " ", count: 1 << 20) + "{}"
            let declared = try await server.call("POST", JobsAPIPath.submit, body: body)
            #expect(declared.status == 413)
            #expect(declared.errorCode == "body_too_large")
            let fits = try await server.call("POST", JobsAPIPath.submit, body: String(body.dropFirst(2)))
            #expect(fits.status == 400)
        }
    }

    @Test func `every shape of JSON is told apart`() throws {
        let text = #" [1, -0, 1.0, 1e2, 0.5, true, false, null, "é", {"a": {"b": []}}] "#
        #expect(
            try WireJSON.decode(JSONValue.self, from: Data(text.utf8))
                == .array([
                    .integer(1), .integer(0), .integer(1), .integer(100), .number(0.5), .bool(true), .bool(false),
                    .null,
                    .string("é"), .object(["a": .object(["b": .array([])])]),
                ]))
    }
}
