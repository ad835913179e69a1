import Foundation
import JobsAPI
import NightjarTestSupport
import Testing

@testable import JobsAPIServer

struct LedgerTests {
    private let folder: TemporaryFolder
    private let settings: ServerSettings

    init() throws {
        folder = try TemporaryFolder()
        settings = ServerSettings(stateFile: folder.path("q.sqlite3"))
    }

    @Test func `the ledger counts what was billed, failed and paid twice`() async throws {
        try await withServer(settings) { server in
            let first = try await server.submit("fox", seed: 7)
            let second = try await server.submit("fox", seed: 7)
            for (prompt, seed, model) in [
                ("fox", 8, "m"), ("owl", 7, "m"), ("fox", nil, "m"), ("fox", nil, "m"), ("fox", 9, "test/fail"),
                ("fox", 9, "test/fail"),
            ] as [(String, Int64?, String)] {
                _ = try await server.ended(try await server.submit(prompt, seed: seed, model: model))
            }
            _ = try await server.ended(first)
            _ = try await server.ended(second)
            let ledger = try await server.ledger()
            #expect(ledger["jobs"] as? Int == 8)
            #expect(ledger["billed"] as? Int == 6)
            #expect(ledger["failed"] as? Int == 2)
            #expect(ledger["unfinished"] as? Int == 0)
            #expect(ledger["jobs_per_key"] as? [String: Int] == ["anonymous": 8])
            #expect(ledger["duplicates"] as? Int == 1)
            let groups = try #require(ledger["duplicate_groups"] as? [[String: Any]])
            #expect(groups.count == 1)
            #expect(groups.first?["ids"] as? [String] == [first, second])
            #expect(groups.first?["seed"] as? Int == 7)
            #expect(groups.first?["prompt"] as? String == "fox")
        }
    }

    @Test func `the ledger counts requests by kind`() async throws {
        try await withServer(settings) { server in
            let id = try await server.submit("p")
            _ = try await server.call("GET", JobsAPIPath.job(id))
            _ = try await server.call("GET", "/jobs")
            _ = try await server.call("GET", "/jobs")
            _ = try await server.call("GET", "/models")
            _ = try await server.probe.send("GET", "/api/cdn/images/x.png")
            let ledger = try await server.ledger()
            #expect(
                ledger["requests"] as? [String: Int]
                    == ["submit": 1, "get": 1, "list": 2, "models": 1, "images": 1, "refused": 0])
            let busiest = try #require(ledger["max_requests_per_second"] as? Int)
            #expect((1...5).contains(busiest))
        }
    }

    @Test func `the most unfinished jobs at one time are remembered`() async throws {
        var settings = settings
        settings.jobTime = .milliseconds(200)
        try await withServer(settings) { server in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<6 { group.addTask { try await server.submit("\(number)") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for id in ids { _ = try await server.ended(id) }
            let ledger = try await server.ledger()
            #expect(ledger["unfinished"] as? Int == 0)
            #expect((5...6).contains(ledger["max_unfinished"] as? Int ?? 0))
        }
    }

    @Test func `the ledger is not for those who come through a proxy`() async throws {
        try await withServer(settings) { server in
            let reply = try await server.probe.send("GET", "/ledger", headers: ["X-Forwarded-For": "203.0.113.9"])
            #expect(reply.status == 404)
        }
    }

    @Test func `a sliding second forgets what is a second old`() {
        var window = SlidingSecond()
        let start = ContinuousClock.now
        var most = 0
        // 0, 100, … 4900 ms: ten of them lie within any second.
        for step in 0..<50 {
            let now = start + .milliseconds(step * 100)
            window.advance(to: now)
            window.add(now)
            most = max(most, window.count)
        }
        #expect(most == 10)
        window.advance(to: start + .seconds(60))
        #expect(window.count == 0)
        #expect(window.oldest == nil)
    }

    @Test func `the busiest second is found across whole seconds`() {
        let tally = RequestTally()
        for _ in 0..<300 { tally.arrived(.get) }
        tally.arrived(.images)
        #expect(tally.totals.counts.get == 300)
        #expect(tally.totals.mostPerSecond <= 300)
        #expect(tally.totals.mostPerSecond > 0)
    }
}
