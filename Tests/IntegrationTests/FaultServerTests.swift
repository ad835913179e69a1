import Foundation
import Testing

/// The helper itself: what a test tells the fault server arrives, and what it asks for is told.
struct FaultServerTests {
    @Test func `a fault server is told its faults and tells its ledger`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.faultServer(#"{"job_time": 0}"#)
            try server.configure(#"{"post_script": ["throttled"], "retry_after_seconds": 0.1}"#)
            #expect(throws: FaultServer.Refused.self) { try server.configure(#"{"post": "no such kind"}"#) }
            let manifest = try bench.manifest(["one", "two"])
            let run = try await bench.run(manifest, at: server.baseURL, "--min-free", "0")
            #expect(run.exit == 0, "\(run)")
            let ledger = try server.ledger()
            #expect(ledger.totals.submissions == 3)
            #expect(ledger.totals.billed == 2)
            #expect(ledger.totals.duplicates == 0)
            #expect(ledger.jobs.allSatisfy { $0.billed && $0.status == "COMPLETED" })
            #expect(ledger.posts.filter { $0.job_id == nil }.map(\.fault) == ["throttled"])
            #expect(try server.faults()["post.throttled"] == 1)
        }
    }
}
