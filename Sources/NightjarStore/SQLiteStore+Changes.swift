internal import GRDB
internal import NightjarCore

extension SQLiteStore {
    /// Writes one change of one job, its submission's row and the counts.
    /// - Parameter blocked: Told of what is `pending` or `waiting` again.
    static func apply(
        _ change: JobChange, in transaction: GroupCommit.Transaction, blocked: BlockedJobs? = nil
    ) throws -> RecordOutcome {
        let db = transaction.db
        var billed = Money.zero
        switch change.to {
        case .submitted(let id, _):
            if try belongsToAnother(id, than: change.job, in: db) { return .remoteIDTaken }
            if try isNew(id, to: change.job, in: db) { billed = try price(of: change, in: db) }
        case .pending where change.from == .submitting:
            if let held = try holdAsUnknown(change, in: transaction) { return held }
        case .waiting where change.from == .submitted, .failed where isUnbilled(change):
            billed = .zero - (try price(of: change, in: db))
        case .pending, .submitting, .unknown, .ready, .waiting, .done, .filtered, .failed, .cancelled: break
        }
        guard try update(change, in: db) else { return .notInState }
        try endSubmission(change, in: db)
        if case .submitted(let id, _) = change.to, let moment = change.acceptedAt {
            try noteAcceptance(of: id, at: moment, in: db)
        }
        try blocked?.returned(change, in: db)
        let isSetAside = try setAside(change, in: db)
        transaction.count(change.batch, change.from, -1)
        transaction.count(change.batch, isSetAside ? .cancelled : change.to.name, 1)
        transaction.touch(change.batch, at: change.at, spent: change.spent, billed: billed)
        return isSetAside ? .setAside : .recorded
    }

    /// What is not wanted any more is not submitted again, and what the API has not billed is no failure then.
    /// - Returns: Whether the job is `cancelled` now.
    private static func setAside(_ change: JobChange, in db: Database) throws -> Bool {
        let condition: String
        switch change.to {
        case .pending, .waiting: condition = "(removed OR unwanted)"
        case .failed where isUnbilled(change): condition = "unwanted"
        case .submitting, .submitted, .unknown, .ready, .done, .filtered, .failed, .cancelled: return false
        }
        let statement = try db.cachedStatement(
            sql: """
                UPDATE jobs SET state = 'cancelled', error_kind = NULL, error_message = NULL, paused = 0, wanted = 0
                WHERE id = ? AND \(condition)
                """)
        try statement.execute(arguments: [change.job.rawValue])
        return db.changesCount == 1
    }

    /// The API says FAILED of a job that it has.
    private static func isUnbilled(_ change: JobChange) -> Bool {
        guard case .failed(let cause) = change.to, cause.kind == .remoteFailed else { return false }
        return change.from == .submitted
    }

    /// Ids are unique over jobs, all their submissions, and duplicates.
    static func belongsToAnother(_ id: RemoteJobID, than job: JobID, in db: Database) throws -> Bool {
        try owner(of: id, than: job, in: db) != nil
    }

    /// - Returns: The other job that has the id; the same one where the id is that of a duplicate.
    static func owner(of id: RemoteJobID, than job: JobID, in db: Database) throws -> JobID? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT id FROM jobs WHERE remote_id = ?1 AND id <> ?2
                UNION ALL SELECT job_id FROM submissions WHERE remote_id = ?1 AND job_id <> ?2
                UNION ALL SELECT job_id FROM duplicates WHERE remote_id = ?1
                LIMIT 1
                """)
        return try Int64.fetchOne(statement, arguments: [id.rawValue, job.rawValue]).map(JobID.init)
    }

    static func isNew(_ id: RemoteJobID, to job: JobID, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT 1 FROM submissions WHERE remote_id = ? AND job_id = ? LIMIT 1")
        return try Int.fetchOne(statement, arguments: [id.rawValue, job.rawValue]) == nil
    }

    /// Of the submission that the change tells of.
    static func price(of change: JobChange, in db: Database) throws -> Money {
        let statement = try db.cachedStatement(
            sql: """
                SELECT coalesce(
                    (SELECT price_micros FROM submissions WHERE job_id = jobs.id AND number = ?), price_micros)
                FROM jobs WHERE id = ? AND state = ?
                """)
        let arguments: StatementArguments = [change.submission, change.job.rawValue, change.from.rawValue]
        return Money(micros: try Int64.fetchOne(statement, arguments: arguments) ?? 0)
    }

    /// A resubmission was turned away: the submission that it should have replaced is open still, and its evidence is used
    /// up. Where a person wanted another in any case, that holds.
    /// - Returns: `nil` where there is no such submission, and the job is `pending` as anyone's.
    private static func holdAsUnknown(
        _ change: JobChange, in transaction: GroupCommit.Transaction
    ) throws -> RecordOutcome? {
        let find = try transaction.db.cachedStatement(
            sql: """
                SELECT earlier.number, earlier.attempt, earlier.key_number, earlier.loss_words
                FROM jobs JOIN submissions AS last ON last.job_id = jobs.id AND last.number = jobs.submissions
                    JOIN submissions AS earlier ON earlier.job_id = jobs.id AND earlier.number < jobs.submissions
                        AND earlier.is_open = 1 AND earlier.key_number = last.key_number
                WHERE jobs.id = ? AND state = 'submitting' AND submissions > 1 AND NOT wanted
                ORDER BY earlier.number DESC LIMIT 1
                """)
        guard let row = try Row.fetchOne(find, arguments: [change.job.rawValue]) else { return nil }
        try endSubmission(change, in: transaction.db)
        let attempt: Int = row["attempt"]
        let key: Int = row["key_number"]
        try transaction.db.execute(
            sql: """
                UPDATE jobs SET state = 'unknown', attempt = ?, key_shift = ?, error_kind = ?, error_message = ?,
                    updated_at_ms = ?
                WHERE id = ?
                """,
            arguments: [
                attempt, key - attempt, FailureCause.Kind.lost.rawValue, row["loss_words"] ?? "",
                change.at.milliseconds, change.job.rawValue,
            ])
        transaction.count(change.batch, .submitting, -1)
        transaction.count(change.batch, .unknown, 1)
        transaction.touch(change.batch, at: change.at, spent: change.spent)
        return .heldAsUnknown
    }

    /// - Returns: Whether the job was in the state that the change begins from.
    private static func update(_ change: JobChange, in db: Database) throws -> Bool {
        let time = change.at.milliseconds
        let (assignments, values): (String, StatementArguments) =
            switch change.to {
            case .pending(let attempt), .submitting(let attempt):
                ("attempt = ?", [attempt])
            case .unknown(_, let cause):
                ("error_kind = ?, error_message = ?, wanted = 0", [cause.kind.rawValue, cause.message])
            case .submitted(let id, let attempt):
                (
                    """
                    remote_id = ?, attempt = ?, submitted_at_ms = CASE WHEN remote_id = ? THEN submitted_at_ms ELSE ? END,
                    wanted = wanted AND remote_id IS ?, result_url = NULL, error_kind = NULL, error_message = NULL,
                    price_micros = coalesce(
                        (SELECT price_micros FROM submissions WHERE job_id = jobs.id AND number = ?), price_micros)
                    """, [id.rawValue, attempt, id.rawValue, time, id.rawValue, change.submission]
                )
            case .ready(_, let result, _):
                (
                    "result_url = ?, result_width = ?, result_height = ?, result_seed = ?",
                    [result.url, result.width, result.height, result.seed]
                )
            case .waiting(let until, let attempt):
                ("due_at_ms = ?, attempt = ?, wanted = 0", [until.milliseconds, attempt])
            case .done(let file), .filtered(let file):
                (
                    """
                    path = ?, sha256 = ?, bytes = ?, width = ?, height = ?, error_kind = NULL, error_message = NULL,
                    wanted = 0
                    """,
                    [file.path, file.sha256, file.bytes, file.width, file.height]
                )
            case .failed(let cause):
                ("error_kind = ?, error_message = ?, wanted = 0", [cause.kind.rawValue, cause.message])
            case .cancelled:
                ("removed = 0, wanted = 0", [])
            }
        let statement = try db.cachedStatement(
            sql: "UPDATE jobs SET state = ?, updated_at_ms = ?, \(assignments) WHERE id = ? AND state = ?")
        let start: StatementArguments = [change.to.name.rawValue, time]
        try statement.execute(arguments: start + values + [change.job.rawValue, change.from.rawValue])
        return db.changesCount == 1
    }

    /// Keeps what became of the last submission; steps that tell nothing new about it write nothing.
    private static func endSubmission(_ change: JobChange, in db: Database) throws {
        let remoteID: String?
        switch change.to {
        case .submitted(let id, _) where change.from != .ready: remoteID = id.rawValue
        case .unknown, .waiting, .failed, .pending: remoteID = nil
        case .submitted, .submitting, .ready, .done, .filtered, .cancelled: return
        }
        let cause: FailureCause? =
            switch change.to {
            case .failed(let cause), .unknown(_, let cause): cause
            case .pending, .submitting, .submitted, .ready, .waiting, .done, .filtered, .cancelled: nil
            }
        let isOver = change.to.name == .submitted || (change.from == .submitting && change.to.name != .unknown)
        let statement = try db.cachedStatement(
            sql: """
                UPDATE submissions SET outcome = ?, ended_at_ms = ?, remote_id = coalesce(?, remote_id), note = ?,
                    is_open = is_open AND NOT ?5, hold_reason = iif(?5, NULL, hold_reason),
                    hold_words = iif(?5, NULL, hold_words)
                WHERE job_id = ?6 AND number = coalesce(?7, (SELECT submissions FROM jobs WHERE id = ?6))
                """)
        try statement.execute(arguments: [
            change.to.name.rawValue, change.at.milliseconds, remoteID, change.note ?? cause?.message, isOver,
            change.job.rawValue, change.submission,
        ])
        if let lost = change.lost { try noteLoss(lost, change, in: db) }
    }

    /// The time of a loss never changes.
    private static func noteLoss(
        _ lost: OpenSubmission.Lost, _ change: JobChange, in db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE submissions SET loss_kind = ?3, loss_words = ?4, lost_boot_ms = ?5, lost_boot_no = ?6,
                    lost_api_ms = ?7
                WHERE job_id = ?1 AND number = coalesce(?2, (SELECT submissions FROM jobs WHERE id = ?1))
                    AND loss_kind IS NULL
                """)
        let start: StatementArguments = [
            change.job.rawValue, change.submission, lost.loss.kind.rawValue, lost.loss.words,
        ]
        try statement.execute(arguments: start + StoredMoment.values(lost.at, in: db))
    }

    /// Ids that are kept with the time of their acceptance; lists are not longer.
    private static let mostAcceptances = 4096

    private static func noteAcceptance(of id: RemoteJobID, at moment: Moment, in db: Database) throws {
        let insert = try db.cachedStatement(
            sql: "INSERT INTO acceptances(remote_id, boot_ms, boot_no, api_ms) VALUES (?, ?, ?, ?)")
        try insert.execute(arguments: [id.rawValue] + StoredMoment.values(moment, in: db))
        let delete = try db.cachedStatement(sql: "DELETE FROM acceptances WHERE id <= ?")
        try delete.execute(arguments: [db.lastInsertedRowID - Int64(mostAcceptances)])
    }
}
