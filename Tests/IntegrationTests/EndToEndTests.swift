import Foundation
import Testing

struct EndToEndTests {
    @Test func `every image of a batch is on disk, hashed and described`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "50ms", "--workers", "4")
            let manifest = try bench.manifest((1...12).map { "lighthouse \($0)" })
            let run = try await bench.run(manifest, at: server.baseURL, "--rate", "100", "--output", "out")
            #expect(run.exit == 0, "\(run)")
            let jobs = try await bench.jobs("out")
            #expect(jobs.count == 12)
            for job in jobs {
                #expect(job.state == "done")
                let path = "out/" + (try #require(job.path))
                let sum = try await bench.shell("sha256sum < '\(path)' && stat -c %s '\(path)'")
                #expect(sum.output.split(whereSeparator: \.isWhitespace).first.map(String.init) == job.sha256)
                #expect(sum.output.split(whereSeparator: \.isNewline).last.flatMap { Int($0) } == job.bytes)
            }
            let lines = try bench.read("out/batch/metadata.jsonl").split(separator: "\n")
            let hashes = try lines.map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["sha256"]
                    as? String
            }
            #expect(Set(hashes) == Set(jobs.map(\.sha256)))
            #expect(lines.count == 12)
            let ledger = try server.ledger()
            #expect(ledger.jobs == 12)
            #expect(ledger.duplicates == 0)
        }
    }

    @Test func `a second run submits nothing, an added prompt one job, reordering none`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            let prompts = ["one", "two", "three"]
            func run(_ prompts: [String]) async throws -> Int {
                let run = try await bench.run(try bench.manifest(prompts), at: server.baseURL, "--rate", "100")
                #expect(run.exit == 0, "\(run)")
                return try server.ledger().requests.submit
            }
            #expect(try await run(prompts) == 3)
            let before = try await bench.jobs()
            #expect(try await run(prompts) == 3)
            #expect(try await run(["one", "two", "added", "three"]) == 4)
            #expect(try await run(["three", "added", "two", "one"]) == 4)
            let after = try await bench.jobs()
            #expect(after.count == 4)
            for job in before { #expect(after.contains(job)) }
        }
    }

    @Test func `a prompt removed before it was submitted is cancelled, and comes back when named again`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            func run(_ prompts: [String], _ limit: String) async throws -> Ending {
                try await bench.run(
                    try bench.manifest(prompts), at: server.baseURL, "--rate", "100", "--max-jobs", limit)
            }
            #expect(try await run(["one", "two"], "0").exit == 8)
            #expect(try await run(["one"], "9").exit == 0)
            let states = try await bench.jobs().map { "\($0.prompt) \($0.state)" }
            #expect(states == ["one done", "two cancelled"])
            #expect(try server.ledger().jobs == 1)
            #expect(try await run(["one", "two"], "9").exit == 0)
            #expect(try await bench.batch().done == 2)
        }
    }

    @Test func `a job that fails at the API is tried again, and its second attempt counts`() async throws {
        try await FakeAPI.use { request, api in
            request.isJob && request.name == "job-1" ? api.failed("job-1", "worker out of memory") : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"], more: "retry: {attempts: 2}")
                let run = try await bench.run(manifest, at: api.baseURL)
                #expect(run.exit == 0, "\(run)")
                let job = try #require(try await bench.jobs().first)
                #expect(job.state == "done")
                #expect(job.attempts == 2)
                #expect(job.job_id == "job-2")
                #expect(api.submissions.count == 2)
                let keys = Set(api.submissions.map { $0.headers["idempotency-key"] ?? "" })
                #expect(keys.count == 2, "each attempt has a key of its own")
            }
        }
    }
}
