import Foundation
import Testing

/// The question before very many submissions, asked in a real terminal.
struct ConfirmationTests {
    private static let question = "[y/N]"
    private static let few: [String: String?] = ["NIGHTJAR_CONFIRM_ABOVE": "2", "NIGHTJAR_PROGRESS": "plain"]

    private func prices(_ bench: Workbench) throws -> String {
        try bench.write("prices: {test/picture: 0.01}\n", to: "nightjar.yaml")
    }

    @Test func `yes goes on`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let run = try await bench.inTerminal(
                    "run", manifest, "--base-url", api.baseURL, "--config", try prices(bench),
                    typing: [(Self.question, "y\n")], environment: Self.few)
                #expect(run.exit == 0, "\(run)")
                #expect(run.output.contains("Submit 3 images of `batch` (about 0.03)? [y/N]"), "\(run)")
                #expect(run.output.components(separatedBy: Self.question).count == 2, "asked once")
                #expect(api.submissions.count == 3)
            }
        }
    }

    @Test(arguments: ["n\n", "\n", "yy\n", "^D"])
    func `anything else submits nothing and keeps the jobs`(answer: String) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let run = try await bench.inTerminal(
                    "run", manifest, "--base-url", api.baseURL, typing: [(Self.question, answer)],
                    environment: Self.few)
                #expect(run.exit == 8, "\(run)")
                #expect(run.output.contains("(no price for `test/picture`)?"), "\(run)")
                #expect(run.output.contains("nothing was submitted; the jobs stay pending"), "\(run)")
                #expect(api.requests.isEmpty)
                #expect(try await bench.batch().pending == 3)
            }
        }
    }

    @Test func `Ctrl-C at the question ends with 130`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let run = try await bench.inTerminal(
                    "run", manifest, "--base-url", api.baseURL, typing: [(Self.question, "^C")],
                    environment: Self.few)
                #expect(run.exit == 130, "\(run)")
                #expect(api.requests.isEmpty)
                #expect(try await bench.batch().pending == 3)
            }
        }
    }

    @Test func `several batches are asked about together, each with its number`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let first = try bench.manifest(["one", "two"])
                let second = try bench.manifest(["three", "four"], name: "other", more: "limits: {max_jobs: 1}")
                let run = try await bench.inTerminal(
                    "run", first, second, "--base-url", api.baseURL, "--config", try prices(bench),
                    typing: [(Self.question, "n\n")], environment: Self.few)
                #expect(run.exit == 8, "\(run)")
                #expect(run.output.contains("batch: 2 images, about 0.02\n"), "\(run)")
                #expect(run.output.contains("other: 1 image, about 0.01\n"), "\(run)")
                #expect(run.output.contains("Submit 3 images (about 0.03)? [y/N]"), "\(run)")
            }
        }
    }

    @Test(
        arguments: [
            ["--confirm-above", "0"], ["--confirm-above", "3"], ["--quiet"], ["--max-jobs", "2"], ["--rehearse"],
        ])
    func `few submissions, a quiet run and a rehearsal ask nothing`(options: [String]) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let address: [String: String?] = options == ["--rehearse"] ? [:] : ["NIGHTJAR_BASE_URL": api.baseURL]
                let run = try await bench.inTerminal(
                    ["run", manifest] + options, environment: Self.few.merging(address) { $1 })
                #expect(run.exit == (options.contains("--max-jobs") ? 8 : 0), "\(run)")
                #expect(!run.output.contains(Self.question), "\(run)")
            }
        }
    }

    @Test func `without a terminal nothing is asked`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let run = try await bench.run(manifest, at: api.baseURL, environment: Self.few)
                #expect(run.exit == 0, "\(run)")
                #expect(!run.errors.contains(Self.question), "\(run)")
            }
        }
    }
}
