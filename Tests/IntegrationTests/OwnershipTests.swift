import Foundation
import Testing

/// What belongs to whom: a state to one API, an output folder to one run, a batch's folder to the batch.
@Suite(.timeLimit(.minutes(3)))
struct OwnershipTests {
    @Test func `a rehearsal and a real run never share a state`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"])
                let rehearsal = try await bench.nightjar("run", "--rehearse", manifest)
                #expect(rehearsal.exit == 0, "\(rehearsal)")
                let real = try await bench.run(manifest, at: api.baseURL, "--output", "rehearsal")
                #expect(real.exit == 78, "\(real)")
                #expect(real.errors.contains("belongs to a rehearsal"))
                #expect(try await bench.run(manifest, at: api.baseURL).exit == 0)
                let again = try await bench.nightjar("run", "--rehearse", manifest, "--output", "output")
                #expect(again.exit == 78, "\(again)")
                #expect(api.submissions.count == 1)
            }
        }
    }

    @Test func `another API is refused while jobs are at the first, and taken when they are home`() async throws {
        try await Workbench.use { bench in
            let slow = try await bench.server("--job-time", "3s")
            try await FakeAPI.use { other in
                let manifest = try bench.manifest(["one"])
                let cut = try await bench.run(
                    manifest, at: slow.baseURL, "--max-duration", "1s", "--cutoff", "hard")
                #expect(cut.exit == 10, "\(cut)")
                let refused = try await bench.run(manifest, at: other.baseURL)
                #expect(refused.exit == 78, "\(refused)")
                #expect(refused.errors.contains(slow.baseURL))
                #expect(other.requests.isEmpty)
                #expect(try await bench.run(manifest, at: slow.baseURL).exit == 0)
                #expect(try await bench.run(manifest, at: other.baseURL).exit == 0)
            }
        }
    }

    @Test func `two runs never write to one output folder, whatever their states`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "60s")
            let manifest = try bench.manifest(["one"])
            let first = try bench.startRun(manifest, at: server.baseURL, "--state", "first/s.sqlite3")
            try await eventually("the first run has submitted") { try server.ledger().jobs == 1 }
            let second = try await bench.run(manifest, at: server.baseURL, "--state", "second/s.sqlite3")
            #expect(second.exit == 11, "\(second)")
            #expect(second.errors.contains("\(first.pid)"))
            try await first.killed()
        }
    }

    @Test(arguments: ["file", "link"])
    func `a batch whose folder cannot be written is not paid for`(_ kind: String) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two"])
                if kind == "file" {
                    try bench.write("mine", to: "output/batch")
                } else {
                    try bench.write("mine", to: "elsewhere/file")
                    try bench.write("mine", to: "output/file")
                    try FileManager.default.createSymbolicLink(
                        atPath: bench.path("output/batch"), withDestinationPath: bench.path("elsewhere"))
                }
                let run = try await bench.run(manifest, at: api.baseURL)
                #expect(run.exit == 73, "\(run)")
                #expect(api.submissions.isEmpty)
                #expect(bench.files("elsewhere").count == (kind == "file" ? 0 : 1))
            }
        }
    }

    @Test func `a key that someone wrote into the configuration is not shown`() async throws {
        try await Workbench.use { bench in
            try bench.write("concurrency: 2\napi_key: sk-night-77\n", to: "c.yaml")
            let run = try await bench.nightjar("run", try bench.manifest(["one"]), "--config", "c.yaml")
            #expect(run.exit == 78)
            #expect(!run.errors.contains("sk-night-77"))
            #expect(run.errors.contains("api_key_file"))
        }
    }

    @Test func `output that cannot be written is an error, a reader that has gone is none`() async throws {
        try await Workbench.use { bench in
            let rehearsal = try await bench.nightjar("run", "--rehearse", try bench.manifest(["one"]))
            #expect(rehearsal.exit == 0, "\(rehearsal)")
            let full = try await bench.shell("'\(NightjarProcess.binary)' jobs --output rehearsal > /dev/full")
            #expect(full.exit == 73, "\(full)")
        }
    }
}
