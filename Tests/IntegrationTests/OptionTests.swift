import Foundation
import Testing

struct OptionTests {
    @Test(arguments: [
        (["flag", "environment", "file"], "of-flag"), (["environment", "file"], "of-environment"),
        (["file"], "of-file"), ([], "output"),
    ])
    func `a flag beats the environment, which beats the file, which beats the default`(
        _ layers: [String], _ expected: String
    ) async throws {
        try await Workbench.use { bench in
            try bench.write("output: of-file\n", to: ".config/nightjar/nightjar.yaml")
            try bench.write("{}\n", to: "empty.yaml")
            let environment: [String: String?] =
                layers.contains("environment") ? ["NIGHTJAR_OUTPUT": "of-environment"] : [:]
            let arguments =
                ["run", try bench.manifest(["one"]), "--max-jobs", "0"]
                + (layers.contains("flag") ? ["--output", "of-flag"] : [])
                + (layers.contains("file") ? [] : ["--config", "empty.yaml"])
            let run = try await bench.start(arguments, environment: environment).end()
            #expect(run.exit == 8, "\(run)")
            let made = ["of-flag", "of-environment", "of-file", "output"].filter { !bench.files($0).isEmpty }
            #expect(made == [expected])
            let jobs = try await bench.start(
                ["jobs", "--json"] + arguments.dropFirst(4), environment: environment
            ).end()
            #expect(jobs.output.contains(#""state":"pending""#), "the reading commands look in the same place")
        }
    }

    @Test func `the concurrency of the environment beats that of the file`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "8", "--job-time", "500ms")
            try bench.write("concurrency: 5\nrate: 100/s\n", to: "nightjar.yaml")
            let manifest = try bench.manifest((1...9).map { "gull \($0)" })
            let run = try await bench.run(
                manifest, at: server.baseURL, "--config", "nightjar.yaml", environment: ["NIGHTJAR_CONCURRENCY": "3"])
            #expect(run.exit == 0, "\(run)")
            #expect(try server.ledger().max_unfinished == 3)
        }
    }

    @Test func `the state may lie elsewhere, and two outputs keep apart`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let manifest = try bench.manifest(["one"])
            for output in ["a", "b"] {
                let run = try await bench.run(
                    manifest, at: server.baseURL, "--output", output, "--state", "\(output).sqlite3")
                #expect(run.exit == 0, "\(run)")
                #expect(bench.files(output).count { $0.hasSuffix(".png") } == 1)
                #expect(try await bench.jobs(output, "--state", "\(output).sqlite3").count == 1)
            }
        }
    }

    @Test func `the state is private, and outputs follow the umask`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let manifest = try bench.manifest(["one"], more: #"output: {path: "${batch}/0.${ext}"}"#)
            let run = try await bench.start(
                ["-c", "umask 027; exec \"$@\"", "sh", NightjarProcess.binary, "run", manifest]
                    + ["--base-url", server.baseURL, "--output", "far/out"], executable: "/bin/sh"
            ).end()
            #expect(run.exit == 0, "\(run)")
            let paths =
                "far far/out far/out/batch far/out/batch/0.png far/out/.nightjar far/out/.nightjar/state.sqlite3"
            let modes = try await bench.shell("stat -c %a \(paths)")
            #expect(modes.output.split(separator: "\n") == ["750", "750", "750", "640", "700", "600"])
        }
    }
}
