import Foundation
import Testing

/// Runs that must not begin: the exit code, a word on standard error, nothing on standard output.
struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var exit: Int32
        var arguments: [String]
        var environment: [String: String?] = [:]

        init(_ name: String, _ exit: Int32, _ arguments: String..., environment: [String: String?] = [:]) {
            testDescription = name
            self.exit = exit
            self.arguments = arguments
            self.environment = environment
        }
    }

    static let cases = [
        Case("an unknown flag", 64, "run", "batch.yaml", "--frobnicate"),
        Case("an unknown command", 64, "frobnicate"),
        Case("no manifest", 64, "run"),
        Case("a concurrency that is no number", 64, "run", "batch.yaml", "--concurrency", "many"),
        Case("a concurrency of nothing", 64, "run", "batch.yaml", "--concurrency", "0"),
        Case("a rate that is none", 64, "run", "batch.yaml", "--rate", "5/fortnight"),
        Case("an address that is none", 64, "run", "batch.yaml", "--base-url", "gopher://example"),
        Case("a duration of nothing", 64, "run", "batch.yaml", "--max-duration", "0s"),
        Case("a cutoff that is none", 64, "run", "batch.yaml", "--cutoff", "soft"),
        Case("a mode that is none", 64, "run", "batch.yaml", "--progress", "loud"),
        Case("a state that is none", 64, "jobs", "--only", "dun"),
        Case("an invalid manifest", 65, "run", "invalid.yaml"),
        Case("a valid manifest and an invalid one", 65, "run", "batch.yaml", "invalid.yaml"),
        Case("the same batch twice", 65, "run", "batch.yaml", "copy.yaml"),
        Case("a missing manifest", 66, "run", "missing.yaml"),
        Case("output is a file", 73, "run", "batch.yaml", "--output", "a-file"),
        Case("output is below a file", 73, "run", "batch.yaml", "--output", "a-file/output"),
        Case("the state is below a file", 73, "run", "batch.yaml", "--state", "a-file/state.sqlite3"),
        Case("the state is in /proc", 73, "run", "batch.yaml", "--state", "/proc/nightjar/state.sqlite3"),
        Case("the state is a folder", 73, "run", "batch.yaml", "--state", "a-folder"),
        Case("the state is no database", 73, "run", "batch.yaml", "--state", "a-file"),
        Case("no key", 78, "run", "batch.yaml", environment: ["SERIKA_API_KEY": nil]),
        Case("an empty key file", 78, "run", "batch.yaml", "--api-key-file", "empty"),
        Case("a missing key file", 78, "run", "batch.yaml", "--api-key-file", "missing"),
        Case("a budget and no price", 78, "run", "batch.yaml", "--budget", "1.00"),
        Case("a configuration with a typo", 78, "run", "batch.yaml", "--config", "typo.yaml"),
        Case("a configuration with a bad value", 78, "run", "batch.yaml", "--config", "value.yaml"),
        Case("a missing configuration", 78, "run", "batch.yaml", "--config", "missing.yaml"),
        Case("a bad variable", 78, "run", "batch.yaml", environment: ["NIGHTJAR_CONCURRENCY": "x"]),
        Case("a bad variable of a reading command", 78, "status", environment: ["NIGHTJAR_RATE": "x"]),
    ]

    @Test(arguments: cases)
    func `a run that cannot begin says why, and nothing is submitted`(_ given: Case) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                try bench.manifest(["one"])
                try FileManager.default.copyItem(atPath: bench.path("batch.yaml"), toPath: bench.path("copy.yaml"))
                try bench.write("version: 1\nname: batch\npromts: [a]\n", to: "invalid.yaml")
                try bench.write("concurency: 3\n", to: "typo.yaml")
                try bench.write("concurrency: three\n", to: "value.yaml")
                try bench.write("mine", to: "a-file")
                try bench.write("mine", to: "a-folder/mine")
                try bench.write("\n", to: "empty")
                var environment = given.environment
                environment["NIGHTJAR_BASE_URL"] = api.baseURL
                let ending = try await bench.start(
                    given.arguments
                        + (given.arguments.first == "run" && given.exit != 64 ? ["--progress", "json"] : []),
                    environment: environment
                ).end()
                #expect(ending.exit == given.exit, "\(ending)")
                #expect(ending.output == "")
                #expect(ending.errors.lowercased().contains("error"), "\(ending)")
                #expect(api.requests.count == 0)
                #expect(try bench.read("a-file") == "mine")
            }
        }
    }

    @Test func `a state that another run holds is refused, and that run goes on`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "1s")
            let manifest = try bench.manifest(["one"])
            let first = try bench.startRun(manifest, at: server.baseURL)
            try await eventually("a submission") { try server.ledger().jobs == 1 }
            let second = try await bench.run(manifest, at: server.baseURL, "--progress", "json")
            #expect(second.exit == 11, "\(second)")
            #expect(second.output == "")
            let ending = try await first.end()
            #expect(ending.exit == 0, "\(ending)")
            #expect(try server.ledger().jobs == 1)
        }
    }
}
