import Foundation
import GRDB
import GRDBSQLite
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

@Suite(.timeLimit(.minutes(5)))
struct StateFileTests {
    private static func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `every commit is synced`() async throws {
        let opened = try Opened(.file)
        let level = try await opened.store.database.writeWithoutTransaction { db in
            try Int.fetchOne(db, sql: "PRAGMA synchronous")
        }
        #expect(level == 2)
        let journal = try await opened.store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(journal == "wal")
    }

    @Test func `the folder is 0700, every file of the state 0600`() async throws {
        let opened = try Opened(.file)
        try opened.takeIn([.sample("a")])
        let folder = opened.folder.path("state")
        #expect(try Self.mode(folder) == 0o700)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(files.count == 3)
        for file in files { #expect(try Self.mode("\(folder)/\(file)") == 0o600, "\(file)") }
    }

    @Test func `opening again migrates nothing twice and keeps the salt`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        let first = try SQLiteStore.open(path: path)
        let salt = first.salt
        try first.close()
        let second = try SQLiteStore.open(path: path)
        #expect(second.salt == salt)
        try second.close()
    }

    @Test func `a reader sees what the writer commits, and reads after it has closed`() async throws {
        let opened = try Opened(.file)
        let path = opened.folder.path("state/state.sqlite3")
        let batch = try opened.takeIn([.sample("a"), .sample("b")]).batch
        let reader = try #require(try SQLiteStore.openForReading(path: path))
        #expect(try await reader.jobs().count == 2)
        try await opened.claim(batch)
        #expect(try await reader.batches().first?.counts == [.pending: 1, .submitting: 1])
        try reader.close()
        try opened.store.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        let later = try #require(try SQLiteStore.openForReading(path: path))
        #expect(try await later.jobs().count == 2)
        await #expect(throws: StoreFailure.self) { try await later.retryFailed([batch], now: Opened.now) }
    }

    @Test func `no file, and one with nothing in it yet, are no state`() throws {
        let folder = try TemporaryFolder()
        #expect(try SQLiteStore.openForReading(path: folder.path("none")) == nil)
        #expect(try SQLiteStore.openForReading(path: folder.write("", to: "empty")) == nil)
    }

    @Test func `a state that is just being made is none yet`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE begun(x)") }
        #expect(try SQLiteStore.openForReading(path: path) == nil)
        try queue.write { try $0.execute(sql: "CREATE TABLE grdb_migrations(identifier TEXT PRIMARY KEY)") }
        #expect(try SQLiteStore.openForReading(path: path) == nil)
    }

    @Test func `a state of a newer version is refused`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        let store = try SQLiteStore.open(path: path)
        try store.database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
        try store.close()
        let newer = { (error: any Error) in if case StoreFailure.newer = error { true } else { false } }
        #expect { try SQLiteStore.open(path: path) } throws: { newer($0) }
        #expect { try SQLiteStore.openForReading(path: path) } throws: { newer($0) }
    }

    @Test func `what is not a database, and what is damaged, are said to be damaged`() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write(String(repeating: "not a database. ", count: 512), to: "text")
        let damaged = { (error: any Error) in if case StoreFailure.damaged = error { true } else { false } }
        #expect { try SQLiteStore.open(path: text) } throws: { damaged($0) }
        #expect { try SQLiteStore.openForReading(path: text) } throws: { damaged($0) }
        #expect(try String(contentsOfFile: text, encoding: .utf8).hasPrefix("not a database"))
    }

    @Test func `pages that are overwritten are found when they are read`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        let store = try SQLiteStore.open(path: path)
        try store.takeIn(BatchSettings(name: "a"), (0..<2000).map { PlannedJob.sample("prompt \($0)") })
        try store.close()
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: 4096 * 12)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096 * 30))
        try handle.close()
        await #expect {
            let again = try SQLiteStore.open(path: path)
            _ = try await again.jobs()
            _ = try await again.recover(now: Opened.now)
        } throws: { error in
            if case StoreFailure.damaged = error { true } else { false }
        }
    }

    @Test func `a folder that cannot be made is named`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        #expect(
            throws: StoreFailure.unwritable(
                "the state folder `\(folder.path("file/below"))` cannot be made: file exists")
        ) {
            try SQLiteStore.open(path: folder.path("file/below/s.sqlite3"))
        }
    }

    @Test func `the queries of a run find what is left to do by its index`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a")]).batch
        let statements = Locked<[String]>([])
        try await opened.store.database.write { db in
            db.trace { event in
                if case .statement(let statement) = event { statements.withLock { $0.append(statement.sql) } }
            }
        }
        _ = try await opened.store.recover(now: Opened.now)
        _ = try await opened.store.claim(1, of: batch, now: Opened.now)
        _ = try await opened.store.nextDue([batch])
        _ = try await opened.store.modelsToSubmit([batch])
        try await opened.store.database.write { $0.trace() }
        let queries = statements.value.filter { $0.contains("FROM jobs") && $0.contains("state") }
        #expect(queries.count >= 6)
        for query in queries {
            let plan = try await opened.store.read { db in
                let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + query)
                let count = Int(sqlite3_bind_parameter_count(statement.sqliteStatement))
                return try Row.fetchAll(statement, arguments: StatementArguments(repeatElement(1, count: count)))
                    .map { $0["detail"] as String }
            }
            let usesIndex = plan.contains {
                $0.contains("jobs_unfinished (batch_id=? AND state=?") || $0.contains("jobs_waiting")
            }
            #expect(usesIndex, "\(query): \(plan)")
        }
    }

    @Test func `the index of what is left to do holds the states that are not final`() async throws {
        let states = JobState.allCases.map(\.rawValue)
        let unfinished = try await Opened(.memory).store.read { db in
            try states.filter { state in
                let sql = "SELECT 1 FROM (SELECT ? AS state) WHERE \(SQLiteStore.isUnfinished)"
                return try Int.fetchOne(db, sql: sql, arguments: [state]) != nil
            }
        }
        #expect(unfinished == JobState.allCases.filter { !$0.isFinal }.map(\.rawValue))
    }

    @Test func `no statement of a run reads all jobs or all submissions`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn((0..<8).map { .sample("p \($0)") }).batch
        let store = opened.store
        let statements = Locked<Set<String>>([])
        try await store.database.write { db in
            db.trace { event in
                if case .statement(let statement) = event { statements.withLock { _ = $0.insert(statement.sql) } }
            }
        }
        let id = RemoteJobID("j")
        let taken = Fingerprint(model: "model-a", seed: 1)
        _ = try await store.claim(1, of: batch, avoiding: [taken], now: Opened.now)
        _ = try await store.recover(now: Opened.now)
        try await opened.claim(batch, then: [.pending(attempt: 0)])
        try await opened.claim(
            batch,
            then: [
                .submitted(id, attempt: 1), .ready(id, RemoteResult(url: ""), attempt: 1),
                .failed(FailureCause(.disk, "")),
            ])
        let lost = try await opened.lose(batch)
        _ = try await opened.claimedAgain(lost.id)
        _ = try await store.leave(.retry, for: lost.id, now: Opened.now)
        _ = try await store.carryOutDecisions(now: Opened.now)
        try await store.noteAnchors([id], at: Opened.moment())
        _ = try await store.openSubmissions()
        _ = try await store.knownIDs(among: [id])
        _ = try await store.noteDuplicate(RemoteJobID("d"), of: lost.id, price: .zero, now: Opened.now)
        _ = try await store.duplicates(of: batch)
        _ = try await store.batches()
        _ = try await store.story(of: lost.id)
        _ = try await store.runningJob(lost.id)
        try await store.checkInvariants()
        try await store.database.write { $0.trace() }
        let queries = statements.value.filter {
            ["SELECT", "UPDATE", "DELETE", "WITH"].contains($0.prefix { $0 != " " })
        }
        #expect(queries.count > 20)
        for query in queries {
            let plan = try await store.read { db in
                let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + query)
                let count = Int(sqlite3_bind_parameter_count(statement.sqliteStatement))
                return try Row.fetchAll(statement, arguments: StatementArguments(repeatElement("[]", count: count)))
                    .map { $0["detail"] as String }
            }
            // These two hold only what is open, and what a person has paused.
            let scans = plan.filter {
                $0.hasPrefix("SCAN") && !$0.contains("submissions_open") && !$0.contains("jobs_paused")
            }
            let names = ["jobs", "submissions", "s", "earlier", "last"]
            let isBad = scans.contains { scan in
                names.contains { scan == "SCAN \($0)" || scan.hasPrefix("SCAN \($0) ") }
            }
            #expect(!isBad, "\(query): \(plan)")
        }
    }
}
