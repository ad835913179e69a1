import Foundation
import NightjarTestSupport
import Testing

/// Kills without warning: afterwards every job is accounted for, and none is paid for twice.
struct CrashTests {
    /// Room for every job whose answer a kill may lose, and a rate at which a batch outlives a few of them.
    private static let options = ["--concurrency", "200", "--rate", "10", "--quiet"]

    /// Settings of the reconciler that suit an API on this machine. What a kill cuts off counts as silent for four times the
    /// timeout.
    private static let quick: [String: String?] = [
        "NIGHTJAR_TIMEOUT": "2s", "NIGHTJAR_SETTLE": "2s", "NIGHTJAR_UNKNOWN_WAIT": "5s",
    ]

    @Test func `a run killed ten times at random moments loses nothing and pays for nothing twice`() async throws {
        var random = SeededGenerator()
        print(random)
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "8", "--job-time", "100ms")
            let manifest = try bench.manifest((1...40).map { "moth \($0)" })
            for _ in 1...10 {
                let run = try start(bench, manifest, server)
                // The moment itself is what is tried here; nothing is waited for.
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...2500, using: &random)))
                try await run.killed()
            }
            let last = try await start(bench, manifest, server).end()
            try await expectNothingLost(last, total: 40, bench, server, "\(random)")
        }
    }

    @Test func `a run goes on when the server is killed and comes back`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4", "--job-time", "300ms")
            let manifest = try bench.manifest((1...40).map { "owl \($0)" })
            let run = try start(bench, manifest, server)
            try await eventually("some finished jobs") { try server.ledger().jobs >= 10 }
            try await server.process.killed()
            try await eventually("the run to notice") { run.output.contains(#""event":"gate""#) }
            let again = try await bench.server("--workers", "4", "--job-time", "300ms", port: server.port)
            try await expectNothingLost(try await run.end(), total: 40, bench, again)
        }
    }

    @Test func `two runs killed at the same jobs leave no half written file`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "8")
            let manifest = try bench.manifest((1...30).map { "bat \($0)" })
            for wanted in [5, 12] {
                let run = try start(bench, manifest, server)
                try await eventually("images") { self.images(bench).count >= wanted || !run.isRunning }
                try await run.killed()
            }
            let last = try await start(bench, manifest, server).end()
            try await expectNothingLost(last, total: 30, bench, server)
        }
    }

    // MARK: Parts

    private func start(_ bench: Workbench, _ manifest: String, _ server: JobsServer) throws -> NightjarProcess {
        try bench.start(
            ["run", manifest, "--base-url", server.baseURL, "--progress", "json"] + Self.options,
            environment: Self.quick)
    }

    private func images(_ bench: Workbench) -> [String] {
        bench.files("output").filter { $0.hasSuffix(".png") }
    }

    /// Every job is done, or held because a kill lost its answer; the API has been asked for no more.
    private func expectNothingLost(
        _ last: Ending, total: Int, _ bench: Workbench, _ server: JobsServer, _ note: Comment = ""
    ) async throws {
        let batch = try await bench.batch()
        let ledger = try server.ledger()
        #expect(batch.done + batch.unknown == total, note)
        #expect(last.exit == (batch.unknown == 0 ? 0 : 9), "\(last)")
        #expect(ledger.duplicates == 0, note)
        #expect(ledger.failed == 0, note)
        #expect(ledger.jobs >= batch.done && ledger.jobs <= batch.done + batch.unknown, note)
        let files = bench.files("output")
        let remains = files.filter { path in
            let name = path.split(separator: "/").last ?? ""
            return name.hasSuffix(".part") || name.hasSuffix(".tmp") || name.hasPrefix(".nightjar-")
        }
        #expect(remains == [], note)
        #expect(images(bench).count == batch.done, note)
        for job in try await bench.jobs() where job.state == "done" {
            let sum = try await bench.shell("sha256sum < 'output/\(job.path ?? "")'")
            #expect(sum.output.hasPrefix(job.sha256 ?? "-"), note)
        }
        if batch.done > 0 {
            #expect(try bench.read("output/batch/metadata.jsonl").split(separator: "\n").count == batch.done, note)
        }
    }
}
