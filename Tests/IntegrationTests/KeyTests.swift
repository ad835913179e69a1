import Foundation
import Testing

/// The key reaches the API and nothing else.
struct KeyTests {
    private static let key = "sk-nightingale-4b1d-zebra-77"

    /// An API that repeats the key wherever it can.
    private static let echo: FakeAPI.Script = { request, api in
        let key = request.headers["authorization"] ?? "no key"
        let prompt = String(decoding: request.body, as: UTF8.self)
        if request.isSubmission {
            if prompt.contains("rejected") { return .error(400, "bad header: \(key)") }
            if prompt.contains("lost") { return .error(500, "trace: \(key)") }
            for kind in ["remote", "html", "blocked", "redirected"] where prompt.contains(kind) {
                return .json(200, #"{"id":"\#(kind)","status":"QUEUED","note":"\#(key)"}"#)
            }
        }
        switch (request.isJob, request.name) {
        case (true, "remote"): return api.failed("remote", "worker saw \(key)")
        case (true, "blocked"): return api.completed("blocked", url: "ftp://10.0.0.1/\(key)")
        case (false, "html.png"): return .bytes(200, Data("<html>\(key)</html>".utf8))
        case (false, "redirected.png"):
            let location = "http://10.0.0.1/?key=\(key.replacingOccurrences(of: " ", with: "+"))"
            return .bytes(302, Data(), headers: ["Location": location])
        default: return nil
        }
    }

    @Test func `a key that the API echoes everywhere is in no file, no log and no command line`() async throws {
        try await FakeAPI.use(Self.echo) { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(
                    ["rejected", "lost", "remote", "html", "blocked", "redirected"], more: "retry: {attempts: 1}")
                let run = try bench.startRun(
                    manifest, at: api.baseURL, "--log-format", "json", "--rate", "50", "--pilot", "0",
                    environment: [
                        "SERIKA_API_KEY": Self.key, "NIGHTJAR_TIMEOUT": "1s", "NIGHTJAR_SETTLE": "1s",
                        "NIGHTJAR_UNKNOWN_WAIT": "2s",
                    ])
                let commandLine = try Data(contentsOf: URL(filePath: "/proc/\(run.pid)/cmdline"))
                #expect(!String(decoding: commandLine, as: UTF8.self).contains(Self.key))
                // While it runs, the state has its log beside it.
                try await eventually("what has failed") {
                    try await bench.jobs("output", "--only", "failed,unknown").count >= 5
                }
                try await expectNoKey(in: bench)
                // The image that is none is asked for again and again; what it says in the end counts too.
                let ending = try await run.end(within: 120)
                #expect(ending.exit == 9, "\(ending)")
                let jobs = try await bench.jobs()
                #expect(jobs.allSatisfy { $0.error != nil }, "\(jobs)")
                #expect(!jobs.description.contains(Self.key))
                #expect(!(ending.output + ending.errors).contains(Self.key))
                try await expectNoKey(in: bench)
                #expect(api.submissions.allSatisfy { $0.headers["authorization"] == "Bearer \(Self.key)" })
            }
        }
    }

    @Test(arguments: [401, 402, 403])
    func `a key echoed by a refusal is not printed`(_ status: Int) async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission ? .error(status, "no: \(request.headers["authorization"] ?? "")") : nil
        } _: { api in
            try await Workbench.use { bench in
                let run = try await bench.run(
                    try bench.manifest(["one"]), at: api.baseURL, "--progress", "json",
                    environment: ["SERIKA_API_KEY": Self.key])
                #expect(run.exit == (status == 402 ? 12 : 13), "\(run)")
                #expect(!(run.output + run.errors).contains(Self.key))
                try await expectNoKey(in: bench)
            }
        }
    }

    private func expectNoKey(in bench: Workbench) async throws {
        let found = try await bench.shell("grep -rlaF '\(Self.key)' .")
        #expect(found.output == "")
        #expect(found.exit == 1, "\(found)")
    }

    // MARK: Where it comes from

    @Test(arguments: [
        ("--api-key-file", "of-flag"), ("NIGHTJAR_API_KEY_FILE", "of-variable"), ("SERIKA_API_KEY", "serika"),
        ("NIGHTJAR_API_KEY", "nightjar"), ("configuration", "of-configuration"),
        ("CREDENTIALS_DIRECTORY", "credential"),
    ])
    func `the key comes from the first place that has one`(_ first: String, _ expected: String) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                try bench.write("of-flag\n", to: "flag.key")
                try bench.write("of-variable\n", to: "variable.key")
                try bench.write("of-configuration\n", to: "configuration.key")
                try bench.write("credential\n", to: "credentials/api-key")
                try bench.write("api_key_file: configuration.key\n", to: "with-key.yaml")
                try bench.write("{}\n", to: "without-key.yaml")
                let order = [
                    "--api-key-file", "NIGHTJAR_API_KEY_FILE", "SERIKA_API_KEY", "NIGHTJAR_API_KEY", "configuration",
                    "CREDENTIALS_DIRECTORY",
                ]
                let given = Set(order.drop { $0 != first })
                let values = [
                    "NIGHTJAR_API_KEY_FILE": "variable.key", "SERIKA_API_KEY": "serika", "NIGHTJAR_API_KEY": "nightjar",
                    "CREDENTIALS_DIRECTORY": bench.path("credentials"),
                ]
                var environment: [String: String?] = ["SERIKA_API_KEY": nil]
                for (name, value) in values where given.contains(name) { environment[name] = value }
                let config = given.contains("configuration") ? "with-key.yaml" : "without-key.yaml"
                let flag = given.contains("--api-key-file") ? ["--api-key-file", "flag.key"] : []
                let arguments =
                    ["run", try bench.manifest(["one"]), "--base-url", api.baseURL, "--config", config] + flag
                let run = try await bench.start(arguments, environment: environment).end()
                #expect(run.exit == 0, "\(run)")
                #expect(api.submissions.map { $0.headers["authorization"] } == ["Bearer \(expected)"])
            }
        }
    }
}
