import Foundation
import NightjarCore
import NightjarDaemon
import NightjarFiles
import NightjarStore
import NightjarTestSupport
import Testing

/// When manifests are taken, and which.
@Suite(.timeLimit(.minutes(5))) struct TakingTests {
    @Test func `a manifest that is renamed in is taken at once, and ends in done with its result`() async throws {
        let bench = try InboxBench()
        try await bench.run { inbox in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is taken") {
                bench.exists("inbox/.accepted/a.yaml") && !bench.started.value.isEmpty
            }
            #expect(bench.started.value == [try await bench.batch("spring")])
            let origin = try await bench.store.knownBatch(named: "spring")?.origin
            #expect(
                origin
                    == .init(
                        inbox: try #require(Folder.realPath(of: bench.path("inbox"))), output: bench.path("output")))
            try await bench.end("spring", in: inbox)
            try await bench.until("it ends") { bench.exists("inbox/done/a.yaml") }
            try await bench.until("that is on record") { try await bench.store.openDrops().isEmpty }
        }
        #expect(bench.tree == ["done/a.result.json", "done/a.yaml"])
        let result = try bench.json("inbox/done/a.result.json")
        #expect(result["version"] as? Int == 1 && result["exit"] as? Int == 0 && result["duplicate_of"] == nil)
        let batch = try #require((result["batches"] as? [[String: Any]])?.first)
        #expect(batch["name"] as? String == "spring" && batch["pending"] as? Int == 1)
        #expect(batch["started_at"] as? String == "2026-03-01T00:00:00.000Z")
        #expect(batch["finished_at"] as? String == "2026-03-01T00:01:00.000Z")
        #expect(batch["output"] as? String == bench.path("output"))
        #expect((batch["failures"] as? [Any])?.isEmpty == true)
    }

    @Test func `a file that is written in place is taken when it has been the same for a while`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.folder.write(InboxBench.manifest("spring", "one"), to: "inbox/a.yaml")
            try await bench.settled()
            try await bench.pass(.seconds(1.5))
            #expect(bench.exists("inbox/a.yaml"))
            // Its writer goes on.
            let file = try FileHandle(forWritingTo: bench.folder.url.appending(path: "inbox/a.yaml"))
            try file.seekToEnd()
            try file.write(contentsOf: Data("  - two\n".utf8))
            try file.close()
            try await bench.settled()
            try await bench.pass(.seconds(1.5))
            #expect(bench.exists("inbox/a.yaml"))
            try await bench.pass(.seconds(1))
            try await bench.until("it is taken") { try await bench.jobs("spring") == 2 }
            #expect(!bench.exists("inbox/a.yaml"))
        }
    }

    @Test func `what is not a manifest's name is left alone`() async throws {
        let bench = try InboxBench()
        let names = [".a.yaml", "a.yaml.tmp", "a.yaml.part", "a.yaml~", "a.txt", "a.YAML"]
        try await bench.run { _ in
            for name in names { try bench.put(InboxBench.manifest("spring"), in: "inbox/\(name)") }
            try await bench.pass(.seconds(60))
            try await bench.pass(.seconds(60))
        }
        #expect(bench.tree == names.sorted())
        #expect(try await bench.store.batches().isEmpty)
    }

    @Test func `without events the inbox is looked at from time to time`() async throws {
        let bench = try InboxBench()
        let inbox = bench.inbox(watch: { _ throws(FolderEvents.Failure) in throw FolderEvents.Failure(words: "no more")
        })
        let running = Task { await inbox.run() }
        try await bench.until("it is ready") { bench.exists("inbox/failed") }
        try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
        // The file's time is that of the machine, and later than the clock of the test.
        try await bench.until("it is taken") {
            bench.clock.advance(by: .seconds(31))
            return bench.exists("inbox/.accepted/a.yaml")
        }
        running.cancel()
        await running.value
        #expect(
            bench.log.value.filter { $0.contains("not heard") } == [
                "warning changes in the inbox are not heard (no more); it is looked at every 30 s"
            ])
    }

    @Test func `what has lain there for long is taken at the start, the oldest first`() async throws {
        let bench = try InboxBench()
        for (place, name) in ["c", "b", "a"].enumerated() {
            let path = try bench.folder.write(InboxBench.manifest("batch-\(name)"), to: "inbox/\(name).yaml")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(1_000_000 + place))], ofItemAtPath: path)
        }
        try await bench.run { _ in
            try await bench.until("all are taken") { bench.started.value.count == 3 }
        }
        #expect(try await bench.store.batches().map(\.settings.name) == ["batch-c", "batch-b", "batch-a"])
    }

    @Test func `a manifest waits for the files that it names`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.put(
                """
                version: 1
                name: spring
                defaults: {model: m}
                matrix: {subject: {file: subjects.txt}}
                prompts: ["a ${subject}, __light__"]
                """, in: "inbox/a.yaml")
            try await bench.settled()
            #expect(bench.exists("inbox/a.yaml"))
            try bench.put("fox\nowl\n", in: "inbox/subjects.txt")
            try await bench.settled()
            #expect(bench.exists("inbox/a.yaml"))
            try FileManager.default.createDirectory(
                atPath: bench.path("outside/wildcards"), withIntermediateDirectories: true)
            try bench.folder.write("dim\nbright\n", to: "outside/wildcards/light.txt")
            try bench.rename(bench.path("outside/wildcards"), bench.path("inbox/wildcards"))
            try await bench.until("it is taken") { try await bench.jobs("spring") == 4 }
        }
    }

    @Test func `files that do not come are not waited for for ever`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.put(
                InboxBench.manifest("spring").replacing("prompts:", with: "prompts_from: no.txt\nx-rest:"),
                in: "inbox/a.yaml")
            try await bench.settled()
            try await bench.pass(.seconds(29))
            #expect(bench.exists("inbox/a.yaml"))
            try await bench.pass(.seconds(2))
            try await bench.until("it is turned away") { bench.exists("inbox/failed/a.yaml") }
        }
        #expect(try bench.text("inbox/failed/a.error.txt").contains("`no.txt` cannot be read: no such file"))
    }

    @Test func `several batches of a file are taken in all or none`() async throws {
        let bench = try InboxBench()
        let shared = "output: {path: \"same.${ext}\"}\n"
        try await bench.run { _ in
            try bench.put(
                InboxBench.manifest("good") + "---\n" + InboxBench.manifest("bad", "a", "b") + shared,
                in: "inbox/two.yaml")
            try await bench.until("it is turned away") { bench.exists("inbox/failed/two.yaml") }
            #expect(try await bench.store.batches().isEmpty)
            try bench.put(InboxBench.manifest("one") + "---\n" + InboxBench.manifest("two"), in: "inbox/both.yaml")
            try await bench.until("both are taken") { bench.started.value.count == 2 }
        }
        let text = try bench.text("inbox/failed/two.error.txt")
        #expect(text.hasPrefix("two.yaml:12:5: error:") && text.contains(#"   12 |   - "b""#), "\(text)")
        #expect(text.hasSuffix("1 error in two.yaml; nothing was submitted\n"))
    }

    @Test func `an inbox that vanishes is waited for`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.rename(bench.path("inbox"), bench.path("away"))
            try await bench.until("that is told") {
                bench.log.value.contains { $0.contains("the inbox cannot be used") }
            }
            try bench.rename(bench.path("away"), bench.path("inbox"))
            bench.clock.advance(by: .seconds(31))
            try await bench.until("it is back") {
                bench.log.value.contains { $0.contains("the inbox can be used again") }
            }
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is taken") { bench.exists("inbox/.accepted/a.yaml") }
            // Another in its place.
            try bench.rename(bench.path("inbox"), bench.path("gone"))
            try FileManager.default.createDirectory(atPath: bench.path("inbox"), withIntermediateDirectories: true)
            try bench.put(InboxBench.manifest("summer"), in: "inbox/b.yaml")
            try await bench.until("it is taken from the new one") {
                bench.clock.advance(by: .seconds(31))
                return bench.exists("inbox/.accepted/b.yaml")
            }
        }
    }

    @Test func `nothing is lost where the state cannot be written`() async throws {
        let bench = try InboxBench()
        try await bench.run(bench.inbox(host: bench.host(.later("no room")))) { _ in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("that is told") {
                bench.log.value.contains { $0.contains("no room; it is tried again") }
            }
        }
        #expect(bench.tree == [".accepted/a.yaml"])
        try await bench.run { _ in
            try await bench.until("it is taken") { try await bench.store.openDrops().count == 1 }
        }
        #expect(bench.started.value.count == 1)
    }

    @Test func `a host's word against a batch is told`() async throws {
        let bench = try InboxBench()
        let error = ManifestErrorSample.make("a.yaml")
        try await bench.run(bench.inbox(host: bench.host(.invalid(error)))) { _ in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is turned away") { bench.exists("inbox/failed/a.yaml") }
        }
        #expect(try bench.text("inbox/failed/a.error.txt").hasPrefix("a.yaml: error: too dear\n"))
    }
}
