import Foundation
import Testing

/// What APIs make of `Idempotency-Key`, and candidates that FAILED.
struct IdempotencyTests {
    private static let lost =
        #""post_by_prompt": {"lost": ["close_after"], "gone": ["close_before"]}, "job_time": 0.2"#
    private static let asked = prompts(4) + ["lost one", "gone one"]

    @Test(arguments: ["ignored", "honoured", "merge"])
    func `a job that was shown absent is sent again under the same key`(_ mode: String) async throws {
        try await Trial.use("{\(Self.lost), \"idempotency\": \"\(mode)\"}", Self.asked) { trial in
            let run = try await trial.run()
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 6)
            let posts = try trial.server.ledger().posts
            #expect(posts.count == 7)
            #expect(posts.allSatisfy { $0.idempotency_key != nil })
            #expect(Set(posts.filter { $0.prompt == "gone one" }.map(\.idempotency_key)).count == 1)
            #expect(Set(posts.map(\.idempotency_key)).count == 6)
        }
    }

    @Test func `a header that is refused is left out, by later runs too`() async throws {
        try await Trial.use(#"{"idempotency": "refused", "job_time": 0.1}"#, prompts(6)) { trial in
            let run = try await trial.run("--concurrency", "1")
            #expect(run.exit == 0, "\(run)")
            let posts = try trial.server.ledger().posts
            #expect(posts.count { $0.idempotency_key != nil } == 1)
            #expect(posts.count == 7)
            let more = try trial.bench.manifest(prompts(8))
            #expect(more == trial.manifest)
            #expect(try await trial.run().exit == 0)
            #expect(try trial.server.ledger().posts.dropFirst(7).map(\.idempotency_key) == [nil, nil])
            #expect(trial.count(try await trial.check(), "done") == 8)
        }
    }

    @Test func `a repeated request that the API knows is held, and never sent a third time`() async throws {
        try await Trial.use("{\(Self.lost), \"idempotency\": \"known\"}", Self.asked) { trial in
            let run = try await trial.run()
            #expect(run.exit == 9, "\(run)")
            let jobs = try await trial.check()
            #expect(jobs.filter { $0.state == "unknown" }.map(\.prompt) == ["gone one"])
            #expect(try await trial.why("gone").output.contains("key known"))
            #expect(try await trial.run().exit == 9)
            #expect(try trial.server.ledger().posts.count { $0.prompt == "gone one" } == 2)
        }
    }

    @Test func `an API that merges equal requests and tells another's id does not give it away twice`() async throws {
        let settings = #"{"post_by_prompt": {"shared": ["other_id"]}, "post_script": ["ok"], "job_time": 0.1}"#
        try await Trial.use(settings, ["fern", "shared one"]) { trial in
            // One after the other: the id of the first is known when the second is answered.
            let run = try await trial.run("--concurrency", "1")
            #expect(run.exit == 9, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "done") == 1)
            #expect(try await trial.why("shared").output.contains("shared id"))
        }
    }

    // MARK: FAILED candidates

    @Test func `a candidate that FAILED uses up the only attempt`() async throws {
        let settings = #"{"post_by_prompt": {"lost": ["close_after"]}, "job_by_prompt": {"lost": ["fail_string"]}}"#
        try await Trial.use(settings, prompts(4) + ["lost one"], more: "retry: {attempts: 1}") { trial in
            let run = try await trial.run()
            #expect(run.exit == 3, "\(run)")
            try await trial.check()
            let job = try await trial.job("lost")
            #expect(job.state == "failed")
            #expect(job.error?.kind == "remote_failed")
            #expect(job.error?.message.contains("nothing was billed") == true)
            #expect(try trial.server.ledger().posts.count == 5)
        }
    }

    @Test func `a candidate that FAILED uses up one of three attempts, and a lost one after it another`() async throws {
        let settings = #"""
            {"post_by_prompt": {"lost": ["close_after", "close_after"]},
             "job_by_prompt": {"lost": ["fail_string", "fail_object"]}, "job_time": 0.1}
            """#
        try await Trial.use(settings, prompts(4) + ["lost one"], more: "retry: {attempts: 3}") { trial in
            let run = try await trial.run()
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 5)
            #expect(try await trial.job("lost").attempts == 3)
            #expect(try trial.server.ledger().posts.count { $0.prompt == "lost one" } == 3)
        }
    }
}
