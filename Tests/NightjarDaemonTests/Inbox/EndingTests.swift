import Foundation
import NightjarCore
import NightjarDaemon
import NightjarStore
import NightjarTestSupport
import Testing

/// How drops end.
@Suite(.timeLimit(.minutes(5))) struct EndingTests {
    @Test func `the same content is done once, and ends wherever it was dropped`() async throws {
        let bench = try InboxBench()
        let text = InboxBench.manifest("spring")
        try await bench.run { inbox in
            try bench.put(text, in: "inbox/a.yaml")
            try await bench.until("it is taken") { bench.started.value.count == 1 }
            try bench.put(text, in: "inbox/b.yaml")
            try await bench.until("it is taken too") { try await bench.store.openDrops().count == 2 }
            try await bench.end("spring", in: inbox)
            try await bench.until("both end") { try await bench.store.openDrops().isEmpty }
            try bench.put(text, in: "inbox/a.yaml")
            try await bench.until("a third one ends at once") { bench.exists("inbox/done/a-2.yaml") }
        }
        #expect(bench.started.value.count == 1)
        #expect(
            bench.tree == [
                "done/a-2.result.json", "done/a-2.yaml", "done/a.result.json", "done/a.yaml", "done/b.result.json",
                "done/b.yaml",
            ])
        #expect(try bench.json("inbox/done/a.result.json")["duplicate_of"] == nil)
        for name in ["b", "a-2"] {
            let result = try bench.json("inbox/done/\(name).result.json")
            #expect(result["duplicate_of"] as? String == "a" && result["exit"] as? Int == 0)
        }
    }

    @Test func `an edit is taken in under the same name, and back again`() async throws {
        let bench = try InboxBench()
        try await bench.run { inbox in
            for (number, prompts) in [["one"], ["two"], ["one"]].enumerated() {
                try bench.put(InboxBench.manifest("spring", prompts[0]), in: "inbox/a.yaml")
                try await bench.until("it is taken") { bench.started.value.count == number + 1 }
            }
            try await bench.until("it is noted") { try await bench.store.openDrops().count == 3 }
            try await bench.end("spring", in: inbox)
            try await bench.until("all end") { try await bench.store.openDrops().isEmpty }
        }
        #expect(try await bench.jobs("spring") == 2)
        let drops = try await bench.store.drops(ofBatch: bench.batch("spring"))
        #expect(drops.map(\.endsAs) == ["a", "a-2", "a-3"] && drops.allSatisfy { $0.duplicateOf == nil })
    }

    @Test func `a name in done that is taken is passed over, whatever has it`() async throws {
        let bench = try InboxBench()
        for name in ["a.yml", "a-2.result.json", "a-3.yaml"] { try bench.folder.write("", to: "inbox/done/\(name)") }
        try await bench.run { inbox in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yml")
            try await bench.until("it is taken") { bench.started.value.count == 1 }
            try await bench.end("spring", in: inbox)
            try await bench.until("it ends") { bench.exists("inbox/done/a-4.yml") }
        }
        #expect(try bench.text("inbox/done/a-3.yaml") == "")
    }

    @Test func `a result is written again when jobs were tried again, and only the last one of its batch`() async throws
    {
        let bench = try InboxBench()
        try await bench.run { inbox in
            for (number, prompt) in ["one", "two"].enumerated() {
                try bench.put(InboxBench.manifest("spring", prompt), in: "inbox/a.yaml")
                try await bench.until("it is taken") { bench.started.value.count == number + 1 }
                try await bench.end(
                    "spring", in: inbox,
                    as: EndedBatch(
                        exit: .someFailed, startedAt: InboxBench.end.startedAt, finishedAt: InboxBench.end.finishedAt))
                let batch = try await bench.batch("spring")
                try await bench.until("it ends") {
                    let drops = try await bench.store.drops(ofBatch: batch)
                    return drops.count == number + 1 && drops.allSatisfy { $0.endedAt != nil }
                }
                bench.ends.withLock { $0[batch] = nil }
            }
            try await bench.end("spring", in: inbox)
            try await bench.until("the result is new") {
                try bench.json("inbox/done/a-2.result.json")["exit"] as? Int == 0
            }
        }
        #expect(try bench.json("inbox/done/a.result.json")["exit"] as? Int == 3)
    }

    @Test func `a result tells of every batch, and ends as the gravest`() async throws {
        let bench = try InboxBench()
        try await bench.run { inbox in
            try bench.put(InboxBench.manifest("one") + "---\n" + InboxBench.manifest("two"), in: "inbox/a.yaml")
            try await bench.until("both are taken") { bench.started.value.count == 2 }
            let batch = try await bench.batch("one")
            let job = try #require(try await bench.store.claim(1, of: batch, now: bench.clock.wall).first)
            try await bench.store.record(
                JobChange(
                    job: job.id, batch: batch, from: .submitting, to: .failed(FailureCause(.rejected, "no such model")),
                    at: bench.clock.wall))
            try await bench.end(
                "one", in: inbox,
                as: EndedBatch(exit: .someFailed, startedAt: bench.clock.wall, finishedAt: bench.clock.wall))
            try await bench.settled()
            #expect(!bench.exists("inbox/done/a.yaml"))
            try await bench.end(
                "two", in: inbox,
                as: EndedBatch(exit: .timeLimit, startedAt: bench.clock.wall, finishedAt: bench.clock.wall))
            try await bench.until("it ends") { bench.exists("inbox/done/a.yaml") }
        }
        let result = try bench.json("inbox/done/a.result.json")
        #expect(result["exit"] as? Int == 10)
        let batches = try #require(result["batches"] as? [[String: Any]])
        #expect(batches.map { $0["name"] as? String } == ["one", "two"])
        let failure = try #require((batches[0]["failures"] as? [[String: Any]])?.first)
        #expect(failure["kind"] as? String == "rejected" && failure["message"] as? String == "no such model")
        #expect((failure["key"] as? String)?.isEmpty == false && failure["id"] is NSNull)
        #expect(batches[0]["failures_omitted"] as? Int == 0)
    }

    @Test func `what ends after the inbox has stopped has its result`() async throws {
        let bench = try InboxBench()
        let inbox = bench.inbox()
        try await bench.run(inbox) { _ in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is noted") { try await bench.store.openDrops().count == 1 }
        }
        try await bench.end("spring", in: inbox)
        await inbox.finish()
        #expect(bench.tree == ["done/a.result.json", "done/a.yaml"])
        #expect(try await bench.store.openDrops().isEmpty)
    }

    @Test func `a result that cannot be written is written later`() async throws {
        let bench = try InboxBench()
        try await bench.run { inbox in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is noted") { try await bench.store.openDrops().count == 1 }
            try FileManager.default.removeItem(atPath: bench.path("inbox/done"))
            try bench.folder.write("", to: "inbox/done")
            try await bench.end("spring", in: inbox)
            try await bench.until("that is told") {
                bench.log.value.contains { $0.contains("results cannot be written") }
            }
            #expect(bench.exists("inbox/.accepted/a.yaml"))
            try FileManager.default.removeItem(atPath: bench.path("inbox/done"))
            try await bench.until("it ends") {
                bench.clock.advance(by: .seconds(31))
                return bench.exists("inbox/done/a.yaml")
            }
            try await bench.until("that is on record") { try await bench.store.openDrops().isEmpty }
        }
        #expect(bench.tree == ["done/a.result.json", "done/a.yaml"])
    }

    @Test func `what is written has the mode of the configuration`() async throws {
        let bench = try InboxBench()
        var settings = bench.settings
        settings.mode = 0o640
        settings.group = "\(getgid())"
        try await bench.run(bench.inbox(settings)) { inbox in
            try bench.put("version: 9", in: "inbox/bad.yaml")
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is taken") { bench.started.value.count == 1 }
            try await bench.end("spring", in: inbox)
            try await bench.until("both end") {
                bench.exists("inbox/done/a.yaml") && bench.exists("inbox/failed/bad.yaml")
            }
        }
        func mode(_ name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: bench.path("inbox/\(name)"))[.posixPermissions] as? Int
        }
        for name in ["done/a.result.json", "failed/bad.error.txt"] { #expect(try mode(name) == 0o640, "\(name)") }
        for name in ["done", "failed", ".accepted"] { #expect(try mode(name) == 0o750, "\(name)") }
    }

    @Test func `what a submit that was killed has left is deleted after a day`() async throws {
        let bench = try InboxBench()
        for (name, days) in [("old", 2.0), ("new", 0.5)] {
            try bench.folder.write("", to: "inbox/.submitted/.tmp-\(name)/a.yaml")
            let time = Double(bench.clock.wall.milliseconds) / 1000 - days * 86_400
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: time)],
                ofItemAtPath: bench.path("inbox/.submitted/.tmp-\(name)"))
        }
        try await bench.run { _ in try await bench.settled() }
        #expect(bench.tree == [".submitted/.tmp-new", ".submitted/.tmp-new/a.yaml"])
    }

    @Test func `what was submitted is taken from its folder alone, and the folder goes with it`() async throws {
        let bench = try InboxBench()
        let text = """
            version: 1
            name: NAME
            defaults: {model: m}
            prompts_from: list.txt
            """
        for name in ["spring", "bad"] {
            try bench.folder.write(text.replacing("NAME", with: name), to: "outside/\(name)/\(name).yaml")
        }
        try bench.folder.write("a\nb\n", to: "outside/spring/list.txt")
        // Beside the inbox's other files, not beside its own.
        try bench.folder.write("a\n", to: "inbox/list.txt")
        try await bench.run { inbox in
            for name in ["spring", "bad"] {
                try bench.rename(bench.path("outside/\(name)"), bench.path("inbox/.submitted/id-\(name)"))
            }
            try await bench.until("one is taken") { try await bench.jobs("spring") == 2 }
            #expect(bench.exists("inbox/.accepted/id-spring/list.txt"))
            try await bench.end("spring", in: inbox)
            try await bench.until("both end") {
                bench.exists("inbox/done/spring.yaml") && bench.exists("inbox/failed/bad.yaml")
            }
            try await bench.until("that is on record") { try await bench.store.openDrops().isEmpty }
            try await bench.settled()
        }
        #expect(
            bench.tree == [
                "done/spring.result.json", "done/spring.yaml", "failed/bad.error.txt", "failed/bad.yaml", "list.txt",
            ])
        #expect(try bench.text("inbox/failed/bad.error.txt").contains("`list.txt` cannot be read: no such file"))
    }
}
