import Foundation
import JobsAPI
import NightjarTestSupport
import Testing

@testable import JobsAPIServer

struct AccessTests {
    private let folder: TemporaryFolder
    private let settings: ServerSettings

    init() throws {
        folder = try TemporaryFolder()
        let keys = try folder.write("# keys\n\n  sk-first  \nsk-second\n", to: "keys")
        settings = ServerSettings(stateFile: folder.path("q.sqlite3"), keyFile: keys)
    }

    @Test(arguments: [
        "", "Bearer ", "Bearer sk-third", "Basic sk-first", "Bearer sk-firs", "sk-first", "Bearer # keys",
    ])
    func `who has no key is turned away, and told how to come in`(authorization: String) async throws {
        try await withServer(settings) { server in
            let headers = authorization.isEmpty ? [:] : ["Authorization": authorization]
            for (method, path) in [("POST", "/jobs/images"), ("GET", "/jobs"), ("GET", "/jobs/x"), ("GET", "/models")] {
                let reply = try await server.call(method, path, headers: headers, body: method == "POST" ? "{" : nil)
                #expect(reply.status == 401)
                #expect(reply.headers["www-authenticate"] == #"Bearer realm="jobs""#)
                #expect(reply.errorCode == (authorization.isEmpty ? "missing_api_key" : "invalid_api_key"))
                #expect(!reply.text.contains("sk-"))
            }
            let requests = try #require(try await server.ledger()["requests"] as? [String: Int])
            #expect(requests["refused"] == 4)
        }
    }

    @Test func `a job belongs to the key that made it`() async throws {
        try await withServer(settings, key: "sk-first") { first in
            var second = first
            second.key = "sk-second"
            let id = try await first.submit("mine")
            let other = try await second.submit("yours")
            #expect(try await first.job(id).id == id)
            let hidden = try await second.call("GET", JobsAPIPath.job(id))
            #expect(hidden.status == 404)
            #expect(hidden.errorCode == "job_not_found")
            #expect(try await first.list().jobs.map(\.id) == [id])
            #expect(try await second.list().jobs.map(\.id) == [other])
            #expect(try await second.call("GET", "/jobs?after=\(id)").status == 400)
            let perKey = try #require(try await first.ledger()["jobs_per_key"] as? [String: Int])
            #expect(perKey.values.sorted() == [1, 1])
            #expect(perKey.keys.allSatisfy { $0.count == 12 })
        }
    }

    @Test func `the state holds no key`() async throws {
        try await withServer(settings, key: "sk-first") { server in
            _ = try await server.ended(try await server.submit("p"))
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasPrefix("q.") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path(name)))
            #expect(bytes.range(of: Data("sk-first".utf8)) == nil)
        }
    }

    @Test func `the same submission under one idempotency key is one job`() async throws {
        try await withServer(settings, key: "sk-first") { server in
            let headers = ["Idempotency-Key": "try-1"]
            let id = try await server.submit("p", seed: 1, headers: headers)
            #expect(try await server.submit("p", seed: 1, headers: headers) == id)
            #expect(try await server.submit("p", seed: 1, headers: ["Idempotency-Key": "try-2"]) != id)
            #expect(try await server.submit("p", seed: 1) != id)
            let clash = try await server.call(
                "POST", JobsAPIPath.submit, headers: headers, body: #"{"model":"m","prompt":"other"}"#)
            #expect(clash.status == 409)
            #expect(clash.text.contains(#""type":"idempotency_error""#))
            var second = server
            second.key = "sk-second"
            #expect(try await second.submit("other", headers: headers) != id)
            let empty = try await server.call(
                "POST", JobsAPIPath.submit, headers: ["Idempotency-Key": String(repeating: "k", count: 256)],
                body: #"{"model":"m","prompt":"p"}"#)
            #expect(empty.status == 400)
        }
    }

    @Test func `an idempotency key used at the same moment makes one job`() async throws {
        try await withServer(settings, key: "sk-first") { server in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await server.submit("p", headers: ["Idempotency-Key": "k"]) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
        }
    }

    @Test func `an idempotency key is known after a restart`() async throws {
        let headers = ["Idempotency-Key": "k"]
        let first = try await withServer(settings, key: "sk-first") { try await $0.submit("p", headers: headers) }
        let second = try await withServer(settings, key: "sk-first") { try await $0.submit("p", headers: headers) }
        #expect(first == second)
    }

    @Test func `more requests than the rate are refused, for each key by itself`() async throws {
        var settings = settings
        settings.rate = 3
        try await withServer(settings, key: "sk-first") { first in
            var second = first
            second.key = "sk-second"
            let started = ContinuousClock.now
            for _ in 0..<3 { #expect(try await first.call("GET", "/jobs").status == 200) }
            let refused = try await first.call("GET", "/models")
            #expect(try await second.call("GET", "/models").status == 200)
            // A machine that takes a second for four requests has let the window pass.
            guard ContinuousClock.now - started < .seconds(1) else { return }
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] == "1")
            #expect(refused.errorCode == "rate_limit_exceeded")
            #expect(try await first.probe.send("GET", "/api/cdn/images/x.png").status == 404)
            try await Task.sleep(until: started + .seconds(2), clock: .continuous)
            #expect(try await first.call("GET", "/jobs").status == 200)
        }
    }

    @Test func `a host that others can reach needs a key file`() throws {
        var settings = settings
        settings.keyFile = nil
        settings.host = "0.0.0.0"
        #expect(throws: ServerError.keyFileNeeded(host: "0.0.0.0")) { try server(settings) }
        for host in ["127.0.0.1", "127.0.0.2", "localhost", "::1"] {
            settings.host = host
            #expect(throws: Never.self) { try server(settings) }
        }
    }

    @Test func `a key file without a key cannot be used`() throws {
        var settings = settings
        settings.keyFile = try folder.write("# nothing\n\n", to: "empty")
        #expect(throws: ServerError.self) { try server(settings) }
        settings.keyFile = folder.path("missing")
        #expect(throws: ServerError.self) { try server(settings) }
    }

    private func server(_ settings: ServerSettings) throws {
        _ = try JobsAPIServer(settings, logger: silentLogger) { _ in }
    }
}
