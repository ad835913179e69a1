internal import FoundationEssentials
internal import GRDB
package import NightjarCore

extension SQLiteStore {
    // MARK: Candidates

    package func noteCandidates(_ candidates: [Candidate]) async throws {
        guard !candidates.isEmpty else { return }
        try await perform { transaction in
            let statement = try transaction.db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO candidates(remote_id, status, status_words, result_url, result_width,
                        result_height, result_seed, created_at_ms, model, is_read, seed, prompt)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """)
            for candidate in candidates {
                let (name, words, result) = Self.columns(of: candidate.status)
                let seed = try candidate.seed.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
                try statement.execute(arguments: [
                    candidate.id.rawValue, name, words, result?.url, result?.width, result?.height, result?.seed,
                    candidate.createdAt?.milliseconds, candidate.model, candidate.isRead, seed, candidate.prompt,
                ])
            }
        }
    }

    package func forgetCandidates(_ ids: [RemoteJobID]) async throws {
        guard !ids.isEmpty else { return }
        try await perform { transaction in
            let statement = try transaction.db.cachedStatement(sql: "DELETE FROM candidates WHERE remote_id = ?")
            for id in ids { try statement.execute(arguments: [id.rawValue]) }
        }
    }

    package func candidates() async throws -> [Candidate] {
        try await read { try Self.candidates($0) }
    }

    /// - Parameter model: Only those that may be of it; `nil`: all.
    static func candidates(of model: String? = nil, _ db: Database) throws -> [Candidate] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM candidates WHERE ?1 IS NULL OR model IS NULL OR model = ?1
                ORDER BY created_at_ms, remote_id
                """, arguments: [model]
        ).map { row in
            let createdAt: Int64? = row["created_at_ms"]
            let seed: String? = row["seed"]
            return Candidate(
                id: RemoteJobID(row["remote_id"]), status: status(row),
                createdAt: createdAt.map(WallTime.init(milliseconds:)), model: row["model"], isRead: row["is_read"],
                seed: try seed.map { try JSONDecoder().decode(EchoedSeed.self, from: Data($0.utf8)) },
                prompt: row["prompt"])
        }
    }

    private static func columns(of status: RemoteJob.Status) -> (name: String, words: String?, RemoteResult?) {
        switch status {
        case .queued: ("queued", nil, nil)
        case .processing: ("processing", nil, nil)
        case .completed(let result): ("completed", nil, result)
        case .failed(let words): ("failed", words, nil)
        case .unheardOf(let words): ("other", words, nil)
        }
    }

    private static func status(_ row: Row) -> RemoteJob.Status {
        switch row["status"] as String {
        case "queued": return .queued
        case "processing": return .processing
        case "completed":
            let url: String? = row["result_url"]
            return .completed(
                url.map {
                    RemoteResult(
                        url: $0, width: row["result_width"], height: row["result_height"], seed: row["result_seed"])
                })
        case "failed": return .failed(row["status_words"] ?? "")
        default: return .unheardOf(row["status_words"] ?? "")
        }
    }

    // MARK: Duplicates

    package func noteDuplicate(
        _ id: RemoteJobID, of job: JobID, price: Money, now: WallTime
    ) async throws -> Bool {
        try await perform { transaction in
            let db = transaction.db
            let known = try Int.fetchOne(
                db,
                sql: """
                    SELECT 1 FROM duplicates WHERE remote_id = ?1
                    UNION ALL SELECT 1 FROM submissions WHERE remote_id = ?1
                    UNION ALL SELECT 1 FROM jobs WHERE remote_id = ?1
                    LIMIT 1
                    """, arguments: [id.rawValue])
            let batch = try Int64.fetchOne(
                db, sql: "SELECT batch_id FROM jobs WHERE id = ?", arguments: [job.rawValue])
            guard known == nil, let batch else { return false }
            try db.execute(
                sql: "INSERT INTO duplicates(remote_id, job_id, noticed_at_ms) VALUES (?, ?, ?)",
                arguments: [id.rawValue, job.rawValue, now.milliseconds])
            try db.execute(sql: "DELETE FROM candidates WHERE remote_id = ?", arguments: [id.rawValue])
            try db.execute(sql: "UPDATE batches SET duplicates = duplicates + 1 WHERE id = ?", arguments: [batch])
            transaction.touch(BatchID(batch), at: now, spent: price, billed: price)
            return true
        }
    }

    package func duplicatesToFetch() async throws -> [(id: RemoteJobID, job: JobID, batch: BatchID)] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT duplicates.remote_id, job_id, batch_id FROM duplicates JOIN jobs ON jobs.id = job_id
                    WHERE NOT is_ended ORDER BY duplicates.id
                    """
            ).map { (RemoteJobID($0["remote_id"]), JobID($0["job_id"]), BatchID($0["batch_id"])) }
        }
    }

    package func endDuplicate(_ id: RemoteJobID, path: String?, note: String?) async throws {
        try await perform { transaction in
            try transaction.db.execute(
                sql: "UPDATE duplicates SET is_ended = 1, path = ?, note = ? WHERE remote_id = ?",
                arguments: [path, note, id.rawValue])
        }
    }

    package func duplicates(of batch: BatchID) async throws -> [Duplicate] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT duplicates.* FROM duplicates CROSS JOIN jobs ON jobs.id = job_id
                    WHERE batch_id = ? ORDER BY duplicates.id
                    """, arguments: [batch.rawValue]
            ).map(Self.duplicate)
        }
    }

    static func duplicate(_ row: Row) -> Duplicate {
        Duplicate(
            id: RemoteJobID(row["remote_id"]), job: JobID(row["job_id"]),
            noticedAt: WallTime(milliseconds: row["noticed_at_ms"]), isEnded: row["is_ended"], path: row["path"],
            note: row["note"])
    }

    // MARK: Invariants

    package func checkInvariants() async throws {
        try await read { db in
            // Both over indices alone: milliseconds for a hundred thousand jobs.
            let shared = try String.fetchOne(
                db,
                sql: """
                    SELECT remote_id FROM submissions WHERE remote_id IS NOT NULL
                    GROUP BY remote_id HAVING min(job_id) <> max(job_id) LIMIT 1
                    """)
            if let shared { throw InvariantViolation("the job id \(shared) belongs to two jobs") }
            let doubled = try String.fetchOne(
                db,
                sql: """
                    SELECT remote_id FROM duplicates WHERE EXISTS (
                        SELECT 1 FROM submissions WHERE submissions.remote_id = duplicates.remote_id)
                    LIMIT 1
                    """)
            if let doubled { throw InvariantViolation("the job id \(doubled) belongs to a job and is a duplicate") }
            let stray = try Row.fetchOne(
                db,
                sql: """
                    SELECT key, state, remote_id FROM jobs
                    WHERE batch_id IN (SELECT id FROM batches) AND state IN ('submitted', 'ready')
                        AND \(Self.isUnfinished) AND NOT EXISTS (
                            SELECT 1 FROM submissions WHERE submissions.remote_id = jobs.remote_id AND job_id = jobs.id)
                    LIMIT 1
                    """)
            if let stray {
                throw InvariantViolation(
                    "job \(JobRow.key(stray)) is \(stray["state"] as String) under an id that none of its submissions has"
                )
            }
            let cheap = try Row.fetchOne(
                db,
                sql: "SELECT name, spent_micros, billed_micros FROM batches WHERE spent_micros < billed_micros LIMIT 1")
            if let cheap {
                throw InvariantViolation(
                    "batch `\(cheap["name"] as String)` has spent \(Money(micros: cheap["spent_micros"])), less than "
                        + "the \(Money(micros: cheap["billed_micros"])) that its job ids cost")
            }
        }
    }
}
