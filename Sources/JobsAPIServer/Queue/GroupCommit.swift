import GRDB
import Synchronization

/// Writes to the database; those that come at the same time share one transaction, and so one sync of the disk.
final class GroupCommit: Sendable {
    private struct Work: Sendable {
        /// Does its part of a transaction, and returns what to do when that has been committed.
        let run: @Sendable (Database) -> @Sendable () -> Void
        /// To do when it has not.
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Work] = []
        var isDraining = false
    }

    private let database: DatabasePool
    private let state = Mutex(State())

    private static let mostTogether = 512

    init(_ database: DatabasePool) {
        self.database = database
    }

    /// Runs `body` in a transaction. What it wrote is durable when this returns, even if the task has been cancelled.
    /// - Parameter committed: Called with the result, in the order of commits.
    /// - Throws: What `body` throws (then nothing of it is written), and what the database throws.
    func perform<Value: Sendable>(
        committed: @escaping @Sendable (Value) -> Void = { _ in },
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let work = Work { database in
                let result = Result { () throws -> Value in try Self.inSavepoint(database, body) }
                return {
                    if case .success(let value) = result { committed(value) }
                    continuation.resume(with: result)
                }
            } fail: { error in
                continuation.resume(throwing: error)
            }
            let mustDrain = state.withLock { state in
                state.waiting.append(work)
                defer { state.isDraining = true }
                return !state.isDraining
            }
            if mustDrain { database.asyncWriteWithoutTransaction { self.drain($0) } }
        }
    }

    private static func inSavepoint<Value>(_ database: Database, _ body: (Database) throws -> Value) throws -> Value {
        var value: Value?
        try database.inSavepoint {
            value = try body(database)
            return .commit
        }
        guard let value else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
        return value
    }

    /// On the database's own queue, until nothing waits any more.
    private func drain(_ database: Database) {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.mostTogether))
                state.waiting.removeFirst(batch.count)
                state.isDraining = !batch.isEmpty
                return batch
            }
            guard !batch.isEmpty else { return }
            do {
                var completions: [@Sendable () -> Void] = []
                try database.inTransaction(.immediate) {
                    completions = batch.map { $0.run(database) }
                    return .commit
                }
                for complete in completions { complete() }
            } catch {
                for work in batch { work.fail(error) }
            }
        }
    }
}
