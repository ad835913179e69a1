import Foundation
import Testing

/// Keys and accounts that are refused, and 429.
struct AccountFaultTests {
    @Test(arguments: [(401, Int32(13), false), (402, 12, true), (403, 13, true)])
    func `a refused submission stops the queue, and the run after that is put right finishes it`(
        _ status: Int, _ code: Int32, _ comesHome: Bool
    ) async throws {
        let settings = #"{"post_script": ["ok", "ok", "ok", "ok"], "post": "\#(status)", "job_time": 1}"#
        try await Trial.use(settings, prompts(20)) { trial in
            let run = try await trial.run("--concurrency", "5")
            #expect(run.exit == code, "\(run)")
            #expect(run.errors.contains("refused with \(status)"), "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, comesHome ? "done" : "submitted") == 4)
            #expect(trial.count(jobs, "pending") == 16)
            #expect(jobs.filter { $0.state == "pending" }.allSatisfy { $0.attempts == 0 && $0.error == nil })
            #expect(try trial.server.ledger().totals.submissions == 5)
            try trial.server.configure(#"{"post": "ok"}"#)
            let next = try await trial.run()
            #expect(next.exit == 0, "\(next)")
            #expect(trial.count(try await trial.check(), "done") == 20)
            #expect(try trial.server.ledger().totals.accepted == 20)
        }
    }

    @Test(arguments: [(401, Int32(13)), (403, 13)])
    func `a key that is refused while jobs run sends nothing more, and loses none of them`(
        _ status: Int, _ code: Int32
    ) async throws {
        try await Trial.use(#"{"job": "held"}"#, prompts(6)) { trial in
            let run = try trial.start(["--concurrency", "2", "--rate", "20"])
            try await eventually("two jobs at the API") {
                try trial.server.ledger().totals.accepted == 2 || !run.isRunning
            }
            try trial.server.configure(#"{"account": "\#(status)"}"#)
            let ending = try await run.end()
            #expect(ending.exit == code, "\(ending)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "submitted") == 2)
            #expect(trial.count(jobs, "pending") == 4)
            // At most what was out at that moment.
            #expect(try (1...3).contains(trial.server.faults()["account.\(status)"] ?? 0))
            try trial.server.configure(#"{"account": "ok", "job": "ok"}"#)
            try trial.server.release()
            let next = try await trial.run()
            #expect(next.exit == 0, "\(next)")
            #expect(trial.count(try await trial.check(), "done") == 6)
            #expect(try trial.server.ledger().totals.accepted == 6)
        }
    }

    @Test(arguments: ["seconds", "date", "absent", "negative", "past", "garbage"])
    func `a 429 is waited for, whatever it says of when to come back, and burns no attempt`(
        _ kind: String
    ) async throws {
        let settings = #"{"post_script": ["ok", "throttled"], "retry_after": "\#(kind)"}"#
        try await Trial.use(settings, prompts(4), more: "retry: {attempts: 1}") { trial in
            let run = try await trial.run()
            #expect(run.exit == 0, "\(run)")
            let jobs = try await trial.check()
            #expect(jobs.allSatisfy { $0.state == "done" && $0.attempts == 1 })
            let batch = try await trial.bench.batch()
            #expect(batch.rate_limited == 1)
            #expect(batch.requests.submit == 5)
            let posts = try trial.server.ledger().posts
            let refused = try #require(posts.first { $0.fault == "throttled" })
            // `Retry-After` may be a date in whole seconds, of which a part has passed.
            #expect(posts.allSatisfy { $0.at < refused.at + 0.5 || $0.at >= refused.at + (kind == "date" ? 0 : 1) })
        }
    }

    @Test func `an absurd Retry-After is announced, sends nothing, and can be interrupted`() async throws {
        try await Trial.use(#"{"post": "throttled", "retry_after": "absurd"}"#, prompts(4)) { trial in
            let run = try trial.start(["--progress", "json"])
            try await eventually("the announcement") { run.output.contains("(429)") || !run.isRunning }
            let requests = try trial.server.ledger().totals.requests
            run.send(SIGTERM)
            let ending = try await run.end(within: 20)
            #expect(ending.exit == 143, "\(ending)")
            #expect(try trial.server.ledger().totals.requests == requests)
            #expect(trial.count(try await trial.check(), "pending") == 4)
        }
    }
}
