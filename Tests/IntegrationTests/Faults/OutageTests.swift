import Foundation
import Testing

/// An API that keeps failing: when a run gives it up, and how little it is asked meanwhile.
struct OutageTests {
    @Test(arguments: ["500_before", "close_before"])
    func `submissions that fail for ever end the run, though all else is answered`(_ kind: String) async throws {
        let settings = #"{"post_script": ["ok", "ok", "ok"], "post": "\#(kind)", "job_time": 0.2}"#
        try await Trial.use(settings, prompts(30)) { trial in
            let run = try await trial.run("--give-up-after", "5s", "--concurrency", "4")
            #expect(run.exit == 69, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "done") == 3)
            // Four were out at one time; after that one probe at a time, less and less often.
            let posts = try trial.server.ledger().totals.submissions
            #expect(posts <= 15, "\(posts)")
            #expect(trial.count(jobs, "pending") >= 15)
        }
    }

    @Test func `refused connections are 69, and no job is lost by them`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(prompts(3))
            let (socket, port) = try Socket.listening()
            socket.close()
            let run = try await bench.run(
                manifest, at: "http://127.0.0.1:\(port)/v1", "--give-up-after", "2s", "--min-free", "0")
            #expect(run.exit == 69, "\(run)")
            let batch = try await bench.batch()
            #expect(batch.pending == 3)
            #expect(batch.unknown == 0)
        }
    }

    @Test func `an API that is gone after losing an answer is 69, not 9`() async throws {
        try await Trial.use(#"{"post_by_prompt": {"lost": ["close_after"]}, "job": "endless"}"#, ["lost one", "fern"]) {
            trial in
            let run = try trial.start(["--give-up-after", "3s", "--unknown-wait", "2s"])
            try await eventually("a lost answer") {
                try trial.server.ledger().totals.submissions == 2 || !run.isRunning
            }
            trial.server.process.send(SIGKILL)
            let ending = try await run.end()
            #expect(ending.exit == 69, "\(ending)")
            let batch = try await trial.bench.batch()
            #expect(batch.unknown == 1)
            #expect(batch.submitted == 1)
        }
    }

    @Test func `an outage that ends is outlived`() async throws {
        try await Trial.use(#"{"job_time": 0.2}"#, prompts(12)) { trial in
            try trial.server.configure(#"{"get": "500", "list": "500", "post": "503_before"}"#)
            let run = try trial.start(["--concurrency", "4", "--unknown-wait", "30s"])
            try await eventually("failures") {
                try trial.server.faults()["post.503_before"] ?? 0 >= 2 || !run.isRunning
            }
            try trial.server.configure(#"{"get": "ok", "list": "honest", "post": "ok"}"#)
            let ending = try await run.end()
            #expect(ending.exit == 0, "\(ending)")
            #expect(trial.count(try await trial.check(), "done") == 12)
        }
    }
}
