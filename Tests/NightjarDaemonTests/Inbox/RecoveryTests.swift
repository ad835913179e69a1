import Foundation
import Logging
import NightjarCore
import NightjarDaemon
import NightjarStore
import NightjarTestSupport
import Testing

/// A process that is killed, and the next one.
@Suite(.timeLimit(.minutes(5))) struct RecoveryTests {
    /// Where the first process is killed while it takes a manifest and sees it to its end.
    private static let places: [Failpoint] = [
        .dropParsed, .dropClaimed, .dropTakenIn, .dropNoted, .resultWritten, .dropMoved,
    ]

    /// What is renamed into the inbox.
    enum Way: String, CaseIterable {
        case dropped = "a.yaml"
        case submitted = ".submitted/id"
    }

    @Test(arguments: places, Way.allCases)
    func `a kill at any moment leads to the same end`(place: Failpoint, way: Way) async throws {
        let folder = try TemporaryFolder()
        let manifest = InboxBench.manifest("spring", "one", "two")
        switch way {
        case .dropped: try folder.write(manifest, to: "outside/a.yaml")
        case .submitted:
            try folder.write(manifest.replacing("prompts:", with: "prompts_from: l.txt\nx-p:"), to: "outside/id/a.yaml")
            try folder.write("one\ntwo\n", to: "outside/id/l.txt")
        }
        await #expect(processExitsWith: .signal(SIGKILL)) {

            [path = folder.path as String, name = place.rawValue as String, way = way.rawValue as String] in
            setenv("NIGHTJAR_FAILPOINT", name, 1)
            try await Self.live(at: path, dropping: way)
        }
        try await Self.live(at: folder.path)
        let store = try SQLiteStore.open(path: folder.path("state.sqlite3"))
        let drops = try await store.drops(ofBatch: BatchID(1))
        #expect(drops.map(\.endsAs) == ["a"] && drops.allSatisfy { $0.endedAt != nil && $0.duplicateOf == nil })
        #expect(try await store.batches().map(\.total) == [2])
        try store.close()
        let all = FileManager.default.enumerator(atPath: folder.path("inbox"))?.compactMap { $0 as? String } ?? []
        #expect(
            all.sorted() == [
                ".accepted", ".accepted/.lock", ".submitted", "done", "done/a.result.json", "done/a.yaml", "failed",
            ])
        let data = try Data(contentsOf: folder.url.appending(path: "inbox/done/a.result.json"))
        let result = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect(result?["duplicate_of"] == nil && (result?["batches"] as? [Any])?.count == 1)
    }

    /// Lives until the manifest has ended.
    /// - Parameter name: Of what is renamed into the inbox first.
    private static func live(at path: String, dropping name: String? = nil) async throws {
        let inboxPath = "\(path)/inbox"
        try FileManager.default.createDirectory(
            atPath: "\(inboxPath)/.submitted", withIntermediateDirectories: true)
        let store = try SQLiteStore.open(path: "\(path)/state.sqlite3")
        defer { try? store.close() }
        let host = IntakeHost(
            store: store, time: .system(bootID: "test"), runners: Runners(started: Locked([])),
            end: { _ in InboxBench.end })
        let inbox = Inbox(
            InboxSettings(path: inboxPath, output: "\(path)/output"),
            timing: Inbox.Timing(settle: .milliseconds(10), rescan: .milliseconds(100)), store: store, host: host,
            logger: .init(label: "inbox") { _ in RecordingHandler(lines: Locked([])) }, time: .system(bootID: "test"))
        let running = Task { await inbox.run() }
        if let name { _ = rename("\(path)/outside/\(name.split(separator: "/").last ?? "")", "\(inboxPath)/\(name)") }
        let deadline = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < deadline {
            let drops = try await store.drops(ofBatch: BatchID(1))
            if !drops.isEmpty, drops.allSatisfy({ $0.endedAt != nil }) { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        running.cancel()
        await running.value
    }

    /// As somebody who may not do everything.
    @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
    func `what may not be read or moved is told once, and waited for`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(InboxBench.manifest("spring"), to: "inbox/secret.yaml")
        #expect(chmod(folder.path("inbox/secret.yaml"), 0o600) == 0)
        try folder.write(InboxBench.manifest("summer"), to: "closed/a.yaml")
        for name in [".accepted", ".submitted", "done", "failed"] {
            try FileManager.default.createDirectory(
                atPath: folder.path("closed/\(name)"), withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(atPath: folder.path("own"), withIntermediateDirectories: true)
        for name in ["own", "inbox", "closed/.accepted"] { #expect(chown(folder.path(name), 65534, 65534) == 0) }
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            guard setgid(65534) == 0, setuid(65534) == 0 else { exit(2) }
            let store = try SQLiteStore.open(path: "\(path)/own/state.sqlite3")
            let log = Locked<[String]>([])
            let host = IntakeHost(
                store: store, time: .system(bootID: "test"), runners: Runners(started: Locked([])), end: { _ in nil })
            func inbox(_ name: String) -> Inbox {
                Inbox(
                    InboxSettings(path: "\(path)/\(name)", output: path),
                    timing: Inbox.Timing(settle: .milliseconds(1), rescan: .milliseconds(50)), store: store,
                    host: host, logger: Logger(label: "inbox") { _ in RecordingHandler(lines: log) },
                    time: .system(bootID: "test"))
            }
            let open = inbox("inbox")
            let closed = inbox("closed")
            let running = [Task { await open.run() }, Task { await closed.run() }]
            let deadline = ContinuousClock.now + .seconds(100)
            func has(_ words: String) -> Bool { log.value.contains { $0.contains(words) } }
            while !(has("manifest turned away") && has("may not write there")) {
                guard ContinuousClock.now < deadline else { exit(3) }
                try await Task.sleep(for: .milliseconds(5))
            }
            for task in running { task.cancel() }
            for task in running { await task.value }
            guard log.value.count(where: { $0.contains("may not write there") }) == 1 else { exit(4) }
            guard log.value.count(where: { $0.contains("cannot be read: permission denied") }) == 1 else { exit(5) }
        }
        #expect(FileManager.default.fileExists(atPath: folder.path("closed/a.yaml")))
        let text = try String(contentsOfFile: folder.path("inbox/failed/secret.error.txt"), encoding: .utf8)
        #expect(text.contains("the manifest cannot be read: permission denied"))
    }

    @Test func `a submitted manifest is taken again from its own folder`() async throws {
        let bench = try InboxBench()
        try bench.folder.write(
            InboxBench.manifest("spring").replacing("prompts:", with: "prompts_from: l.txt\nx-p:"),
            to: "inbox/.accepted/id/a.yaml")
        try bench.folder.write("one\ntwo\n", to: "inbox/.accepted/id/l.txt")
        // Of one whose manifest had gone to its end.
        try bench.folder.write("one\n", to: "inbox/.accepted/rest/deep/l.txt")
        try await bench.run { inbox in
            try await bench.until("it is taken") { try await bench.jobs("spring") == 2 }
            try await bench.end("spring", in: inbox)
            try await bench.until("it ends") { bench.exists("inbox/done/a.yaml") }
            try await bench.settled()
        }
        #expect(bench.tree == ["done/a.result.json", "done/a.yaml"])
    }

    @Test func `what an earlier process has taken is carried on`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is noted") { try await bench.store.openDrops().count == 1 }
        }
        let batch = try await bench.batch("spring")
        try await bench.run { inbox in
            try await bench.until("it goes on") { bench.started.value == [batch, batch] }
            try await bench.end("spring", in: inbox)
            try await bench.until("it ends") { bench.exists("inbox/done/a.yaml") }
        }
    }

    @Test func `a manifest that somebody took away still ends`() async throws {
        let bench = try InboxBench()
        try await bench.run { inbox in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is noted") { try await bench.store.openDrops().count == 1 }
            try FileManager.default.removeItem(atPath: bench.path("inbox/.accepted/a.yaml"))
            try await bench.end("spring", in: inbox)
            try await bench.until("it ends") { try await bench.store.openDrops().isEmpty }
        }
        #expect(bench.tree == ["done/a.result.json"])
    }

    @Test func `nobody loses the name that was decided`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("it is noted") { try await bench.store.openDrops().count == 1 }
        }
        // As a crash before the result leaves it; then the name is taken by somebody else's file.
        try await bench.store.decideEnd(ofDrop: 1, as: "a")
        try bench.folder.write("somebody's", to: "inbox/done/a.yaml")
        try await bench.run { inbox in
            try await bench.end("spring", in: inbox)
            try await bench.until("it ends") { try await bench.store.openDrops().isEmpty }
        }
        #expect(try bench.text("inbox/done/a.yaml") == "somebody's")
        #expect(bench.tree == ["done/a-2.result.json", "done/a-2.yaml", "done/a.yaml"])
    }
}
