internal import GRDB
internal import NightjarCore
internal import Synchronization

/// Many small writes, one commit: what is asked for while a commit is under way goes into the next one.
///
/// With `synchronous=FULL` a commit waits for the disk, so sharing it is what makes hundreds of jobs a second possible.
/// A write that fails takes no other with it: the commit is rolled back and each is done again on its own.
final class GroupCommit: Sendable {
    /// One transaction, with the sums that its writes add up before it ends.
    final class Transaction {
        let db: Database
        private var counts: [CountKey: Int] = [:]
        private var touched: [BatchID: (spent: Int64, billed: Int64, at: Int64)] = [:]

        private struct CountKey: Hashable {
            let batch: BatchID
            let state: JobState
        }

        init(_ db: Database) {
            self.db = db
        }

        func count(_ batch: BatchID, _ state: JobState, _ change: Int) {
            counts[CountKey(batch: batch, state: state), default: 0] += change
        }

        /// By how much the counts of a batch change.
        func changes(of batch: BatchID) -> [JobState: Int] {
            var changes: [JobState: Int] = [:]
            for (key, change) in counts where key.batch == batch && change != 0 { changes[key.state] = change }
            return changes
        }

        /// - Parameters:
        ///   - spent: As whoever makes the change says.
        ///   - billed: As the state itself adds up, for `checkInvariants`.
        func touch(_ batch: BatchID, at time: WallTime, spent: Money = .zero, billed: Money = .zero) {
            let known = touched[batch] ?? (0, 0, 0)
            touched[batch] = (
                known.spent + spent.micros, known.billed + billed.micros, max(known.at, time.milliseconds)
            )
        }

        /// Writes the sums; the last step of the transaction.
        func flush() throws {
            let count = try db.cachedStatement(
                sql: """
                    INSERT INTO counts(batch_id, state, jobs) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs
                    """)
            for (key, change) in counts where change != 0 {
                try count.execute(arguments: [key.batch.rawValue, key.state.rawValue, change])
            }
            let touch = try db.cachedStatement(
                sql: """
                    UPDATE batches SET spent_micros = spent_micros + ?, billed_micros = billed_micros + ?,
                        updated_at_ms = max(updated_at_ms, ?)
                    WHERE id = ?
                    """)
            for (batch, change) in touched {
                try touch.execute(arguments: [change.spent, change.billed, change.at, batch.rawValue])
            }
        }
    }

    private typealias Outcome = @Sendable () -> Void

    private struct Write: Sendable {
        /// Does the work and gives back what to call once it is durable.
        let body: @Sendable (Transaction) throws -> Outcome
        let fail: @Sendable (any Error) -> Void
    }

    private struct Queue {
        var waiting: [Write] = []
        var isRunning = false
    }

    private let writer: any DatabaseWriter
    private let queue = Mutex(Queue())
    /// Called when a transaction was rolled back, before the next begins.
    private let rolledBack: @Sendable () -> Void

    init(writer: any DatabaseWriter, rolledBack: @escaping @Sendable () -> Void = {}) {
        self.writer = writer
        self.rolledBack = rolledBack
    }

    /// Runs `body` in a transaction that others may share, and returns when that is on disk.
    ///
    /// Not cancelled with the caller's task: an outcome that is known must be recorded.
    func perform<Value: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let write = Write(
                body: { transaction in
                    let value = try body(transaction)
                    return { continuation.resume(returning: value) }
                },
                fail: { continuation.resume(throwing: $0) })
            let mustStart = queue.withLock { queue in
                queue.waiting.append(write)
                defer { queue.isRunning = true }
                return !queue.isRunning
            }
            if mustStart { Task { await drain() } }
        }
    }

    private func drain() async {
        while true {
            let writes = queue.withLock { queue in
                let writes = queue.waiting
                queue.waiting = []
                queue.isRunning = !writes.isEmpty
                return writes
            }
            if writes.isEmpty { return }
            do {
                try await commit(writes)
            } catch {
                rolledBack()
                await commitEach(writes)
            }
        }
    }

    private func commitEach(_ writes: [Write]) async {
        for write in writes {
            do {
                try await commit([write])
            } catch {
                rolledBack()
                write.fail(error)
            }
        }
    }

    private func commit(_ writes: [Write]) async throws {
        let outcomes = try await writer.write { db in
            let transaction = Transaction(db)
            let outcomes = try writes.map { try $0.body(transaction) }
            try transaction.flush()
            return outcomes
        }
        for outcome in outcomes { outcome() }
    }
}
