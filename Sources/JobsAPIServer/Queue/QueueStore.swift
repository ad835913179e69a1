import GRDB
import Glibc
import JobsAPI

/// The queue in its SQLite file. What a method has returned is on disk.
final class QueueStore: Sendable {
    let database: DatabasePool
    let unfinished: UnfinishedCount
    private let writer: GroupCommit

    /// - Throws: `stateUnusable`.
    init(path: String) throws(ServerError) {
        do {
            var configuration = Configuration()
            configuration.label = "nightjar.queue"
            let pool = try DatabasePool(path: path, configuration: configuration)
            try QueueSchema.migrator.migrate(pool)
            let durability = try pool.writeWithoutTransaction { database in
                // The pool has set NORMAL while it opened, under which the last commits do not survive a power cut.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                return try Int.fetchOne(database, sql: "PRAGMA synchronous")
            }
            guard durability == 2 else {
                throw ServerError.stateUnusable(path: path, reason: "it cannot be made durable")
            }
            let open = try pool.read { database in
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM job WHERE status IN ('QUEUED', 'PROCESSING')")
            }
            self.database = pool
            unfinished = UnfinishedCount(open ?? 0)
            writer = GroupCommit(pool)
        } catch let error as ServerError {
            throw error
        } catch {
            throw .stateUnusable(path: path, reason: String(describing: error))
        }
    }

    func close() throws {
        try database.close()
    }

    enum Submission: Sendable, Equatable {
        case added(id: String)
        /// The same request came under the same idempotency key before.
        case known(id: String)
        /// Another request came under the same idempotency key before.
        case keyIsTaken
    }

    /// Adds a job, unless its idempotency key is known.
    func submit(_ job: StoredJob) async throws -> Submission {
        let unfinished = unfinished
        return try await writer.perform { (submission: Submission) in
            if case .added = submission { unfinished.change(by: 1) }
        } _: { database in
            if let key = job.idempotencyKey,
                let known = try Row.fetchOne(
                    database, sql: "SELECT id, request_hash FROM job WHERE owner = ? AND idempotency_key = ?",
                    arguments: [job.owner, key])
            {
                return known["request_hash"] == job.requestHash ? .known(id: known["id"]) : .keyIsTaken
            }
            try job.insert(database)
            return .added(id: job.id)
        }
    }

    /// Writes how one job ended, and takes the next from the queue, in one commit.
    /// - Parameters:
    ///   - finished: `nil` for a worker that comes with empty hands.
    ///   - takesNext: `false` for a worker that goes home.
    /// - Returns: The oldest job that waited, now PROCESSING; `nil` when none does.
    func advance(_ finished: (id: String, outcome: Outcome)?, takesNext: Bool = true) async throws -> StoredJob? {
        let unfinished = unfinished
        return try await writer.perform { _ in
            if finished != nil { unfinished.change(by: -1) }
        } _: { database in
            if let finished { try Self.write(finished.outcome, of: finished.id, database) }
            guard takesNext,
                var job = try StoredJob.fetchOne(
                    database,
                    sql: "SELECT * FROM job WHERE status = 'QUEUED' ORDER BY sequence LIMIT 1")
            else { return nil }
            job.status = JobStatus.processing.rawValue
            job.startedMs = wallMilliseconds()
            try database.execute(
                sql: "UPDATE job SET status = 'PROCESSING', started_ms = ? WHERE sequence = ?",
                arguments: [job.startedMs, job.sequence])
            return job
        }
    }

    private static func write(_ outcome: Outcome, of id: String, _ database: Database) throws {
        switch outcome {
        case .completed(let image, let width, let height):
            try database.execute(
                sql: """
                    UPDATE job SET status = 'COMPLETED', finished_ms = ?, image = ?, image_width = ?, image_height = ?
                    WHERE id = ? AND status = 'PROCESSING'
                    """, arguments: [wallMilliseconds(), image, width, height, id])
        case .failed(let message):
            try database.execute(
                sql:
                    "UPDATE job SET status = 'FAILED', finished_ms = ?, error = ? WHERE id = ? AND status = 'PROCESSING'",
                arguments: [wallMilliseconds(), message, id])
        }
    }

    /// What an earlier process left PROCESSING, oldest first: at most `workers`; the rest goes back to the queue.
    func adopt(workers: Int) async throws -> [StoredJob] {
        try await writer.perform { database in
            let jobs = try StoredJob.fetchAll(
                database, sql: "SELECT * FROM job WHERE status = 'PROCESSING' ORDER BY sequence")
            for job in jobs.dropFirst(workers) {
                try database.execute(
                    sql: "UPDATE job SET status = 'QUEUED', started_ms = NULL WHERE sequence = ?",
                    arguments: [job.sequence])
            }
            return Array(jobs.prefix(workers))
        }
    }
}
