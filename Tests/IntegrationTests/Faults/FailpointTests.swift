import Foundation
import NightjarCore
import Testing

/// Killed right after any durable step, a run loses nothing, pays for nothing twice and leaves nothing half done.
@Suite(
    .enabled(if: ProcessInfo.processInfo.environment["NIGHTJAR_BINARY"] == nil, "failpoints are in debug builds only"))
struct FailpointTests {
    private static let quick: [String: String?] = [
        "NIGHTJAR_TIMEOUT": "1s", "NIGHTJAR_SETTLE": "1s", "NIGHTJAR_UNKNOWN_WAIT": "20s", "NIGHTJAR_PILOT": "0",
        "NIGHTJAR_MIN_FREE": "0",
    ]

    @Test(arguments: Failpoint.allCases.flatMap(FailpointScenario.all))
    func `a run killed at a failpoint is brought to its end by the next`(_ scenario: FailpointScenario) async throws {
        try await Workbench.use { bench in
            let server = try await bench.faultServer(scenario.settings)
            let manifest = try bench.manifest(
                (1...scenario.prompts).map { "moth \($0)" }, more: "output: {sidecar: [json, txt]}\n\(scenario.more)")
            for kill in scenario.kills {
                let run = try start(bench, manifest, server, ["NIGHTJAR_FAILPOINT": kill])
                if scenario.decides { try await decide(bench, run) }
                let ending = try await run.end(within: 60)
                try #require(ending.signal == SIGKILL, "\(kill) was not reached: \(ending)")
                if scenario.duplicates > 0 {
                    try await eventually("the late acceptance") {
                        try server.ledger().totals.accepted == scenario.prompts + scenario.duplicates
                    }
                }
            }
            try server.release()
            let last = try await start(bench, manifest, server).end()
            #expect(last.exit == scenario.exit, "\(last)")
            let totals = try server.ledger().totals
            let done = scenario.prompts - scenario.failed
            #expect(totals.billed == done + scenario.duplicates, "\(last)")
            #expect(totals.duplicates == scenario.duplicates)
            #expect(totals.duplicates_accepted == scenario.duplicates)
            try await bench.expectWhole(done: done, failed: scenario.failed, duplicates: scenario.duplicates)
        }
    }

    /// Jobs with an `id` have the same seeds in every state.
    @Test func `an older image of another state is not taken for a lost one`()
        async throws
    {
        try await Workbench.use { bench in
            let server = try await bench.faultServer(#"{"job_time": 0.1}"#)
            func run(_ word: String, _ more: [String: String?] = [:]) async throws -> Ending {
                let prompts = (1...12).map { "  - {id: p\($0), prompt: \(word) \($0)}\n" }.joined()
                let manifest = try bench.write(
                    "version: 1\nname: batch\ndefaults: {model: m, width: 64, height: 64}\nprompts:\n\(prompts)",
                    to: "\(word).yaml")
                return try await bench.startRun(
                    manifest, at: server.baseURL, "--rate", "50", "--output", word,
                    environment: Self.quick.merging(more) { _, new in new }
                ).end(within: 60)
            }
            #expect(try await run("old").exit == 0)
            let cut = try await run("new", ["NIGHTJAR_FAILPOINT": "claimed"])
            try #require(cut.signal == SIGKILL, "\(cut)")
            let last = try await run("new")
            #expect(last.exit == 0, "\(last)")
            let totals = try server.ledger().totals
            #expect(totals.billed == 24 && totals.duplicates == 0, "\(totals)")
            func ids(_ output: String) async throws -> [String?] {
                try await bench.nightjar("jobs", "--json", "--output", output).output.split(separator: "\n")
                    .map { try JobLine($0).job_id }
            }
            let (old, new) = (try await ids("old"), try await ids("new"))
            #expect(old.count == 12 && new.count == 12 && Set(old).isDisjoint(with: new))
        }
    }

    private func start(
        _ bench: Workbench, _ manifest: String, _ server: FaultServer, _ more: [String: String?] = [:]
    ) throws -> NightjarProcess {
        try bench.startRun(
            manifest, at: server.baseURL, "--rate", "50", "--progress", "json",
            environment: Self.quick.merging(more) { _, new in new })
    }

    /// A person takes up again what has failed.
    private func decide(_ bench: Workbench, _ run: NightjarProcess) async throws {
        try await eventually("a failure") { run.output.contains(#""event":"failed""#) || !run.isRunning }
        let retry = try await bench.nightjar("retry", "batch")
        #expect(retry.exit == 0, "\(retry)")
    }
}
