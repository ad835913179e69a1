import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

@Suite(.timeLimit(.minutes(5)))
struct GroupCommitTests {
    private struct Broken: Error {}

    @Test func `many writes at once are all durable, one that fails takes no other with it`() async throws {
        let opened = try Opened(.file)
        let batch = try opened.takeIn([.sample("a")]).batch
        let failures = Locked(0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    do {
                        try await opened.store.perform { transaction in
                            transaction.touch(batch, at: Opened.now, spent: Money(micros: 1))
                            try transaction.db.execute(
                                sql: "INSERT INTO facts VALUES (?, '')", arguments: ["fact \(number)"])
                            if number % 50 == 0 { throw Broken() }
                        }
                    } catch {
                        failures.withLock { $0 += 1 }
                    }
                }
            }
        }
        #expect(failures.value == 10)
        // Another connection sees only what was committed.
        let reader = try #require(try SQLiteStore.openForReading(path: opened.folder.path("state/state.sqlite3")))
        let kept = try await reader.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM facts WHERE name LIKE 'fact %'")
        }
        #expect(kept == 490)
        #expect(try await reader.batches().first?.spent == Money(micros: 490))
    }

    @Test func `a cancelled task still writes`() async throws {
        let opened = try Opened(.memory)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await opened.store.perform { try $0.db.execute(sql: "INSERT INTO facts VALUES ('late', '')") }
        }
        try await task.value
    }
}
