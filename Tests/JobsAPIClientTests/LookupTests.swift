import Foundation
import NightjarCore
import NightjarTestSupport
import Testing

@testable import JobsAPIClient

struct LookupTests {
    @Test(arguments: [
        ("job-12345abcde", "/v1/jobs/job-12345abcde"), ("a/b?c#d", "/v1/jobs/a%2Fb%3Fc%23d"), ("..", "/v1/jobs/%2E%2E"),
        (".", "/v1/jobs/%2E"), ("../../x", "/v1/jobs/..%2F..%2Fx"), ("é 漢", "/v1/jobs/%C3%A9%20%E6%BC%A2"),
        ("%2F", "/v1/jobs/%252F"), ("a\r\nb: c", "/v1/jobs/a%0D%0Ab%3A%20c"),
        ("a;b@c:d&e=f+g", "/v1/jobs/a%3Bb%40c%3Ad%26e%3Df%2Bg"),
        ("~_-.A9", "/v1/jobs/~_-.A9"), ("...", "/v1/jobs/..."), ("\u{0}", "/v1/jobs/%00"),
    ])
    func `an id stays one segment of the path`(id: String, target: String) async throws {
        let server = ScriptedServer(answering: { _ in reply("200 OK", [], #"{"id":"x","status":"QUEUED"}"#) })
        try await withClient(server.url + "/v1") { client in
            let job = try await client.job(RemoteJobID(id))
            #expect(job == RemoteJob(id: RemoteJobID("x"), status: .queued))
        }
        let sent = try #require(server.requests.first)
        #expect(sent.method == "GET")
        #expect(sent.target == target)
        #expect(sent.header("authorization") == "Bearer \(testKey)")
        #expect(sent.header("cache-control") == "no-cache")
        #expect(sent.header("idempotency-key") == nil)
        #expect(sent.body.isEmpty)
    }

    @Test func `the list is asked for by limit, fresh`() async throws {
        let list = #"{"jobs":[{"id":"b","status":"PROCESSING","created_at":"x"},{"id":"a","status":"QUEUED"}]}"#
        let headers = ["Date: Sun, 06 Nov 1994 08:49:37 GMT", "age: 12"]
        let server = ScriptedServer(answering: { _ in reply("200 OK", headers, list) })
        try await withClient(server.url) { client in
            let list = try await client.jobs(after: nil)
            #expect(list.rows.map(\.id.rawValue) == ["b", "a"])
            #expect(list.rows.map(\.status) == [.processing, .queued])
            #expect(list.hasMore == nil)
            #expect(list.date == WallTime(milliseconds: 784_111_777_000))
            #expect(list.age == .seconds(12))
            _ = try await client.jobs(after: RemoteJobID("a&b/c"))
        }
        #expect(server.requests.map(\.target) == ["/jobs?limit=1000", "/jobs?limit=1000&after=a%26b%2Fc"])
        #expect(server.requests.first?.header("cache-control") == "no-cache")
    }

    @Test func `no answer is unavailable, told without the key`() async throws {
        let closing = ScriptedServer { _ = $0.read() }
        let silent = ScriptedServer {
            _ = $0.read()
            $0.waitForClose()
        }
        let urls = [
            (closing.url, "the connection was closed before the answer was whole"), (silent.url, "no answer in time"),
            ("http://127.0.0.1:\(ScriptedServer.closedPort())", "connection refused"),
        ]
        for (url, words) in urls {
            try await withClient(url, timeout: url == silent.url ? shortTimeout : .seconds(20)) { client in
                await #expect(throws: RequestFailure.unavailable(words)) { try await client.job(RemoteJobID("j")) }
                await #expect(throws: RequestFailure.unavailable(words)) { try await client.jobs(after: nil) }
            }
        }
        #expect(closing.requests.count == 2)
        #expect(closing.connections == 2)
    }

    @Test func `a redirect is not followed, and the key not carried on`() async throws {
        let target = ScriptedServer(answering: { _ in reply("200 OK", [], #"{"jobs":[]}"#) })
        let server = ScriptedServer(answering: { [url = target.url] _ in reply("302 Found", ["Location: \(url)/jobs"]) }
        )
        try await withClient(server.url) { client in
            await #expect(throws: RequestFailure.unavailable("the API answered 302")) {
                try await client.jobs(after: nil)
            }
        }
        #expect(target.connections == 0)
    }

    @Test func `statuses and words are read off the wire`() async throws {
        let server = ScriptedServer(answering: { request in
            switch request.target {
            case "/jobs/gone": reply("404 Not Found")
            case "/jobs/busy": reply("429 Too Many Requests", ["retry-after: 2"])
            case "/jobs/key": reply("403 Forbidden", [], #"{"error":"\#(testKey)"}"#)
            default: reply("500 Oops", [], "<html>")
            }
        })
        try await withClient(server.url) { client in
            await #expect(throws: RequestFailure.notFound) { try await client.job(RemoteJobID("gone")) }
            await #expect(throws: RequestFailure.throttled(RetryAfter(.seconds(2)))) {
                try await client.job(RemoteJobID("busy"))
            }
            let refused = AccountTrouble(.forbidden, "the API answered 403: [key]")
            await #expect(throws: RequestFailure.refused(refused)) { try await client.job(RemoteJobID("key")) }
            await #expect(throws: RequestFailure.unavailable("the API answered 500")) {
                try await client.job(RemoteJobID("x"))
            }
        }
    }
}
