import Dispatch
import Foundation
import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// What may lie where the state should: nothing of it is overwritten, and a person is told what to do.
@Suite(.timeLimit(.minutes(5)))
struct StateSafetyTests {
    private static let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures/schema-v1.sqlite")

    private static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private static func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private static func words(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "opened"
        } catch let error as StoreFailure {
            switch error {
            case .unwritable(let words): return "unwritable: \(words)"
            case .damaged(let words): return "damaged: \(words)"
            case .newer(let words): return "newer: \(words)"
            case .other(let words): return "other: \(words)"
            }
        } catch {
            return "\(error)"
        }
    }

    private static func open(_ path: String) -> String {
        words { try SQLiteStore.open(path: path).close() }
    }

    /// A state with jobs, closed; or as a killed process leaves it, with its log.
    private static func state(_ path: String, jobs: Int, isKilled: Bool = false) async throws {
        let live = isKilled ? path + ".live" : path
        let store = try SQLiteStore.open(path: live)
        let batch = try store.takeIn(BatchSettings(name: "a"), (0..<jobs).map { .sample("\(path) \($0)") }).batch
        if isKilled {
            _ = try await store.claim(jobs / 2, of: batch, now: Opened.now)
            for end in ["", "-wal"] { try FileManager.default.copyItem(atPath: live + end, toPath: path + end) }
        }
        try store.close()
    }

    // MARK: Migration

    @Test func `a state is copied before it is migrated, and no copy is overwritten`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        for name in ["s.sqlite3.v1.bak", "s.sqlite3.v1.bak-2"] {
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(atPath: Self.fixture.path, toPath: path)
            #expect(Self.open(path) == "opened")
            #expect(try Self.mode(folder.path(name)) == 0o600)
            let copy = try DatabaseQueue(path: folder.path(name))
            let kept = try await copy.read { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs WHERE state = 'unknown'")
            }
            #expect(kept == 1)
            try copy.close()
        }
        #expect(Self.open(path) == "opened")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(files == ["s.sqlite3", "s.sqlite3.v1.bak", "s.sqlite3.v1.bak-2"])
        let fresh = folder.path("new/s.sqlite3")
        #expect(Self.open(fresh) == "opened")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("new")) == ["s.sqlite3"])
    }

    @Test func `where the copy cannot be made nothing is changed`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try FileManager.default.copyItem(atPath: Self.fixture.path, toPath: path)
        try folder.write("", to: "s.sqlite3.bak.part/in-the-way")
        let words = Self.open(path)
        #expect(words.hasPrefix("unwritable: the state `\(path)` is to be copied before it is changed"), "\(words)")
        #expect(try Self.bytes(path) == Data(contentsOf: Self.fixture))
        try FileManager.default.removeItem(atPath: folder.path("s.sqlite3.bak.part"))
        #expect(Self.open(path) == "opened")
    }

    @Test func `a state of version 1 can be read before it is migrated`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try FileManager.default.copyItem(atPath: Self.fixture.path, toPath: path)
        let store = try #require(try SQLiteStore.openForReading(path: path))
        #expect(try await store.batches().first?.held == [:])
        #expect(try await store.jobs().count == 7)
        let found = try #require(try await store.findJobs("remote-2", batch: nil).first)
        #expect(try await store.story(of: found.id)?.submissions.map(\.outcome) == [.submitted])
        #expect(Self.words { _ = try SQLiteStore.openBeside(path: path) }.hasPrefix("other: "))
        try store.close()
    }

    @Test func `what a newer version wrote is refused, with the version it needs`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        let store = try SQLiteStore.open(path: path)
        try store.database.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('5')")
            try db.execute(sql: "UPDATE facts SET value = '0.7.0' WHERE name = 'needs'")
        }
        try store.close()
        let expected =
            "newer: the state was written by nightjar 0.7.0 or newer; use that one, or another `--state`"
        #expect(Self.open(path) == expected)
        #expect(Self.words { _ = try SQLiteStore.openForReading(path: path) } == expected)
        #expect(Self.words { _ = try SQLiteStore.openBeside(path: path) } == expected)
    }

    // MARK: What lies there

    @Test func `a folder, a link and another program's database are refused`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "folder/x")
        #expect(Self.open(folder.path("folder")).contains("is a folder; name a file with `--state`"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link"), withDestinationPath: folder.path("real"))
        #expect(Self.open(folder.path("link")).contains("is a symbolic link"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("real")))
        for sql in [
            "CREATE TABLE bookmarks(x)", "CREATE TABLE grdb_migrations(identifier TEXT); CREATE TABLE queue(x)",
        ] {
            let path = folder.path("other-\(sql.count)")
            let other = try DatabaseQueue(path: path)
            try other.write { try $0.execute(sql: sql) }
            try other.close()
            let before = try Self.bytes(path)
            #expect(Self.open(path).contains("is a database of another program"))
            #expect(try Self.bytes(path) == before)
        }
    }

    @Test func `an empty file is a new state, unless its log is not empty`() async throws {
        let folder = try TemporaryFolder()
        #expect(Self.open(try folder.write("", to: "empty")) == "opened")
        let path = folder.path("s.sqlite3")
        try await Self.state(path, jobs: 50, isKilled: true)
        try folder.write("", to: "s.sqlite3")
        let log = try Self.bytes(path + "-wal")
        #expect(Self.open(path).hasPrefix("damaged: the state `\(path)` is empty, though its log"))
        #expect(try Self.bytes(path + "-wal") == log)
        // A reader would take the log away too.
        #expect(Self.words { _ = try SQLiteStore.openForReading(path: path) }.hasPrefix("damaged: "))
        #expect(Self.words { _ = try SQLiteStore.openBeside(path: path) }.hasPrefix("damaged: "))
        #expect(try Self.bytes(path + "-wal") == log)
    }

    @Test(arguments: ["-wal", "-journal"])
    func `a file that is missing beside its log is not made anew, and can be put back`(end: String) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try await Self.state(path, jobs: 50, isKilled: true)
        if end != "-wal" { try FileManager.default.moveItem(atPath: path + "-wal", toPath: path + end) }
        let log = try Self.bytes(path + end)
        try FileManager.default.moveItem(atPath: path, toPath: folder.path("elsewhere"))
        for words in [
            Self.open(path), Self.words { _ = try SQLiteStore.openForReading(path: path) },
            Self.words { _ = try SQLiteStore.openBeside(path: path) },
        ] {
            #expect(
                words.hasPrefix("damaged: the state `\(path)` is missing, though its log `\(path)\(end)` "), "\(words)")
            #expect(words.contains("put it back") && words.contains("backup"), "\(words)")
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try Self.bytes(path + end) == log)
        try FileManager.default.moveItem(atPath: folder.path("elsewhere"), toPath: path)
        if end != "-wal" { try FileManager.default.moveItem(atPath: path + end, toPath: path + "-wal") }
        #expect(Self.open(path) == "opened")
        #expect(try await SQLiteStore.open(path: path).batches().first?.counts == [.pending: 25, .submitting: 25])
    }

    @Test func `what is left of a first start that was killed is no obstacle`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "journal")
        try folder.write("begun", to: "journal-journal")
        #expect(Self.open(folder.path("journal")) == "opened")
        try folder.write("", to: "empty-wal")
        try folder.write("", to: "empty-journal")
        #expect(Self.open(folder.path("empty")) == "opened")
    }

    enum Damage: CaseIterable, Sendable {
        case text, cutShort, pages, pagesAfterCrash, logOfAnother
    }

    @Test(arguments: Damage.allCases) func `what is damaged is left as it is, and help is given`(damage: Damage)
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try await Self.state(path, jobs: 3000)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        switch damage {
        case .text: try handle.write(contentsOf: Data("this is no database".utf8))
        case .cutShort: try handle.truncate(atOffset: 4096 * 100)
        case .pages:
            try handle.seek(toOffset: 4096 * 40)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096 * 60))
        case .pagesAfterCrash:
            let live = try SQLiteStore.open(path: path)
            _ = try await live.claim(1, of: BatchID(1), now: Opened.now)
            let log = try Self.bytes(path + "-wal")
            try live.close()
            try log.write(to: URL(fileURLWithPath: path + "-wal"))
            try handle.seek(toOffset: 4096 * 40)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096 * 60))
        case .logOfAnother:
            try await Self.state(folder.path("other.sqlite3"), jobs: 900, isKilled: true)
            try FileManager.default.copyItem(atPath: folder.path("other.sqlite3-wal"), toPath: path + "-wal")
        }
        try handle.close()
        let before = try Self.bytes(path)
        let words = Self.open(path)
        #expect(words.hasPrefix("damaged: the state `\(path)` "), "\(words)")
        #expect(words.contains(".recover"), "\(words)")
        #expect(try Self.bytes(path) == before)
    }

    @Test func `a state as a killed process leaves it is opened`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try await Self.state(path, jobs: 50, isKilled: true)
        #expect(Self.open(path) == "opened")
        #expect(try await SQLiteStore.open(path: path).batches().first?.counts == [.pending: 25, .submitting: 25])
    }

    @Test func `a check that takes too long is given up, and the state opened`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try await Self.state(path, jobs: 5000)
        for microseconds in 0..<60 {
            try StateFile(path: path, longestCheck: .microseconds(microseconds * 100)).check()
        }
        #expect(Self.open(path) == "opened")
    }

    // MARK: Network

    @Test(arguments: ["nfs4", "cifs", "ceph", "fuse.sshfs"]) func `a state on a network file system is refused`(
        name: String
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        let words = Self.words { _ = try SQLiteStore.open(path: path, fileSystems: FileSystems { _ in name }) }
        #expect(words.hasPrefix("unwritable: the state `\(path)` would lie on a network file system (\(name))"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: ["ext4", "btrfs", "9p", "fuse", "fuseblk", "fuse.gocryptfs", nil])
    func `a state on a disk of this machine is not`(name: String?) throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteStore.open(path: folder.path("s"), fileSystems: FileSystems { _ in name })
        try store.close()
    }

    @Test func `the file system is found by the device's number`() throws {
        let table = """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            30 22 0:54 / /mnt/a\\040b rw,nosuid shared:9 master:2 - fuse.sshfs host:/x rw,user_id=0
            31 22 259:300 / /data rw - nfs4 host:/data rw
            """
        #expect(FileSystems.name(ofDevice: 0x801, in: table) == "ext4")
        #expect(FileSystems.name(ofDevice: 54, in: table) == "fuse.sshfs")
        #expect(FileSystems.name(ofDevice: 259 << 8 | 300 & 0xFF | (300 >> 8) << 20, in: table) == "nfs4")
        #expect(FileSystems.name(ofDevice: 77, in: table) == nil)
    }

    // MARK: Deciding beside a run

    @Test func `a decision is left beside the process that runs, and carried out there`() async throws {
        let opened = try Opened(.file)
        let path = opened.folder.path("state/state.sqlite3")
        #expect(try SQLiteStore.openBeside(path: opened.folder.path("none")) == nil)
        let batch = try opened.takeIn([.sample("a")]).batch
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "no"))])
        let beside = try #require(try SQLiteStore.openBeside(path: path))
        let key = try await opened.store.jobs()[0].key.description
        let job = try #require(try await beside.findJobs(String(key.prefix(6)), batch: "spring").first)
        let number = try await beside.leave(.retry, for: job.id, now: Opened.now)
        #expect(try await beside.outcome(ofDecision: number) == nil)
        #expect(try await opened.store.carryOutDecisions(now: Opened.now).count == 1)
        #expect(try await beside.outcome(ofDecision: number)?.result == .moved(from: .failed, to: .pending))
        try beside.close()
    }
}
