import Foundation
import Testing

/// A run that submits nothing although jobs are left says why.
struct StandstillTests {
    /// The first answer is lost with its job not accepted, and no list tells that.
    private static let settings = #"{"post_script": ["close_before"], "list": "empty+plain"}"#

    /// Starts a run that comes to a standstill, and ends it.
    /// - Parameter whileItStands: After the words have appeared.
    private func stands(
        _ words: [String], more: String = "", _ options: String..., location: SourceLocation = #_sourceLocation,
        whileItStands: (Trial) async throws -> Void = { _ in }
    ) async throws {
        try await Trial.use(Self.settings, prompts(3), more: more) { trial in
            let run = try trial.start(options)
            let printed = { run.output + run.errors }
            try await eventually("a word on why it waits") {
                words.allSatisfy(printed().contains) || !run.isRunning
            }
            #expect(run.isRunning, "\(printed())", sourceLocation: location)
            try await whileItStands(trial)
            run.send(SIGTERM)
            #expect(try await run.end().exit == 143, sourceLocation: location)
            #expect(try trial.server.ledger().totals.submissions == 1, sourceLocation: location)
        }
    }

    @Test func `jobs of the model and seed of a lost one, and why tells it too`() async throws {
        try await stands(
            ["waiting: what is left of batch has the model and seed of a submission whose answer was lost"],
            more: "seeds: [1]", "--unknown-wait", "10m"
        ) { trial in
            let jobs = try await trial.bench.jobs()
            let lost = try #require(jobs.first { $0.state == "unknown" })
            let waits = try #require(jobs.first { $0.state == "pending" })
            let why = try await trial.bench.nightjar("why", waits.key)
            #expect(why.output.contains("held up"), "\(why)")
            #expect(
                why.output.contains("the answer to `\(lost.key.prefix(12))`, of its model and seed, was lost"), "\(why)"
            )
            let line = try await trial.bench.nightjar("why", waits.key, "--json")
            #expect(line.output.contains(#""held_up_by":{"key":"\#(lost.key)""#), "\(line)")
        }
    }

    @Test func `a job that a person wants submitted again`() async throws {
        try await stands(
            ["waiting: what is left of batch has the model and seed"], more: "seeds: [1]", "--unknown-wait", "10m"
        ) { trial in
            let lost = try #require(try await trial.bench.jobs().first { $0.state == "unknown" })
            let retry = try await trial.bench.nightjar("retry", "batch", "--job", lost.key, "--resubmit")
            #expect(retry.exit == 0, "\(retry)")
            try await eventually("the decision") {
                try await trial.bench.jobs().contains { $0.key == lost.key && $0.state == "pending" }
            }
            let why = try await trial.bench.nightjar("why", lost.key)
            #expect(why.output.contains("the answer to its own submission before was lost"), "\(why)")
        }
    }

    @Test func `a batch's own concurrency, taken by lost ones`() async throws {
        try await stands(
            ["waiting: all slots of batch are taken by 1 job whose answer was lost"],
            more: "limits: {concurrency: 1}")
    }

    @Test func `the run's concurrency, taken by lost ones`() async throws {
        try await stands(
            ["waiting: all slots are taken by 1 job whose answer was lost"], "--concurrency", "1")
    }

    @Test func `a pilot whose answers were lost`() async throws {
        try await stands(
            ["waiting: the first jobs of batch go alone (`--pilot 1`), and are 1 job whose answer was lost"], "--pilot",
            "1")
    }
}
