import Foundation
import Testing

/// `nightjar why` and what `status` says of held jobs.
struct WhyTests {
    private static let quick: [String: String?] = [
        "NIGHTJAR_SETTLE": "1s", "NIGHTJAR_UNKNOWN_WAIT": "1s", "NIGHTJAR_PILOT": "0",
    ]

    @Test func `a held job is explained by why, and by status`() async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission ? .hangUp : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["a moth at night"])
                let run = try await bench.run(
                    manifest, at: api.baseURL, "--output", "night", environment: Self.quick)
                #expect(run.exit == 9, "\(run)")
                let job = try #require(try await bench.jobs("night").first)
                let why = try await bench.nightjar("why", String(job.key.prefix(8)), "--output", "night")
                #expect(why.exit == 0, "\(why)")
                #expect(why.output.hasPrefix("\(job.key.prefix(12)) of batch: unknown\n"), "\(why)")
                for words in ["a moth at night", "submission 1", "the answer was lost", "held ", "settles it"] {
                    #expect(why.output.contains(words), "\(why)")
                }
                let key = job.key.prefix(12)
                #expect(
                    why.output.contains("nightjar retry batch --job \(key) --resubmit --output night\n"), "\(why)")
                #expect(!why.output.contains("\u{1B}"))
                let status = try await bench.nightjar("status", "--output", "night")
                #expect(status.output.contains("held in batch"), "\(status)")
                #expect(status.output.contains("nightjar why KEY --output night"), "\(status)")
                let line = try await bench.nightjar("why", job.key, "--json", "--output", "night")
                let object = try JSONSerialization.jsonObject(with: Data(line.output.utf8)) as? [String: Any]
                let submission = try #require((object?["submissions"] as? [[String: Any]])?.first)
                #expect(submission["open"] as? Bool == true)
                #expect((submission["loss"] as? [String: Any])?["kind"] as? String == "closed")
            }
        }
    }

    @Test func `a done job is found by its id at the API, beside a run and after it`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let run = try await bench.run(try bench.manifest(["one"]), at: server.baseURL, "--rate", "50")
            #expect(run.exit == 0, "\(run)")
            let job = try #require(try await bench.jobs().first)
            let why = try await bench.nightjar("why", try #require(job.job_id), environment: ["SERIKA_API_KEY": nil])
            #expect(why.exit == 0, "\(why)")
            #expect(why.output.contains("output/\(job.path ?? "-")\n"), "\(why)")
            #expect(why.output.contains(job.sha256 ?? "-"), "\(why)")
        }
    }

    @Test func `without a state it is empty`() async throws {
        try await Workbench.use { bench in
            let why = try await bench.nightjar("why", "hero")
            #expect(why.exit == 0, "\(why)")
            #expect(bench.files("output").isEmpty)
        }
    }
}
