import Foundation
import Testing

struct SubmitTests {
    @Test func `a manifest goes into the inbox with what it needs, and nothing else`() async throws {
        try await Workbench.use { bench in
            try FileManager.default.createDirectory(atPath: bench.path("inbox"), withIntermediateDirectories: true)
            for name in ["lists/p.txt", "s.txt", "wildcards/light.txt", "wildcards/unused.txt", "other.txt"] {
                try bench.write("one\ntwo\n", to: "work/\(name)")
            }
            try bench.write(
                """
                version: 1
                name: spring
                defaults: {model: m}
                matrix: {s: {file: sub/../s.txt}}
                prompts_from: lists/p.txt
                prompts: ["${s}, __light__"]
                """, to: "work/spring.yaml")
            let ending = try await bench.nightjar("submit", "work/spring.yaml", "--inbox", "inbox")
            #expect(ending.exit == 0, "\(ending)")
            #expect(ending.output.hasPrefix("work/spring.yaml: submitted as inbox/.submitted/"), "\(ending)")
            let folder = try #require(bench.files("inbox/.submitted").first)
            #expect(!folder.hasPrefix("."))
            #expect(
                bench.files("inbox/.submitted/\(folder)") == [
                    "lists", "lists/p.txt", "s.txt", "spring.yaml", "wildcards", "wildcards/light.txt",
                ])
            #expect(try bench.read("inbox/.submitted/\(folder)/spring.yaml") == bench.read("work/spring.yaml"))
        }
    }

    @Test func `of several, none goes where one is wrong, and all is told`() async throws {
        try await Workbench.use { bench in
            try FileManager.default.createDirectory(atPath: bench.path("inbox"), withIntermediateDirectories: true)
            try bench.manifest(["a"], name: "good")
            try bench.manifest(["a"], name: "bad", more: "odd: 1")
            try bench.manifest(["a"], name: "away", more: "prompts_from: /etc/hostname.txt")
            let ending = try await bench.nightjar("submit", "good.yaml", "bad.yaml", "away.yaml", "--inbox", "inbox")
            #expect(ending.exit == 65 && ending.output.isEmpty, "\(ending)")
            #expect(ending.errors.contains("bad.yaml:4:1: error: unknown key `odd`"), "\(ending)")
            #expect(
                ending.errors.contains("away.yaml:4:15: error:") && ending.errors.contains("leads out"), "\(ending)")
            #expect(bench.files("inbox").isEmpty)
            let none = try await bench.nightjar("submit", "none.yaml", "--inbox", "inbox")
            #expect(none.exit == 66, "\(none)")
        }
    }

    @Test func `an inbox that is not there is told with what to do`() async throws {
        try await Workbench.use { bench in
            try bench.manifest(["a"])
            let gone = try await bench.nightjar("submit", "batch.yaml", "--inbox", "nowhere")
            #expect(gone.exit == 73 && gone.errors.contains("the inbox `nowhere` cannot be used"), "\(gone)")
            #expect(gone.errors.contains("The inbox is the folder that the daemon watches"), "\(gone)")
            let unnamed = try await bench.nightjar("submit", "batch.yaml")
            #expect(unnamed.exit == 64 && unnamed.errors.contains("`--inbox DIR`"), "\(unnamed)")
        }
    }

    @Test func `standard input is a manifest too, and a name that is none becomes one`() async throws {
        try await Workbench.use { bench in
            try FileManager.default.createDirectory(atPath: bench.path("inbox"), withIntermediateDirectories: true)
            let manifest = try bench.manifest(["a"])
            try FileManager.default.moveItem(atPath: manifest, toPath: bench.path(".batch"))
            let ending = try await bench.shell(
                "'\(NightjarProcess.binary)' submit - .batch --inbox inbox < .batch")
            #expect(ending.exit == 0, "\(ending)")
            let names = bench.files("inbox/.submitted").filter { $0.contains("/") }.compactMap {
                $0.split(separator: "/").last
            }
            #expect(names.sorted() == ["batch.yaml", "stdin.yaml"])
        }
    }

    @Test func `what the inbox would take for a second manifest is refused`() async throws {
        try await Workbench.use { bench in
            try FileManager.default.createDirectory(atPath: bench.path("inbox"), withIntermediateDirectories: true)
            try bench.write("light: [dim, bright]\n", to: "words.yaml")
            try bench.manifest(["__light__"], more: "wildcards: .")
            let ending = try await bench.nightjar("submit", "batch.yaml", "--inbox", "inbox")
            #expect(ending.exit == 64 && ending.errors.contains("put them into a folder"), "\(ending)")
            #expect(bench.files("inbox/.submitted").isEmpty)
        }
    }
}
