import Foundation
import Testing

/// Manifests that are wrong in every way: refused, and nothing submitted.
struct HostileManifestTests {
    static let texts: [(name: String, text: String)] = [
        ("empty", ""),
        ("only a comment", "# nothing\n"),
        ("null", "~\n"),
        ("a list", "- a\n- b\n"),
        ("not YAML", "version: 1\nname: [batch\n\tprompts: }\n"),
        ("version 2", "version: 2\nname: batch\ndefaults: {model: m}\nprompts: [a]\n"),
        ("no version", "name: batch\ndefaults: {model: m}\nprompts: [a]\n"),
        ("a typo", "version: 1\nname: batch\ndefaults: {model: m}\npromts: [a]\n"),
        ("a typo beside valid prompts", "version: 1\nname: batch\ndefaults: {model: m, stesp: 3}\nprompts: [a]\n"),
        ("no model", "version: 1\nname: batch\nprompts: [a]\n"),
        ("no prompt", "version: 1\nname: batch\ndefaults: {model: m}\nprompts: []\n"),
        ("a name that leaves the folder", "version: 1\nname: ../up\ndefaults: {model: m}\nprompts: [a]\n"),
        ("a duplicate key", "version: 1\nname: batch\nname: batch\ndefaults: {model: m}\nprompts: [a]\n"),
        ("two jobs of one path", "version: 1\nname: b\ndefaults: {model: m}\nprompts: [a, b]\noutput: {path: x.png}\n"),
        ("NUL bytes", "version: 1\nname: b\0\ndefaults: {model: m}\nprompts: [a]\n"),
        (
            "the second of two documents is wrong",
            "version: 1\nname: b\ndefaults: {model: m}\nprompts: [a]\n---\nversion: 3\n"
        ),
        ("deep nesting", "version: 1\nname: b\nprompts: " + String(repeating: "[", count: 100_000)),
        (
            "aliases that grow",
            "x-a: &a [1,1,1,1,1,1,1,1,1]\n"
                + zip("bcdefghi", "abcdefgh").map {
                    "x-\($0): &\($0) [\(Array(repeating: "*\($1)", count: 9).joined(separator: ","))]\n"
                }
                .joined() + "version: 1\nname: b\ndefaults: {model: m}\nprompts: *i\n"
        ),
    ]

    @Test(arguments: texts.indices)
    func `an invalid manifest is refused with 65, and nothing is submitted`(_ number: Int) async throws {
        let (name, text) = Self.texts[number]
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                try bench.write(text, to: "bad.yaml")
                let good = try bench.manifest(["one"], name: "good")
                for manifests in [["bad.yaml"], [good, "bad.yaml"]] {
                    let run = try await bench.start(["run"] + manifests + ["--base-url", api.baseURL]).end()
                    #expect(run.exit == 65, "\(name): \(run)")
                    #expect(run.output == "", "\(name)")
                    #expect(run.errors.contains("bad.yaml"), "\(name): \(run)")
                    #expect(run.errors.utf8.count < 50_000, "\(name)")
                }
                #expect(api.requests.isEmpty, "\(name)")
                #expect(try await bench.jobs().isEmpty, "\(name)")
            }
        }
    }

    @Test func `bytes that are no text are refused with 65`() async throws {
        try await Workbench.use { bench in
            var bytes = FakeAPI.picture
            for _ in 0..<6 { bytes += bytes }
            try bytes.write(to: URL(filePath: bench.path("binary.yaml")))
            let run = try await bench.nightjar("run", "binary.yaml")
            #expect(run.exit == 65, "\(run)")
            #expect(!run.errors.contains("\u{1B}"))
        }
    }

    @Test func `what is no file is refused with 66 at once`() async throws {
        try await Workbench.use { bench in
            mkfifo(bench.path("fifo.yaml"), 0o600)
            try bench.write("", to: "folder.yaml/x")
            for name in ["fifo.yaml", "folder.yaml", "/dev/zero", "missing.yaml"] {
                let run = try await bench.nightjar("run", name)
                #expect(run.exit == 66, "\(name): \(run)")
            }
        }
    }

    /// A million where the program is built for speed (`NIGHTJAR_TEST_PROMPTS=1000000`).
    private static let prompts =
        ProcessInfo.processInfo.environment["NIGHTJAR_TEST_PROMPTS"].flatMap { Int($0) } ?? 100_000

    @Test func `a manifest of very many prompts is taken in`() async throws {
        try await Workbench.use { bench in
            let file = bench.path("long.yaml")
            let script = """
                { printf 'version: 1\\nname: batch\\ndefaults: {model: m}\\nprompts:\\n'
                seq -f '  - a lighthouse in the fog, seen from far, number %.0f' \(Self.prompts); } > '\(file)'
                """
            let made = try await bench.shell(script)
            #expect(made.exit == 0, "\(made)")
            let run = try await bench.start("run", file, "--max-jobs", "0", "--progress", "none").end(within: 300)
            #expect(run.exit == 8, "\(run)")
            let batch = try await bench.batch()
            #expect(batch.total == Self.prompts)
            #expect(batch.pending == Self.prompts)
        }
    }
}
