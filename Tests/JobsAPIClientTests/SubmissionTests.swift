import Foundation
import Glibc
import NightjarCore
import NightjarTestSupport
import Testing

@testable import JobsAPIClient

private let accepted = reply("200 OK", ["Content-Type: application/json"], #"{"id":"job-1","status":"QUEUED"}"#)

struct SubmissionTests {
    /// The answer to one submission, and how many requests and connections the server saw.
    private func submit(
        timeout: Duration = .seconds(20), _ script: @escaping @Sendable (Connection) -> Void
    ) async throws -> (answer: SubmissionAnswer, requests: Int, connections: Int) {
        let server = ScriptedServer(script)
        let answer = try await withClient(server.url, timeout: timeout) { client in
            await client.submit(request(), idempotencyKey: "key-1")
        }
        return (answer, server.requests.count, server.connections)
    }

    @Test func `one request is sent, with all that it needs`() async throws {
        let server = ScriptedServer { _ in accepted }
        try await withClient(server.url + "/api/v1") { client in
            let whole = ImageRequest(
                prompt: "a \"fox\"\n/ück",
                parameters: .init(
                    model: "novelai/nai-4", negativePrompt: "blurry", width: 512, height: 768, steps: 20,
                    cfgScale: 7.5, sampler: "euler"), seed: .max)
            #expect(await client.submit(whole, idempotencyKey: "k/1+2=") == .accepted(RemoteJobID("job-1")))
        }
        let sent = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(sent.method == "POST")
        #expect(sent.target == "/api/v1/jobs/images")
        #expect(sent.header("authorization") == "Bearer \(testKey)")
        #expect(sent.header("idempotency-key") == "k/1+2=")
        #expect(sent.header("content-type") == "application/json")
        #expect(sent.header("accept") == "application/json")
        #expect(sent.header("user-agent") == "nightjar")
        #expect(sent.header("content-length") == "\(sent.body.count)")
        #expect(sent.header("transfer-encoding") == nil)
        #expect(Set(sent.headers.map(\.name)).count == sent.headers.count)
        let json = #"""
            {"cfg_scale":7.5,"height":768,"model":"novelai/nai-4","negative_prompt":"blurry","prompt":"a \"fox\"\n/ück",\#
            "sampler":"euler","seed":9223372036854775807,"steps":20,"width":512}
            """#
        #expect(String(decoding: sent.body, as: UTF8.self) == json)
    }

    @Test func `equal requests have equal bodies, and what is not asked for is not sent`() async throws {
        let server = ScriptedServer { _ in accepted }
        try await withClient(server.url, key: nil) { client in
            for _ in 1...3 { _ = await client.submit(request(seed: nil), idempotencyKey: "k") }
        }
        #expect(
            server.requests.map { String(decoding: $0.body, as: UTF8.self) }
                == Array(repeating: #"{"model":"m","prompt":"a fox"}"#, count: 3))
        #expect(server.requests.allSatisfy { $0.header("authorization") == nil })
    }

    @Test func `without an idempotency key none is sent, and no answer is about it`() async throws {
        let server = ScriptedServer { connection in
            while connection.read() != nil {
                connection.send(reply("422 No", [], #"{"error":"Idempotency-Key is not known"}"#))
            }
        }
        try await withClient(server.url) { client in
            let words = "the API answered 422: Idempotency-Key is not known"
            #expect(await client.submit(request(), idempotencyKey: "k") == .keyRefused(words))
            #expect(await client.submit(request(), idempotencyKey: nil) == .rejected(words))
        }
        #expect(server.requests.map { $0.header("idempotency-key") } == ["k", nil])
    }

    @Test func `a long prompt arrives whole`() async throws {
        let server = ScriptedServer { _ in accepted }
        let prompt = String(repeating: "fox ", count: 250_000)
        try await withClient(server.url) { client in
            #expect(await client.submit(request(prompt), idempotencyKey: "k") == .accepted(RemoteJobID("job-1")))
        }
        #expect(server.requests.first.map { $0.body.count > prompt.utf8.count } == true)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan])
    func `a number that JSON cannot hold is rejected here`(cfgScale: Double) async throws {
        let server = ScriptedServer { _ in accepted }
        let odd = ImageRequest(prompt: "a fox", parameters: .init(model: "m", cfgScale: cfgScale), seed: 1)
        try await withClient(server.url) { client in
            #expect(await client.submit(odd, idempotencyKey: "k").isRejected)
        }
        #expect(server.requests.isEmpty)
    }

    // MARK: Never sent

    @Test(arguments: ["127.0.0.1", "localhost", "[::1]"])
    func `a refused connection was never sent`(host: String) async throws {
        let port = ScriptedServer.closedPort()
        let answer = try await withClient("http://\(host):\(port)") { await $0.submit(request(), idempotencyKey: "k") }
        guard case .notSent(let words) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(words.contains("refused") || words.contains("cannot assign"), "\(words)")
    }

    @Test func `an unknown host was never sent`() async throws {
        let answer = try await withClient("http://nonexistent.invalid") {
            await $0.submit(request(), idempotencyKey: "k")
        }
        #expect(answer.isNotSent)
    }

    @Test func `an address without a route was never sent`() async throws {
        // Of the block for documentation: no answer, no route, or no permission, as the machine has it.
        let answer = try await withClient("http://192.0.2.1:9", timeout: .milliseconds(300)) {
            await $0.submit(request(), idempotencyKey: "k")
        }
        #expect(answer.isNotSent)
    }

    @Test func `a TLS session that does not come about was never sent`() async throws {
        let plain = ScriptedServer {
            $0.send("HTTP/1.1 400 Bad Request\r\n\r\n"); $0.waitForClose()
        }
        let closing = ScriptedServer { _ in }
        let resetting = ScriptedServer { $0.resetOnClose() }
        let silent = ScriptedServer { $0.waitForClose() }
        for server in [plain, closing, resetting, silent] {
            let answer = try await withClient("https://127.0.0.1:\(server.port)", timeout: .milliseconds(500)) {
                await $0.submit(request(), idempotencyKey: "k")
            }
            #expect(answer.isNotSent, "\(answer)")
        }
    }

    @Test func `a submission that waits in vain for a connection was never sent`() async throws {
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.waitForClose()
        }
        var settings = ClientSettings(baseURL: server.url, key: nil, timeout: .seconds(1))
        settings.connections = 1
        let client = try JobsAPIClient(settings)
        let answers = await withTaskGroup { group in
            for number in 1...5 { group.addTask { await client.submit(request(), idempotencyKey: "\(number)") } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        await client.shutdown()
        // Each that reached the server is lost; the others say so.
        #expect(answers.count { $0.isLost } >= server.requests.count)
        #expect(answers.allSatisfy { $0.isLost || $0.isNotSent })
        #expect(answers.contains { $0.isNotSent })
    }

    // MARK: Lost

    @Test func `closed before the request is read: lost`() async throws {
        #expect(try await submit { _ in }.answer.isLost)
    }

    @Test func `closed after the request was read: lost, and not repeated`() async throws {
        let outcome = try await submit { _ = $0.read() }
        #expect(outcome.answer == .lost(Loss(.closed, "the connection was closed before the answer was whole")))
        #expect(outcome.requests == 1 && outcome.connections == 1)
    }

    @Test func `reset after the request was read: lost, and not repeated`() async throws {
        let outcome = try await submit {
            _ = $0.read()
            $0.resetOnClose()
        }
        #expect(outcome.answer.lossKind == .closed)
        #expect(outcome.requests == 1 && outcome.connections == 1)
    }

    @Test(arguments: [
        "H", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\":\"job-1\"}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n{\"id\":\"job-1\"}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\"id\":\"job-1\"}\r\n0\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "\u{0}\u{1}\u{2}", "{\"id\":\"job-1\"}",
        "HTTP/1.1 200 OK\r\n\r\n{\"id\":\"job-", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 99999 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 14\r\n\r\n{\"id\":\"job-1\"}",
    ])
    func `an answer that breaks off or is none: lost, and not repeated`(text: String) async throws {
        let outcome = try await submit { connection in
            _ = connection.read()
            connection.send(text)
        }
        #expect(outcome.answer.isLost)
        #expect(outcome.requests == 1 && outcome.connections == 1)
    }

    @Test func `an answer that ends with the connection is whole`() async throws {
        let outcome = try await submit { connection in
            _ = connection.read()
            connection.send("HTTP/1.0 200 OK\r\n\r\n{\"id\":\"job-1\"}")
        }
        #expect(outcome.answer == .accepted(RemoteJobID("job-1")))
    }

    @Test func `an interim answer is passed over`() async throws {
        let outcome = try await submit { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + accepted)
            connection.waitForClose()
        }
        #expect(outcome.answer == .accepted(RemoteJobID("job-1")))
    }

    @Test func `silence: lost after the timeout, and the connection reset`() async throws {
        let (ends, continuation) = AsyncStream.makeStream(of: CInt.self)
        let begin = ContinuousClock.now
        let outcome = try await submit(timeout: shortTimeout) { connection in
            _ = connection.read()
            continuation.yield(connection.waitForClose())
        }
        #expect(outcome.answer == .lost(Loss(.silent, "no answer in time")))
        #expect(ContinuousClock.now - begin >= shortTimeout)
        #expect(outcome.requests == 1 && outcome.connections == 1)
        #expect(await ends.first { _ in true } == ECONNRESET)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
    ])
    func `an answer that drips is bounded by four times the timeout`(start: String) async throws {
        let begin = ContinuousClock.now
        let outcome = try await submit(timeout: shortTimeout) { connection in
            _ = connection.read()
            connection.send(start)
            connection.drip(start.isEmpty ? 0x0D : 0x20, every: 50_000)
        }
        #expect(outcome.answer.isLost)
        #expect(ContinuousClock.now - begin < .seconds(60))
    }

    @Test(arguments: [true, false])
    func `an answer of 17 MB is not read to its end`(isAnnounced: Bool) async throws {
        let outcome = try await submit { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 200 OK\r\n" + (isAnnounced ? "Content-Length: \(17 << 20)\r\n\r\n" : "\r\n"))
            connection.send(Data(repeating: 0x20, count: 17 << 20))
        }
        #expect(outcome.answer == .lost(Loss(.unreadable, "the answer is too long")))
    }

    @Test(arguments: ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"])
    func `a redirect is not followed`(status: String) async throws {
        let target = ScriptedServer { _ in accepted }
        let outcome = try await submit { [url = target.url] connection in
            _ = connection.read()
            connection.send(reply(status, ["Location: \(url)/jobs/images"]))
            connection.waitForClose()
        }
        #expect(outcome.answer.isLost)
        #expect(outcome.requests == 1)
        #expect(target.connections == 0)
    }

    // MARK: Answers

    @Test func `a refusal is read with its words, without the key`() async throws {
        let body = #"{"error":{"message":"key \#(testKey) has no credit"}}"#
        let outcome = try await submit { connection in
            _ = connection.read()
            connection.send(reply("402 Payment Required", [], body))
            connection.waitForClose()
        }
        let trouble = AccountTrouble(.paymentRequired, "the API answered 402: key [key] has no credit")
        #expect(outcome.answer == .refused(trouble))
    }

    @Test func `a 429 is measured on the server's own clock`() async throws {
        let outcome = try await submit { connection in
            _ = connection.read()
            connection.send(
                reply(
                    "429 Too Many Requests",
                    ["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT"]))
            connection.waitForClose()
        }
        #expect(outcome.answer == .throttled(RetryAfter(.seconds(10))))
    }

    @Test func `an answer before the request was read counts`() async throws {
        let outcome = try await submit { connection in
            connection.send(reply("401 Unauthorized", ["Connection: close"]))
            _ = connection.read()
            connection.waitForClose()
        }
        #expect(
            outcome.answer == .refused(AccountTrouble(.keyRefused, "the API answered 401")) || outcome.answer.isLost)
    }
}
