import Foundation
import NightjarCore
import NightjarDaemon
import NightjarManifest
import NightjarStore
import NightjarTestSupport
import Testing

enum ManifestErrorSample {
    static func make(_ file: String) -> ManifestError {
        ManifestError(
            kind: .invalid, file: file,
            diagnostics: [Diagnostic(file: file, line: 0, column: 0, code: "price", message: "too dear")])
    }
}

/// What goes to `failed`, and what is said of it.
@Suite(.timeLimit(.minutes(5))) struct TurnedAwayTests {
    private static let broken = "version: 1\nname: spring\ndefaults: {model: m}\nprompt: [a]\n"

    @Test func `a manifest that was renamed in and is invalid is turned away at once`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.put(Self.broken, in: "inbox/a.yaml")
            try await bench.until("it is turned away") { bench.exists("inbox/failed/a.yaml") }
            // Mended badly and moved back: the old reason goes, nothing else.
            try bench.rename(bench.path("inbox/failed/a.yaml"), bench.path("inbox/a.yaml"))
            try await bench.until("it is turned away again") { bench.exists("inbox/failed/a.yaml") }
            try bench.put(Self.broken, in: "inbox/a.yml")
            try await bench.until("another is turned away beside it") { bench.exists("inbox/failed/a-2.yml") }
        }
        #expect(bench.tree == ["failed/a-2.error.txt", "failed/a-2.yml", "failed/a.error.txt", "failed/a.yaml"])
        #expect(
            try bench.text("inbox/failed/a.error.txt") == """
                a.yaml:4:1: error: unknown key `prompt` at the top of the manifest
                    4 | prompt: [a]
                      | ^^^^^^
                hint: did you mean `prompts`?

                1 error in a.yaml; nothing was submitted

                """)
        #expect(try await bench.store.batches().isEmpty)
    }

    @Test func `one that was written in place has time to become right`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            for name in ["a", "b"] { try bench.folder.write(Self.broken, to: "inbox/\(name).yaml") }
            try await bench.settled()
            try await bench.pass(.seconds(2))
            try await bench.pass(.seconds(29))
            #expect(bench.exists("inbox/a.yaml") && bench.exists("inbox/b.yaml"))
            let file = try FileHandle(forWritingTo: bench.folder.url.appending(path: "inbox/b.yaml"))
            try file.write(contentsOf: Data(InboxBench.manifest("spring").utf8))
            try file.close()
            try await bench.settled()
            try await bench.pass(.seconds(2))
            try await bench.until("the other is turned away") { bench.exists("inbox/failed/a.yaml") }
            try await bench.until("this one is taken") { bench.exists("inbox/.accepted/b.yaml") }
        }
    }

    @Test func `a batch belongs to where it first came from`() async throws {
        let bench = try InboxBench()
        try bench.store.takeIn(BatchSettings(name: "of-run"), [.sample("a")])
        var elsewhere = BatchSettings(name: "of-other")
        elsewhere.origin = .init(inbox: "/srv/other", output: "/srv/images")
        try bench.store.takeIn(elsewhere, [.sample("a")])
        try await bench.run { _ in
            try bench.put(InboxBench.manifest("of-run"), in: "inbox/a.yaml")
            try bench.put(InboxBench.manifest("new") + "---\n" + InboxBench.manifest("of-other"), in: "inbox/b.yaml")
            try await bench.until("both are turned away") {
                bench.exists("inbox/failed/a.yaml") && bench.exists("inbox/failed/b.yaml")
            }
        }
        #expect(try bench.text("inbox/failed/a.error.txt").contains("belongs to `nightjar run`"))
        #expect(try bench.text("inbox/failed/b.error.txt").contains("belongs to the inbox `/srv/other`"))
        #expect(try await bench.store.knownBatch(named: "new") == nil)
        #expect(bench.started.value.isEmpty)
    }

    @Test func `what is no file is not followed, and never waited for`() async throws {
        let bench = try InboxBench()
        try bench.folder.write(InboxBench.manifest("secret"), to: "outside/secret.yaml")
        try await bench.run { _ in
            try bench.folder.link("outside/link", to: bench.path("outside/secret.yaml"))
            try bench.rename(bench.path("outside/link"), bench.path("inbox/link.yaml"))
            #expect(mkfifo(bench.path("outside/pipe"), 0o600) == 0)
            try bench.rename(bench.path("outside/pipe"), bench.path("inbox/pipe.yaml"))
            try FileManager.default.createDirectory(
                atPath: bench.path("inbox/folder.yaml"), withIntermediateDirectories: true)
            try await bench.until("both are turned away") {
                bench.exists("inbox/failed/link.yaml") && bench.exists("inbox/failed/pipe.yaml")
            }
            try await bench.pass(.seconds(40))
            try await bench.pass(.seconds(40))
        }
        #expect(bench.exists("inbox/folder.yaml"))
        #expect(bench.log.value.count { $0.contains("a folder is no manifest") } == 1)
        #expect(try bench.text("inbox/failed/link.error.txt").contains("a symbolic link, which is not followed"))
        #expect(try bench.text("inbox/failed/pipe.error.txt").contains("not a regular file"))
        #expect(try await bench.store.batches().isEmpty)
    }

    @Test func `a name that is no text is made one`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            let file = try bench.folder.write(InboxBench.manifest("spring"), to: "outside/odd")
            let name =
                Array(bench.path("inbox").utf8CString.dropLast()) + [0x2F, 0x66, CChar(bitPattern: 0xFC)]
                + Array(".yaml".utf8CString)
            #expect(Foundation.rename(file, name) == 0)
            try await bench.until("it is turned away") { bench.exists("inbox/failed/f%FC.yaml") }
        }
        #expect(try bench.text("inbox/failed/f%FC.error.txt").contains("not UTF-8"))
    }

    @Test func `names of every length have an end`() async throws {
        let bench = try InboxBench()
        let good = String(repeating: "é", count: 125)
        let bad = String(repeating: "x", count: 250)
        try await bench.run { inbox in
            for number in 1...2 {
                try bench.put(InboxBench.manifest("spring-\(number)"), in: "inbox/\(good).yaml")
                try bench.put(Self.broken, in: "inbox/\(bad).yaml")
                try await bench.until("both are dealt with") {
                    bench.started.value.count == number && !bench.exists("inbox/\(bad).yaml")
                }
            }
            for number in 1...2 { try await bench.end("spring-\(number)", in: inbox) }
            try await bench.until("both end") { bench.tree.count { !$0.contains("/.") && !$0.hasPrefix(".") } == 8 }
        }
        let short = String(repeating: "é", count: 121)
        #expect(
            bench.tree
                == [
                    "done/\(short.dropLast())-2.result.json", "done/\(short.dropLast())-2.yaml",
                    "done/\(short).result.json",
                    "done/\(short).yaml", "failed/\(bad.prefix(243))-2.error.txt", "failed/\(bad.prefix(243))-2.yaml",
                    "failed/\(bad.prefix(245)).error.txt", "failed/\(bad.prefix(245)).yaml",
                ].sorted())
    }
}
