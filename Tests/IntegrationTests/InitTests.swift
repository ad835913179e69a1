import Foundation
import Testing

struct InitTests {
    private static let noKey: [String: String?] = ["SERIKA_API_KEY": nil]

    @Test func `it writes a manifest and a configuration that work as they stand, and says what to type`() async throws
    {
        try await Workbench.use { bench in
            let ending = try await bench.nightjar("init", "new/shots", environment: Self.noKey)
            #expect(ending.exit == 0, "\(ending)")
            #expect(ending.output.contains("nightjar plan new/shots/manifest.yaml\n"), "\(ending)")
            #expect(ending.output.contains("nightjar run --rehearse new/shots/manifest.yaml\n"), "\(ending)")
            #expect(
                bench.files("new/shots") == [
                    ".nightjar-schema", ".nightjar-schema/configuration.schema.json",
                    ".nightjar-schema/manifest.schema.json", "manifest.yaml", "nightjar.yaml",
                ])
            for name in ["manifest", "nightjar"] {
                let first = try bench.read("new/shots/\(name).yaml").split(separator: "\n").first ?? ""
                let schema = first.split(separator: "=").last.map(String.init) ?? ""
                #expect(first.hasPrefix("# yaml-language-server: $schema="))
                #expect(FileManager.default.fileExists(atPath: bench.path("new/shots/\(schema)")))
            }
            let run = try await bench.nightjar(
                "run", "--rehearse", "new/shots/manifest.yaml", "--config", "new/shots/nightjar.yaml",
                environment: Self.noKey)
            #expect(run.exit == 0, "\(run)")
            let jobs = try await bench.jobs("rehearsal")
            #expect((1...12).contains(jobs.count))
        }
    }

    @Test func `all that is commented out can be used together`() async throws {
        try await Workbench.use { bench in
            _ = try await bench.nightjar("init", environment: Self.noKey)
            try bench.write("a tram\na ferry\n", to: "subjects.txt")
            try bench.write("dawn\ndusk\n", to: "wildcards/lighting.txt")
            try bench.write("{\"prompt\": \"A pier, ${style}\", \"cfg_scale\": 7}\n", to: "prompts.jsonl")
            let all = try bench.read("manifest.yaml").replacing(/(?m)^( *)#(?=[^ \n])/) { "\($0.1)" }
            try bench.write(all, to: "all.yaml")
            let plan = try await bench.nightjar("plan", "all.yaml", environment: Self.noKey)
            #expect(plan.exit == 78, "a budget without prices: \(plan)")
            try bench.write("prices: {tensorart-illustrious-xl-v2-aesthetic: 0.01}\n", to: "prices.yaml")
            let priced = try await bench.nightjar(
                "plan", "all.yaml", "--config", "prices.yaml", environment: Self.noKey)
            #expect(priced.exit == 0, "\(priced)")
            #expect(priced.output.contains("10 new"), "\(priced)")
        }
    }

    @Test func `here is where it writes to when nothing is said`() async throws {
        try await Workbench.use { bench in
            let ending = try await bench.nightjar("init", environment: Self.noKey)
            #expect(ending.exit == 0, "\(ending)")
            #expect(ending.output.contains("nightjar plan manifest.yaml\n"), "\(ending)")
            #expect(bench.files("").contains("nightjar.yaml"))
        }
    }

    @Test(arguments: ["manifest.yaml", "nightjar.yaml"])
    func `a file that is there stays, unless --force says otherwise`(name: String) async throws {
        try await Workbench.use { bench in
            try bench.write("mine\n", to: name)
            let refused = try await bench.nightjar("init", ".", environment: Self.noKey)
            #expect(refused.exit == 73, "\(refused)")
            #expect(refused.errors.contains("`\(name)` is there already, and nothing was written"), "\(refused)")
            #expect(try bench.read(name) == "mine\n")
            #expect(bench.files("") == [name])
            let forced = try await bench.nightjar("init", ".", "--force", environment: Self.noKey)
            #expect(forced.exit == 0, "\(forced)")
            #expect(try bench.read(name) != "mine\n")
        }
    }

    @Test func `a link that leads nowhere counts as there`() async throws {
        try await Workbench.use { bench in
            _ = try await bench.shell("ln -s nowhere manifest.yaml")
            #expect(try await bench.nightjar("init", environment: Self.noKey).exit == 73)
            #expect(!FileManager.default.fileExists(atPath: bench.path("nowhere")))
        }
    }

    @Test func `a folder that cannot be written to is refused`() async throws {
        try await Workbench.use { bench in
            try bench.write("", to: "file")
            let ending = try await bench.nightjar("init", "file/below", environment: Self.noKey)
            #expect(ending.exit == 73, "\(ending)")
        }
    }

    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["NIGHTJAR_PYTHON"] != nil,
            "set NIGHTJAR_PYTHON to an interpreter with `jsonschema` and `pyyaml`"))
    func `the schemas accept what was written, and all of it that is commented out`() async throws {
        let python = try #require(ProcessInfo.processInfo.environment["NIGHTJAR_PYTHON"])
        let check = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../SchemaCheck/check_schemas.py").standardized.path
        try await Workbench.use { bench in
            _ = try await bench.nightjar("init", environment: Self.noKey)
            for (file, schema) in [("manifest", "manifest"), ("nightjar", "configuration")] {
                let all = try bench.read("\(file).yaml").replacing(/(?m)^( *)#(?=[^ \n])/) { "\($0.1)" }
                try bench.write(all, to: "\(file)-all.yaml")
                let ending = try await bench.start(
                    [check, ".nightjar-schema/\(schema).schema.json", "\(file).yaml", "\(file)-all.yaml"],
                    executable: python
                ).end()
                #expect(ending.output == "valid \(file).yaml\nvalid \(file)-all.yaml\n", "\(ending)")
            }
        }
    }
}
