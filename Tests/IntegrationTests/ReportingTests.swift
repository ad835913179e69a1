import Foundation
import Testing

/// What scripts read.
struct ReportingTests {
    private static let jobFields: Set = [
        "batch", "key", "index", "id", "state", "prompt", "model", "seed", "job_id", "attempts", "path", "sha256",
        "bytes", "width", "height", "error", "created_at", "updated_at",
    ]
    private static let batchFields: Set = [
        "name", "total", "pending", "submitting", "submitted", "ready", "unknown", "waiting", "done", "failed",
        "filtered", "cancelled", "paused", "eta_seconds", "requests", "rate_limited", "duplicates", "spent",
    ]
    private static let events: Set = [
        "started", "submitted", "ready", "done", "filtered", "failed", "unknown", "waiting", "gate", "progress",
        "finished",
    ]

    private func object(_ line: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func `progress as JSON begins with started, ends with finished, and has the promised fields`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "300ms")
            let manifest = try bench.manifest(["one", "tab \\t and \\\"quotes\\\"", "ünïcödé 🦉"])
            let run = try await bench.run(manifest, at: server.baseURL, "--progress", "json")
            #expect(run.exit == 0, "\(run)")
            let lines = try run.output.split(separator: "\n").map { try object($0) }
            for line in lines {
                #expect(line["time"] is String)
                #expect(line.keys.contains("batch"))
                #expect(Self.events.contains(line["event"] as? String ?? ""))
            }
            #expect(lines.first?["event"] as? String == "started")
            #expect(lines.last?["event"] as? String == "finished")
            #expect(lines.last?["exit"] as? Int == 0)
            for event in ["submitted", "ready", "done"] {
                #expect(lines.count { $0["event"] as? String == event } == 3)
            }
        }
    }

    @Test func `the reading commands work beside a run, and name every field`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "20s")
            let manifest = try bench.manifest(["one", "two", "three"])
            let run = try bench.startRun(manifest, at: server.baseURL, "--concurrency", "2")
            try await eventually("submissions") {
                try await bench.jobs("output", "--only", "submitted").count == 2 || !run.isRunning
            }
            let status = try await bench.nightjar("status", "--json")
            #expect(status.exit == 0, "\(status)")
            let reply = try object(status.output)
            #expect(reply["version"] as? Int == 1)
            let batch = try #require((reply["batches"] as? [[String: Any]])?.first)
            #expect(Self.batchFields.isSubset(of: batch.keys), "\(batch)")
            #expect(Set((batch["requests"] as? [String: Any] ?? [:]).keys) == ["submit", "get", "list", "download"])
            #expect(batch["submitted"] as? Int == 2)
            #expect(batch["pending"] as? Int == 1)
            let jobs = try await bench.nightjar("jobs", "--json")
            #expect(jobs.exit == 0, "\(jobs)")
            for line in jobs.output.split(separator: "\n") {
                let fields = try object(line).keys
                #expect(Self.jobFields.isSubset(of: fields), "\(line)")
            }
            #expect(run.isRunning)
        }
    }

    @Test func `without a state the reading commands are empty and make none`() async throws {
        try await Workbench.use { bench in
            for arguments in [["status"], ["status", "--json"], ["jobs"], ["jobs", "--json"], ["jobs", "batch"]] {
                let ending = try await bench.start(arguments).end()
                #expect(ending.exit == 0, "\(arguments): \(ending)")
            }
            #expect(try await bench.nightjar("jobs", "--json").output == "")
            let reply = try object(try await bench.nightjar("status", "--json").output)
            #expect((reply["batches"] as? [Any])?.isEmpty == true)
            #expect(bench.files("output").isEmpty)
        }
    }

    @Test func `a reader that goes away ends jobs quietly`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest((1...5000).map { "pebble number \($0)" })
            _ = try await bench.nightjar("run", manifest, "--max-jobs", "0", "--quiet")
            let script = "'\(NightjarProcess.binary)' jobs --json 2>errors | head -1; echo ${PIPESTATUS[0]}"
            let ending = try await bench.start(["-c", script], executable: "/bin/bash").end()
            let lines = ending.output.split(separator: "\n")
            #expect(lines.count == 2, "\(ending)")
            #expect(lines.last == "0")
            #expect(try bench.read("errors") == "")
        }
    }
}
