import Foundation
import Testing

/// Jobs that fail, vanish or never end at the API, and batches that are stopped for it.
struct JobFaultTests {
    @Test(arguments: ["fail_string", "fail_object"], [1, 2])
    func `a job that FAILS is tried as often as it may be, and why shows the API's words`(
        _ kind: String, _ attempts: Int
    ) async throws {
        let settings = #"{"job_by_prompt": {"bad": "\#(kind)"}}"#
        try await Trial.use(settings, ["fern", "bad one"], more: "retry: {attempts: \(attempts)}") { trial in
            let run = try await trial.run()
            #expect(run.exit == 3, "\(run)")
            try await trial.check()
            let job = try await trial.job("bad")
            #expect(job.error == JobLine.Failure(kind: "remote_failed", message: "worker out of memory"))
            #expect(job.attempts == attempts)
            let posts = try trial.server.ledger().posts.filter { $0.prompt == "bad one" }
            #expect(posts.count == attempts)
            // A new attempt is a new request, and not before the shortest pause.
            #expect(Set(posts.map(\.idempotency_key)).count == attempts)
            for (first, second) in zip(posts, posts.dropFirst()) { #expect(second.at - first.at >= 1) }
            #expect(try await trial.why("bad").output.contains("worker out of memory"))
        }
    }

    @Test func `a job that FAILS twice succeeds at the third attempt`() async throws {
        let settings = #"{"job_by_prompt": {"bad": ["fail_string", "fail_object"]}}"#
        try await Trial.use(settings, ["fern", "bad one"]) { trial in
            let run = try await trial.run()
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 2)
            #expect(try await trial.job("bad").attempts == 3)
        }
    }

    @Test func `a job that vanishes fails, and is never submitted anew by itself`() async throws {
        try await Trial.use(#"{"job_by_prompt": {"bad": ["vanish"]}}"#, ["fern", "bad one"]) { trial in
            // The API is given a minute to find it.
            let run = try await trial.run()
            #expect(run.exit == 3, "\(run)")
            #expect(try await trial.job("bad").error?.kind == "vanished")
            let again = try await trial.run()
            #expect(again.exit == 3, "\(again)")
            #expect(try trial.server.ledger().totals.submissions == 2)
        }
    }

    @Test func `a job past its time fails, and retry asks for the old one first`() async throws {
        let settings = #"{"job_by_prompt": {"slow": ["held"]}}"#
        try await Trial.use(settings, ["fern", "slow one"], more: "retry: {job_timeout: 2s}") { trial in
            let run = try await trial.run()
            #expect(run.exit == 3, "\(run)")
            #expect(try await trial.job("slow").error?.kind == "timeout")
            try trial.server.release()
            #expect(try await trial.bench.nightjar("retry", "batch").exit == 0)
            let next = try await trial.run()
            #expect(next.exit == 0, "\(next)")
            #expect(trial.count(try await trial.check(), "done") == 2)
            #expect(try trial.server.ledger().totals.submissions == 2)
        }
    }

    @Test func `a status that nobody has heard of is told, and taken for still running`() async throws {
        try await Trial.use(#"{"job": "unknown_status", "job_time": 1}"#, ["fern"]) { trial in
            let run = try await trial.run("--progress", "json")
            #expect(run.exit == 0, "\(run)")
            #expect(run.output.contains("`WARMING_UP`"), "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 1)
        }
    }

    @Test(arguments: ["drain", "hard"])
    func `a job that never ends does not hold up the time limit`(_ cutoff: String) async throws {
        try await Trial.use(#"{"job_by_prompt": {"slow": ["endless"]}}"#, ["fern", "slow one"]) { trial in
            let run = try await trial.run("--max-duration", "2s", "--cutoff", cutoff, "--drain-timeout", "1s")
            #expect(run.exit == 10, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "done") == 1)
            #expect(trial.count(jobs, "submitted") == 1)
        }
    }

    // MARK: Batches that are stopped

    @Test func `a batch of which most jobs fail is stopped`() async throws {
        try await Trial.use(#"{"job": "fail_string"}"#, prompts(60), more: "retry: {attempts: 1}") { trial in
            let run = try await trial.run("--fail-fast", "50", "--concurrency", "4")
            #expect(run.exit == 3, "\(run)")
            let jobs = try await trial.check()
            #expect((20...28).contains(trial.count(jobs, "failed")))
            #expect(trial.count(jobs, "pending") == 60 - trial.count(jobs, "failed"))
        }
    }

    @Test func `a pilot of which all fail stops the batch before the fourth job`() async throws {
        try await Trial.use(#"{"job": "fail_string"}"#, prompts(10), more: "retry: {attempts: 1}") { trial in
            let run = try await trial.run("--pilot", "3")
            #expect(run.exit == 3, "\(run)")
            #expect(try trial.server.ledger().totals.submissions == 3)
            #expect(trial.count(try await trial.check(), "pending") == 7)
        }
    }

    @Test func `a pilot of which one succeeds lets the others follow`() async throws {
        let settings = #"{"job_script": ["fail_string", "fail_object", "ok"]}"#
        try await Trial.use(settings, prompts(10), more: "retry: {attempts: 1}") { trial in
            let run = try await trial.run("--pilot", "3")
            #expect(run.exit == 3, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "done") == 8)
            #expect(trial.count(jobs, "failed") == 2)
        }
    }

    @Test func `a blank image is set apart, and another is made when a person asks for it`() async throws {
        let settings = #"{"download_by_prompt": {"blank": ["blank"]}}"#
        try await Trial.use(settings, ["fern", "a blank one"]) { trial in
            let run = try await trial.run()
            #expect(run.exit == 3, "\(run)")
            let job = try await trial.job("blank")
            #expect(job.state == "filtered")
            let files = trial.bench.files("output").filter { $0.hasSuffix(".png") }
            #expect(files.count { $0.hasPrefix(".nightjar/filtered/") } == 1, "\(files)")
            #expect(files.count == 2)
            let metadata = try trial.bench.read("output/batch/metadata.jsonl")
            #expect(metadata.split(separator: "\n").count == 1, "\(metadata)")
            #expect(!metadata.contains("a blank one"))
            let retry = try await trial.bench.nightjar("retry", "batch", "--job", job.key, "--resubmit")
            #expect(retry.exit == 0, "\(retry)")
            let next = try await trial.run()
            #expect(next.exit == 0, "\(next)")
            #expect(try await trial.job("blank").state == "done")
            #expect(try trial.server.ledger().totals.accepted == 3)
            #expect(try trial.bench.read("output/batch/metadata.jsonl").split(separator: "\n").count == 2)
        }
    }
}
