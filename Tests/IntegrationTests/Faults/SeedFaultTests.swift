import Foundation
import Testing

/// What the API says of seeds, and what can be recognised by that.
struct SeedFaultTests {
    private static let lost =
        #""post_by_prompt": {"lost": ["close_after"], "gone": ["close_before"]}, "job_time": 0.2"#
    private static let asked = prompts(8) + ["lost one", "gone one"]

    @Test(arguments: ["exact", "clip32", "clip31", "double", "string", "float", "signed32"])
    func `a seed that is told in some way that keeps it is recognised`(_ kind: String) async throws {
        try await Trial.use("{\(Self.lost), \"seed_echo\": \"\(kind)\"}", Self.asked) { trial in
            let run = try await trial.run()
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 10)
        }
    }

    @Test(arguments: ["absent", "negative", "other"])
    func `where seeds are not told, what may be ours is held`(_ kind: String) async throws {
        try await Trial.use("{\(Self.lost), \"seed_echo\": \"\(kind)\"}", Self.asked) { trial in
            let run = try await trial.run()
            #expect(run.exit == 9, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "done") == 8)
            #expect(trial.count(jobs, "unknown") == 2)
            #expect(try await trial.why("lost").output.contains("seeds not comparable"))
            #expect(try trial.server.ledger().totals.submissions == 10)
        }
    }

    /// `prompts` with a seed of their own above 2³², no two alike in their low bits.
    private static func large(_ trial: Trial) throws {
        let list = asked.enumerated().map { place, prompt in
            "  - {prompt: \"\(prompt)\", seed: \((1 << 40) + 7_919 * (place + 1))}\n"
        }
        try trial.bench.write(
            """
            version: 1
            name: batch
            defaults: {model: test/picture, width: 64, height: 64}
            prompts:
            \(list.joined())
            """, to: "batch.yaml")
    }

    @Test(arguments: [("exact", true), ("string", true), ("float", true), ("double", true), ("clip32", false)])
    func `long seeds are taken for ours when told whole, and never for another's`(
        _ kind: String, _ isDecided: Bool
    ) async throws {
        try await Trial.use("{\(Self.lost), \"seed_echo\": \"\(kind)\"}", ["one"]) { trial in
            try Self.large(trial)
            let run = try await trial.run()
            let jobs = try await trial.check()
            #expect(run.exit == (isDecided ? 0 : 9), "\(run)")
            #expect(trial.count(jobs, "done") >= 8)
        }
    }

    @Test func `one seed for many prompts never gives a prompt another's image`() async throws {
        let settings = #"{"post_by_prompt": {"lost": ["close_after", "502_after", "reset_after"]}, "job_time": 0.2}"#
        let asked = (0..<12).map { $0 % 4 == 1 ? "lost \($0)" : "fern \($0)" }
        try await Trial.use(settings, asked, more: "seeds: [1]") { trial in
            let run = try await trial.run()
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 12)
        }
    }

    @Test func `a seed of the server's leaves it to a person, who adopts`() async throws {
        try await Trial.use("{\(Self.lost)}", ["one"]) { trial in
            try trial.bench.write(
                """
                version: 1
                name: batch
                defaults: {model: test/picture, width: 64, height: 64, seed: server}
                prompts: [fern, lost one]
                """, to: "batch.yaml")
            let run = try await trial.run()
            #expect(run.exit == 9, "\(run)")
            let job = try await trial.job("lost")
            let own = try #require(try trial.server.ledger().jobs.first { $0.prompt == "lost one" })
            let why = try await trial.why("lost")
            #expect(why.output.contains("`seed: server` leaves nothing to recognise it by"), "\(why)")
            #expect(why.output.contains(own.id), "\(why)")
            let adopted = try await trial.bench.nightjar("retry", "batch", "--job", job.key, "--adopt", own.id)
            #expect(adopted.exit == 0, "\(adopted)")
            let last = try await trial.run()
            #expect(last.exit == 0, "\(last)")
            #expect(trial.count(try await trial.check(), "done") == 2)
            #expect(try trial.server.ledger().totals.submissions == 2)
        }
    }
}
