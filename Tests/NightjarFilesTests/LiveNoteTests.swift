import Foundation
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LiveNoteTests {
    private static func snapshot(_ unfinished: Int, at second: Int = 0) -> RunSnapshot {
        RunSnapshot(
            command: .run, pid: ProcessInfo.processInfo.processIdentifier, startedAt: WallTime(milliseconds: 1000),
            writtenAt: WallTime(milliseconds: Int64(second) * 1000), concurrency: 8,
            rate: Rate(requests: 5, per: .second), unfinished: unfinished,
            waits: ["spring": .init(.paused, "is paused", action: "nightjar resume spring")])
    }

    /// Waits for what another task writes.
    private static func eventually(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test func `the note is there while its process says so, changes with it, and goes`() async throws {
        let folder = try TemporaryFolder()
        let state = folder.path("state.sqlite3")
        let note = LiveNote(state: state)
        #expect(note.read() == nil)
        let current = Mutex(Self.snapshot(1))
        let views = Mutex(0)
        let writer = LiveNoteWriter(state: state) {
            let count = views.withLock { views in
                views += 1
                return views
            }
            var snapshot = current.withLock { $0 }
            snapshot.writtenAt = WallTime(milliseconds: Int64(count))
            return snapshot
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await writer.run() }
            try await Self.eventually { note.read() != nil }
            #expect(note.read()?.waits == Self.snapshot(1).waits)
            let attributes = try FileManager.default.attributesOfItem(atPath: state + ".live")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            // Where nothing has changed but the time, nothing is written.
            try await Self.eventually { views.withLock { $0 } >= 2 }
            #expect(note.read()?.writtenAt == WallTime(milliseconds: 1))
            current.withLock { $0 = Self.snapshot(2) }
            try await Self.eventually { note.read()?.unfinished == 2 }
            group.cancelAll()
        }
        #expect(note.read() == nil)
        #expect(folder.tree == [])
    }

    @Test func `a note that cannot be written is known to be old until it can`() async throws {
        let folder = try TemporaryFolder()
        let state = folder.path("state.sqlite3")
        let note = LiveNote(state: state)
        let current = Mutex(Self.snapshot(1))
        let writer = LiveNoteWriter(state: state) { current.withLock { $0 } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await writer.run() }
            try await Self.eventually { note.read() != nil }
            #expect(note.read()?.isStale == false)
            // Stands where a new note is made, as a full disk does.
            let obstacle = state + ".live.part"
            try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
            current.withLock { $0 = Self.snapshot(2) }
            try await Self.eventually { note.read()?.isStale == true }
            #expect(note.read()?.unfinished == 1)
            // Back to what the old note says already.
            current.withLock { $0 = Self.snapshot(1) }
            try FileManager.default.removeItem(atPath: obstacle)
            try await Self.eventually { note.read()?.isStale == false }
            #expect(note.read()?.unfinished == 1)
            group.cancelAll()
        }
        #expect(folder.tree == [])
    }

    @Test func `a note whose process is gone, or is another one, does not count`() async throws {
        let folder = try TemporaryFolder()
        let state = folder.path("state.sqlite3")
        let writer = LiveNoteWriter(state: state) { Self.snapshot(1) }
        let writing = Task { await writer.run() }
        try await Self.eventually { LiveNote(state: state).read() != nil }
        let text = try String(contentsOfFile: state + ".live", encoding: .utf8)
        writing.cancel()
        await writing.value
        func read(_ change: (inout [String: Any]) -> Void) throws -> RunSnapshot? {
            var object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            var process = try #require(object["process"] as? [String: Any])
            change(&process)
            object["process"] = process
            try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: state + ".live"))
            return LiveNote(state: state).read()
        }
        #expect(try read { _ in } != nil)
        #expect(try read { $0["startedAt"] = "1" } == nil)
        #expect(try read { $0["bootID"] = "another" } == nil)
        #expect(try read { $0["pid"] = 1 } == nil)
        try "{".write(toFile: state + ".live", atomically: false, encoding: .utf8)
        #expect(LiveNote(state: state).read() == nil)
    }
}
