import Foundation
import Testing

@testable import JobsAPI

struct RequestTests {
    @Test func `a request with every field is written with sorted keys`() throws {
        let request = SubmitRequest(
            model: "novelai/nai", prompt: "a \"fox\"", negativePrompt: "blurry", width: 1024, height: 768, steps: 28,
            cfgScale: 6.5, sampler: "euler", seed: .max)
        let json = String(decoding: try request.json(), as: UTF8.self)
        #expect(
            json == #"""
                {"cfg_scale":6.5,"height":768,"model":"novelai/nai","negative_prompt":"blurry","prompt":"a \"fox\"",\#
                "sampler":"euler","seed":9223372036854775807,"steps":28,"width":1024}
                """#)
    }

    @Test func `a field that is nil is not sent`() throws {
        let json = String(decoding: try SubmitRequest(model: "m", prompt: "p").json(), as: UTF8.self)
        #expect(json == #"{"model":"m","prompt":"p"}"#)
    }

    @Test func `a whole guidance scale is written without a fraction`() throws {
        let json = String(decoding: try SubmitRequest(model: "m", prompt: "p", cfgScale: 7).json(), as: UTF8.self)
        #expect(json == #"{"cfg_scale":7,"model":"m","prompt":"p"}"#)
    }

    @Test func `a request can be read back`() throws {
        let request = SubmitRequest(model: "m", prompt: "雪の夜 🦊", cfgScale: 0.1, seed: 7)
        #expect(try WireJSON.decode(SubmitRequest.self, from: request.json()) == request)
    }

    @Test func `a guidance scale that is no number is an error`() {
        #expect(throws: EncodingError.self) {
            try SubmitRequest(model: "m", prompt: "p", cfgScale: .nan).json()
        }
    }

    @Test(arguments: [
        ("job-12345abcde", "/jobs/job-12345abcde"), ("a/b", "/jobs/a%2Fb"), ("..", "/jobs/%2E%2E"), (".", "/jobs/%2E"),
        ("a.b", "/jobs/a.b"), ("a?b#c%d e", "/jobs/a%3Fb%23c%25d%20e"), ("é\n", "/jobs/%C3%A9%0A"),
    ])
    func `an id stays one segment of the path`(id: String, path: String) {
        #expect(JobsAPIPath.job(id) == path)
    }

    @Test func `a page is asked for by its limit and the job before it`() {
        #expect(JobsAPIPath.jobs(limit: 50) == "/jobs?limit=50")
        #expect(JobsAPIPath.jobs(limit: 1, after: "a&b") == "/jobs?limit=1&after=a%26b")
    }
}
