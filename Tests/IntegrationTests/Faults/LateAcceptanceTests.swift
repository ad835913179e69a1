import Foundation
import Testing

/// An API that accepts later than `--settle` allows for: the promise is broken, and what that cost is shown.
struct LateAcceptanceTests {
    @Test func `an image paid for twice is found, counted and kept beside the first, which is not touched`()
        async throws
    {
        let settings = #"""
            {"post_by_prompt": {"lost": ["late_acceptance"]}, "late_seconds": 12, "job_time": 0.2,
             "job_by_prompt": {"slow": ["held"]}}
            """#
        try await Trial.use(settings, prompts(4) + ["lost one", "slow one"]) { trial in
            // One job keeps the run alive until the late one has shown.
            let run = try trial.start(["--unknown-wait", "10s"])
            try await eventually("the image") {
                try await trial.bench.jobs("output", "--only", "done").contains { $0.prompt == "lost one" }
                    || !run.isRunning
            }
            let first = try await trial.job("lost")
            let path = trial.bench.path("output/\(first.path ?? "")")
            let image = try #require(FileManager.default.contents(atPath: path))
            #expect(try trial.server.ledger().totals.duplicates_accepted == 0)
            let kept = { trial.bench.files("output/.nightjar/duplicates").filter { $0.hasSuffix(".png") } }
            try await eventually("the second image", within: 85) { !kept().isEmpty || !run.isRunning }
            try trial.server.release()
            let ending = try await run.end()
            #expect(ending.exit == 0, "\(ending)")
            try await trial.check(duplicates: 1)
            #expect(try await trial.bench.batch().duplicates == 1)
            #expect(FileManager.default.contents(atPath: path) == image)
            #expect(try await trial.job("lost") == first)
            #expect(kept().count == 1)
            let second = FileManager.default.contents(
                atPath: trial.bench.path("output/.nightjar/duplicates/\(kept()[0])"))
            #expect(second != image)
        }
    }

    @Test func `an image paid for twice after the run has ended is found by the next one`() async throws {
        let settings = #"{"post_by_prompt": {"lost": ["late_acceptance"]}, "late_seconds": 14, "job_time": 0.1}"#
        try await Trial.use(settings, prompts(3) + ["lost one"]) { trial in
            #expect(try await trial.start(["--unknown-wait", "10s"]).end().exit == 0)
            #expect(try await trial.bench.batch().duplicates == 0)
            try await eventually("the late acceptance", within: 60) {
                try trial.server.ledger().totals.duplicates == 1
            }
            #expect(try await trial.start([]).end().exit == 0)
            try await trial.check(duplicates: 1)
            #expect(try await trial.bench.batch().duplicates == 1)
            #expect(trial.bench.files("output/.nightjar/duplicates").filter { $0.hasSuffix(".png") }.count == 1)
        }
    }
}
