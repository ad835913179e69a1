internal import GRDB
package import NightjarCore

extension SQLiteStore {
    package func leave(_ decision: Decision, for job: JobID, now: WallTime) async throws -> Int64 {
        try await perform { transaction in
            let (kind, id): (String, RemoteJobID?) =
                switch decision {
                case .retry: ("retry", nil)
                case .adopt(let id): ("adopt", id)
                case .resubmit: ("resubmit", nil)
                case .pause: ("pause", nil)
                case .resume: ("resume", nil)
                case .cancel: ("cancel", nil)
                }
            let statement = try transaction.db.cachedStatement(
                sql: "INSERT INTO decisions(job_id, kind, remote_id, left_at_ms) VALUES (?, ?, ?, ?)")
            try statement.execute(arguments: [job.rawValue, kind, id?.rawValue, now.milliseconds])
            return transaction.db.lastInsertedRowID
        }
    }

    package func carryOutDecisions(now: WallTime) async throws -> [DecisionOutcome] {
        // Nothing is written where nothing was left.
        let isLeft = try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT 1 FROM decisions WHERE ended_at_ms IS NULL LIMIT 1")
            return try Int.fetchOne(statement) != nil
        }
        guard isLeft else { return [] }
        return try await perform { [blocked] transaction in
            blocked.forgetAll()
            let rows = try Row.fetchAll(
                transaction.db,
                sql: "SELECT id, job_id, kind, remote_id FROM decisions WHERE ended_at_ms IS NULL ORDER BY id")
            return try rows.map { row in
                // An earlier decision may have moved the job.
                let job = try DecidedJob(JobID(row["job_id"]), in: transaction)
                let decision = Self.decision(row["kind"], row["remote_id"])
                let result = try job.carryOut(decision, now: now)
                try Self.end(row["id"], result, in: transaction.db, now: now)
                if case .moved(let from, let to) = result, from != to, to != .cancelled {
                    try transaction.db.execute(
                        sql: "UPDATE batches SET halted = NULL WHERE id = ? AND halted IS NOT NULL",
                        arguments: [job.batch.rawValue])
                }
                return DecisionOutcome(
                    job: job.id, batch: job.batch, reference: job.reference, decision: decision, result: result)
            }
        }
    }

    private static func decision(_ kind: String, _ id: String?) -> Decision {
        switch kind {
        case "adopt": .adopt(RemoteJobID(id ?? ""))
        case "resubmit": .resubmit
        case "pause": .pause
        case "resume": .resume
        case "cancel": .cancel
        default: .retry
        }
    }

    private static func end(
        _ number: Int64, _ result: DecisionOutcome.Result, in db: Database, now: WallTime
    ) throws {
        let (from, to, refusal): (JobState?, JobState?, String?) =
            switch result {
            case .moved(let from, let to): (from, to, nil)
            case .refused(let words): (nil, nil, words)
            }
        let statement = try db.cachedStatement(
            sql: "UPDATE decisions SET ended_at_ms = ?, from_state = ?, to_state = ?, refusal = ? WHERE id = ?")
        try statement.execute(
            arguments: [now.milliseconds, from?.rawValue, to?.rawValue, refusal, number])
    }

    package func outcome(ofDecision number: Int64) async throws -> DecisionOutcome? {
        try await read { db in
            let find = try db.cachedStatement(
                sql: """
                    SELECT decisions.*, batch_id, idx, key FROM decisions JOIN jobs ON jobs.id = job_id
                    WHERE decisions.id = ? AND ended_at_ms IS NOT NULL
                    """)
            let row = try Row.fetchOne(find, arguments: [number])
            guard let row else { return nil }
            let from: String? = row["from_state"]
            let to: String? = row["to_state"]
            let result: DecisionOutcome.Result =
                if let from = from.flatMap(JobState.init(rawValue:)), let to = to.flatMap(JobState.init(rawValue:)) {
                    .moved(from: from, to: to)
                } else {
                    .refused(row["refusal"] ?? "")
                }
            return DecisionOutcome(
                job: JobID(row["job_id"]), batch: BatchID(row["batch_id"]), reference: JobRow.reference(row),
                decision: Self.decision(row["kind"], row["remote_id"]), result: result)
        }
    }

    // MARK: All that failed

    /// A failed job of which nothing was billed: it is submitted again. Of any other, the old job is asked for first.
    static let failedUnbilled = "(error_kind IN ('rejected', 'remote_failed') OR remote_id IS NULL)"

    package func retryFailed(_ batches: [BatchID], now: WallTime) async throws -> Int {
        try await perform { [blocked] transaction in
            blocked.forgetAll()
            return try batches.reduce(0) { try $0 + Self.retryFailed($1, in: transaction, now: now) }
        }
    }

    /// - Returns: How many failed jobs there were.
    static func retryFailed(
        _ batch: BatchID, in transaction: GroupCommit.Transaction, now: WallTime
    ) throws -> Int {
        let rows = try rows(of: batch, in: transaction.db)
        let ofBatch = "\(rows) AND batch_id = \(batch.rawValue) AND NOT removed"
        let unbilled = try takeBack(
            "\(ofBatch) AND \(failedUnbilled)", to: .pending, of: batch, in: transaction, now: now)
        return unbilled + (try takeBack(ofBatch, to: .submitted, of: batch, in: transaction, now: now))
    }

    /// - Parameter isWanted: A person has named the job.
    /// - Returns: How many failed jobs there were.
    static func takeBack(
        _ condition: String, to state: JobState, isWanted: Bool = false, of batch: BatchID,
        in transaction: GroupCommit.Transaction, now: WallTime
    ) throws -> Int {
        try transaction.db.execute(
            sql: """
                UPDATE jobs SET state = ?, error_kind = NULL, error_message = NULL, updated_at_ms = ?,
                    submitted_at_ms = ?, wanted = ?, unwanted = 0
                WHERE \(condition) AND state = 'failed'
                """,
            arguments: [state.rawValue, now.milliseconds, now.milliseconds, isWanted])
        let count = transaction.db.changesCount
        transaction.count(batch, .failed, -count)
        transaction.count(batch, state, count)
        return count
    }
}
