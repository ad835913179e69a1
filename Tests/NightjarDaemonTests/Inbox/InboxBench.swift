import Foundation
import Logging
import NightjarCore
import NightjarDaemon
import NightjarFiles
import NightjarStore
import NightjarTestSupport
import Testing

/// An inbox in a folder of a test's own, with a state on disk and a clock that stands until it is told to move.
final class InboxBench: Sendable {
    let folder: TemporaryFolder
    let store: SQLiteStore
    let clock = ManualClock()
    /// Batches that were given to the runner, in order, each time.
    let started = Locked<[BatchID]>([])
    let ends = Locked<[BatchID: EndedBatch]>([:])
    let log = Locked<[String]>([])

    static let end = EndedBatch(
        exit: .success, startedAt: WallTime(milliseconds: 1_772_323_200_000),
        finishedAt: WallTime(milliseconds: 1_772_323_260_000))
    static let timing = Inbox.Timing(settle: .seconds(2), rescan: .seconds(30))

    init(_ folder: TemporaryFolder? = nil) throws {
        let folder = try folder ?? TemporaryFolder()
        self.folder = folder
        // As the inbox will name it.
        try FileManager.default.createDirectory(atPath: folder.path("inbox"), withIntermediateDirectories: true)
        store = try SQLiteStore.open(path: folder.path("state/state.sqlite3"))
    }

    deinit {
        try? store.close()
    }

    var settings: InboxSettings { InboxSettings(path: folder.path("inbox"), output: folder.path("output")) }

    func host(_ refusal: DropRefusal? = nil) -> IntakeHost {
        IntakeHost(
            store: store, time: clock.timekeeper,
            check: { _, _, _ throws(DropRefusal) in if let refusal { throw refusal } },
            runners: Runners(started: started),
            end: { [ends] batch in ends.value[batch] })
    }

    func inbox(
        _ settings: InboxSettings? = nil, host: (any DropHost)? = nil,
        watch: @escaping Inbox.Watch = { folders throws(FolderEvents.Failure) in try FolderEvents(folders) }
    ) -> Inbox {
        let logger = Logger(label: "inbox") { _ in RecordingHandler(lines: self.log) }
        return Inbox(
            settings ?? self.settings, timing: Self.timing, store: store, host: host ?? self.host(), logger: logger,
            time: clock.timekeeper, watch: watch)
    }

    /// Runs an inbox beside `body`, and ends it.
    func run(_ inbox: Inbox? = nil, _ body: (Inbox) async throws -> Void) async throws {
        let inbox = inbox ?? self.inbox()
        let running = Task { await inbox.run() }
        let result: Result<Void, any Error>
        do {
            // It has looked once, and listens.
            try await until("the inbox is ready") { exists("inbox/failed") }
            try await settled()
            result = .success(try await body(inbox))
        } catch {
            result = .failure(error)
        }
        running.cancel()
        await running.value
        try result.get()
    }

    // MARK: Waiting

    struct NotInTime: Error {
        var what: String
        var tree: [String]
        var log: [String]
    }

    func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw NotInTime(what: what, tree: tree, log: log.value) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Returns when the inbox has dealt with all that has happened before.
    func settled() async throws {
        let name = "probe-\(UUID().uuidString)"
        try put("version: 9\n", in: "inbox/\(name).yaml")
        var looks = 0
        try await until("a probe is turned away") {
            looks += 1
            // It came before the inbox listened, and would be waited for.
            if looks % 100 == 0, exists("inbox/\(name).yaml") {
                try? rename(path("inbox/\(name).yaml"), path("outside/\(name)"))
                try? rename(path("outside/\(name)"), path("inbox/\(name).yaml"))
            }
            return exists("inbox/failed/\(name).yaml")
        }
        for ending in ["yaml", "error.txt"] {
            try FileManager.default.removeItem(atPath: path("inbox/failed/\(name).\(ending)"))
        }
    }

    /// Moves the clock, and waits until the inbox has looked.
    func pass(_ time: Duration) async throws {
        clock.advance(by: time)
        try await settled()
    }

    // MARK: Files

    func path(_ name: String) -> String { folder.path(name) }

    func exists(_ name: String) -> Bool { (try? FileManager.default.attributesOfItem(atPath: path(name))) != nil }

    func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    func json(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.url.appending(path: name))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    /// Writes a file elsewhere and renames it to where it belongs.
    func put(_ text: String, in name: String) throws {
        let temporary = try folder.write(text, to: "outside/\(UUID().uuidString)")
        try rename(temporary, path(name))
    }

    func rename(_ from: String, _ to: String) throws {
        if Foundation.rename(from, to) != 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    static func manifest(_ name: String, _ prompts: String...) -> String {
        """
        version: 1
        name: \(name)
        defaults: {model: m}
        prompts:

        """ + (prompts.isEmpty ? ["a fox"] : prompts).map { "  - \"\($0)\"\n" }.joined()
    }

    /// All that lies in the inbox, without its own folders.
    var tree: [String] {
        let all = FileManager.default.enumerator(atPath: path("inbox"))?.compactMap { $0 as? String } ?? []
        return all.filter { ![".accepted", ".accepted/.lock", ".submitted", "done", "failed"].contains($0) }.sorted()
    }

    // MARK: The state

    func batch(_ name: String) async throws -> BatchID { try #require(try await store.knownBatch(named: name)).id }

    func jobs(_ name: String) async throws -> Int {
        try await store.batches().first { $0.settings.name == name }?.total ?? 0
    }

    func end(_ name: String, in inbox: Inbox, as end: EndedBatch = end) async throws {
        let batch = try await batch(name)
        ends.withLock { $0[batch] = end }
        inbox.ended(batch)
    }
}

struct RecordingHandler: LogHandler {
    let lines: Locked<[String]>
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    init(lines: Locked<[String]>) {
        self.lines = lines
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message)") }
    }
}

/// Takes batches in, and notes that they would run.
struct Runners: BatchRunners {
    let started: Locked<[BatchID]>

    func take(_ intake: @Sendable () throws -> [Intake]) async throws -> [BatchID] {
        let batches = try intake().map(\.batch)
        await carryOn(batches)
        return batches
    }

    func carryOn(_ batches: [BatchID]) async {
        started.withLock { $0 += batches }
    }
}
