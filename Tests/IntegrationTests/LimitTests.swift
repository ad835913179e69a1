import Foundation
import Testing

/// Limits as the server measures them.
struct LimitTests {
    @Test func `a thousand jobs never exceed the concurrency or the rate`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "16", "--job-time", "50ms")
            let manifest = try bench.manifest((1...1000).map { "leaf \($0)" })
            let run = try bench.startRun(
                manifest, at: server.baseURL, "--concurrency", "8", "--rate", "200", "--progress", "none")
            let ending = try await run.end(within: 180)
            #expect(ending.exit == 0, "\(ending)")
            let ledger = try server.ledger()
            #expect(ledger.jobs == 1000)
            #expect(ledger.duplicates == 0)
            #expect(ledger.max_unfinished <= 8)
            #expect(ledger.max_requests_per_second <= 200)
        }
    }

    @Test func `a low rate is kept, also by a run that follows a killed one at once`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "8")
            let manifest = try bench.manifest((1...30).map { "stone \($0)" })
            // An answer that a kill loses is waited for as long as it could still come, so these times are short.
            let options = [
                "run", manifest, "--base-url", server.baseURL, "--concurrency", "40", "--rate", "20", "--timeout", "2s",
                "--settle", "2s",
            ]
            for wanted in [5, 15] {
                let run = try bench.start(options)
                try await eventually("submissions") { try server.ledger().jobs >= wanted || !run.isRunning }
                try await run.killed()
            }
            let last = try await bench.start(options).end()
            #expect(last.exit == 0, "\(last)")
            let ledger = try server.ledger()
            #expect(ledger.jobs == 30)
            #expect(ledger.duplicates == 0)
            #expect(ledger.max_requests_per_second <= 20)
        }
    }

    @Test func `a batch's own limits are kept beside the operator's`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "8", "--job-time", "200ms")
            let manifest = try bench.manifest(
                (1...12).map { "reed \($0)" }, more: "limits: {concurrency: 2, rate: 10/s}")
            let run = try await bench.run(manifest, at: server.baseURL, "--rate", "100")
            #expect(run.exit == 0, "\(run)")
            let ledger = try server.ledger()
            #expect(ledger.max_unfinished <= 2)
            #expect(ledger.max_requests_per_second <= 10)
        }
    }
}
