import Foundation
import Testing

/// `nightjar plan`: nothing is sent, nothing is written, and a run then does what it said.
struct PlanTests {
    private static let noKey: [String: String?] = ["SERIKA_API_KEY": nil, "NIGHTJAR_PILOT": "0"]

    private struct Line: Decodable {
        var batch: String
        var key: String
        var index: Int
        var id: String?
        var change: String
        var state: String
        var prompt: String
        var model: String
        var seed: Int?
        var path: String
    }

    private func lines(_ ending: Ending) throws -> [Line] {
        try ending.output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    /// Names, times and content of everything below the bench's folder.
    private func listing(_ bench: Workbench) async throws -> String {
        try await bench.shell("find . -printf '%P %y %s %T@\\n' | sort; find . -type f | sort | xargs sha256sum").output
    }

    private func yaml(_ entries: [String]) -> String {
        """
        version: 1
        name: batch
        defaults: {model: test/picture, width: 64, height: 64}
        prompts:
        \(entries.map { "  - \($0)\n" }.joined())
        """
    }

    @Test func `without a state everything is new, and nothing at all is written`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(["one", "two", "three"])
            let before = try await listing(bench)
            let plan = try await bench.nightjar("plan", manifest, environment: Self.noKey)
            #expect(plan.exit == 0, "\(plan)")
            #expect(plan.errors.isEmpty, "\(plan)")
            #expect(plan.output.contains("jobs       3 new\n"), "\(plan)")
            #expect(plan.output.contains("to submit  3 images: test/picture\n"), "\(plan)")
            let json = try await bench.nightjar("plan", "--json", manifest, environment: Self.noKey)
            #expect(json.exit == 0 && json.errors.isEmpty, "\(json)")
            #expect(try lines(json).map(\.change) == ["new", "new", "new"])
            #expect(try await listing(bench) == before)
        }
    }

    @Test func `what is new, done, changed and removed is counted against the state, which is not touched`()
        async throws
    {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.write(
                    yaml(["one", "two", "{id: hero, prompt: three}", "four"]), to: "batch.yaml")
                let run = try await bench.run(manifest, at: api.baseURL, environment: ["NIGHTJAR_PILOT": "0"])
                #expect(run.exit == 0, "\(run)")
                try bench.write(yaml(["one", "two", "{id: hero, prompt: another}", "five", "six"]), to: "batch.yaml")
                let before = try await listing(bench)
                let options = ["plan", "--base-url", api.baseURL, manifest]
                let plan = try await bench.start(options, environment: Self.noKey).end()
                #expect(plan.exit == 0, "\(plan)")
                #expect(plan.output.contains("5: 2 new, 2 done, 1 changed\n"), "\(plan)")
                #expect(plan.output.contains("besides 1 removed"), "\(plan)")
                #expect(plan.output.contains("--changed redo"), "\(plan)")
                #expect(plan.output.contains("to submit  2 images: test/picture\n"), "\(plan)")
                #expect(plan.output.contains("by the images of this state"), "\(plan)")
                let redo = try await bench.start(options + ["--changed", "redo"], environment: Self.noKey).end()
                #expect(redo.output.contains("to submit  3 images: test/picture\n"), "\(redo)")
                let json = try await bench.start(options + ["--json"], environment: Self.noKey).end()
                let jobs = try lines(json)
                #expect(
                    jobs.sorted { $0.index < $1.index }.map(\.change) == [
                        "done", "done", "changed", "removed", "new", "new",
                    ])
                #expect(jobs.first { $0.index == 0 }?.path.hasSuffix(".png") == true)
                #expect(try await listing(bench) == before)
                // Again with the manifest as the state knows it.
                let next = try await bench.run(manifest, at: api.baseURL, environment: ["NIGHTJAR_PILOT": "0"])
                #expect(next.exit == 0, "\(next)")
                #expect(api.submissions.count == 6)
                let last = try await bench.start(options, environment: Self.noKey).end()
                #expect(last.output.contains("to submit  nothing\n"), "\(last)")
            }
        }
    }

    @Test func `a plan refuses what a run could not write, and makes nothing`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(["one"])
            try bench.write("", to: "file")
            for options in [["--output", "file"], ["--output", "file/x/y"], ["--state", "file/s.sqlite3"]] {
                let plan = try await bench.start(["plan", manifest] + options, environment: Self.noKey).end()
                #expect(plan.exit == 73, "\(plan)")
                #expect(plan.errors.contains("cannot be written: `file` is not a folder"), "\(plan)")
                #expect(plan.output.isEmpty)
                let run = try await bench.start(["run", manifest, "--base-url", "http://127.0.0.1:9"] + options).end()
                #expect(run.exit == 73, "\(run)")
            }
            #expect(
                try await bench.nightjar("plan", manifest, "--output", "a/b/c", environment: Self.noKey).exit == 0)
            #expect(!FileManager.default.fileExists(atPath: bench.path("a")))
        }
    }

    @Test func `a run submits what the plan has shown, with the same keys and seeds`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest((1...9).map { "hill \($0)" }, more: "seeds: 2")
                let json = try await bench.nightjar("plan", "--json", manifest, environment: Self.noKey)
                let planned = try lines(json)
                let run = try await bench.run(manifest, at: api.baseURL, environment: ["NIGHTJAR_PILOT": "0"])
                #expect(run.exit == 0, "\(run)")
                let made = try await bench.jobs()
                #expect(planned.map(\.key) == made.map(\.key))
                #expect(planned.map(\.seed) == made.map(\.seed))
                #expect(planned.map(\.index) == made.map(\.index))
                #expect(planned.map(\.path) == made.map { $0.path ?? "" })
                struct Body: Decodable {
                    var prompt: String
                    var seed: Int
                }
                let sent = try api.submissions.map { try JSONDecoder().decode(Body.self, from: $0.body) }
                #expect(
                    Set(sent.map { "\($0.prompt) \($0.seed)" }) == Set(planned.map { "\($0.prompt) \($0.seed ?? -1)" }))
            }
        }
    }

    @Test func `it works while a run holds the state`() async throws {
        try await FakeAPI.use { request, api in
            request.isJob
                ? .json(200, #"{"id":"\#(request.name)","status":"PROCESSING","created_at":1700000000}"#) : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let run = try bench.startRun(manifest, at: api.baseURL, environment: ["NIGHTJAR_PILOT": "0"])
                try await eventually("all jobs at the API") { api.submissions.count == 3 || !run.isRunning }
                let plan = try await bench.nightjar(
                    "plan", manifest, "--base-url", api.baseURL, environment: Self.noKey)
                #expect(plan.exit == 0, "\(plan)")
                #expect(plan.output.contains("at the API already"), "\(plan)")
                #expect(run.isRunning)
                try await run.killed()
            }
        }
    }

    @Test func `what a run refuses, a plan refuses with the same code and words`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let good = try bench.manifest(["one", "two"])
                let wrong = try bench.write("version: 1\nname: x\nprompts: [a]\nextra: 1\n", to: "wrong.yaml")
                let shared = try bench.manifest(["one", "two"], name: "shared", more: "output: {path: \"a.${ext}\"}")
                let cases: [(arguments: [String], exit: Int32)] = [
                    ([wrong], 65), ([bench.path("missing.yaml")], 66), ([good, good], 65), ([shared], 65),
                    ([good, "--budget", "5"], 78), ([good, "--concurrency", "0"], 64), ([good, "--config", wrong], 78),
                ]
                for (arguments, exit) in cases {
                    let options = ["--base-url", api.baseURL] + arguments
                    let plan = try await bench.start(["plan"] + options, environment: Self.noKey).end()
                    let run = try await bench.start(["run"] + options).end()
                    #expect(plan.exit == exit && run.exit == exit, "\(arguments): \(plan) \(run)")
                    #expect(plan.errors == run.errors, "\(arguments)")
                    #expect(plan.output.isEmpty, "\(plan)")
                }
                #expect(api.requests.isEmpty)
            }
        }
    }

    @Test func `a state of another API, and images without their state, are refused as a run refuses them`()
        async throws
    {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(["one"])
            let rehearsal = try await bench.nightjar(
                "run", "--rehearse", manifest, "--output", "output", environment: Self.noKey)
            #expect(rehearsal.exit == 0, "\(rehearsal)")
            let bound = try await bench.nightjar("plan", manifest, environment: Self.noKey)
            #expect(bound.exit == 78, "\(bound)")
            #expect(bound.errors.contains("belongs to a rehearsal"), "\(bound)")
            _ = try await bench.shell("rm -r output/.nightjar")
            let before = try await listing(bench)
            let lost = try await bench.nightjar("plan", manifest, environment: Self.noKey)
            #expect(lost.exit == 78, "\(lost)")
            #expect(lost.errors.contains("of which the state"), "\(lost)")
            #expect(try await listing(bench) == before)
        }
    }

    @Test func `a list of models tells which are unknown; in JSON that goes to standard error`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(["one", "two"])
            try bench.write(#"{"object":"list","data":[{"id":"test/pictures"}]}"#, to: "output/.nightjar/models.json")
            let plan = try await bench.nightjar("plan", manifest, environment: Self.noKey)
            #expect(plan.exit == 0, "\(plan)")
            #expect(plan.output.contains("2 jobs ask for the model `test/picture`"), "\(plan)")
            #expect(plan.output.contains("did you mean `test/pictures`?"), "\(plan)")
            let json = try await bench.nightjar("plan", "--json", manifest, environment: Self.noKey)
            #expect(try lines(json).count == 2)
            #expect(json.errors.contains("warning: 2 jobs ask for the model"), "\(json)")
        }
    }

    @Test(arguments: [40, 80, 200])
    func `it fits the terminal`(columns: Int) async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest([String(repeating: "a very long prompt ", count: 30)])
            let plan = try await bench.inTerminal("plan", manifest, columns: columns, environment: ["NO_COLOR": "1"])
            #expect(plan.exit == 0, "\(plan)")
            let lines = plan.output.split(separator: "\n")
            #expect(lines.count > 5 && lines.allSatisfy { $0.count <= columns }, "\(plan)")
            #expect(!plan.output.contains("\u{1B}"))
        }
    }

    @Test func `what init writes can be planned as it stands`() async throws {
        try await Workbench.use { bench in
            _ = try await bench.nightjar("init", environment: Self.noKey)
            let plan = try await bench.nightjar(
                "plan", "manifest.yaml", "--config", "nightjar.yaml", environment: Self.noKey)
            #expect(plan.exit == 0 && plan.errors.isEmpty, "\(plan)")
            #expect(plan.output.contains("8 new"), "\(plan)")
            #expect(!plan.output.contains("warnings"), "\(plan)")
        }
    }
}
