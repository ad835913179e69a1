internal import GRDB
internal import NightjarCore

extension SQLiteStore {
    /// Writes one change of one job, its submission's row and the counts.
    static func apply(_ change: JobChange, in transaction: GroupCommit.Transaction) throws -> RecordOutcome {
        if case .submitted(let id, _) = change.to, try belongsToAnother(id, than: change.job, in: transaction.db) {
            return .remoteIDTaken
        }
        guard try update(change, in: transaction.db) else { return .notInState }
        try endSubmission(change, in: transaction.db)
        transaction.count(change.batch, change.from, -1)
        transaction.count(change.batch, change.to.name, 1)
        transaction.touch(change.batch, at: change.at, spent: change.spent)
        return .recorded
    }

    private static func belongsToAnother(_ id: RemoteJobID, than job: JobID, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT id FROM jobs WHERE remote_id = ?")
        let owner = try Int64.fetchOne(statement, arguments: [id.rawValue])
        return owner != nil && owner != job.rawValue
    }

    /// - Returns: Whether the job was in the state that the change begins from.
    private static func update(_ change: JobChange, in db: Database) throws -> Bool {
        let time = change.at.milliseconds
        let (assignments, values): (String, StatementArguments) =
            switch change.to {
            case .pending(let attempt), .submitting(let attempt):
                ("attempt = ?", [attempt])
            case .unknown(_, let cause):
                ("error_kind = ?, error_message = ?", [cause.kind.rawValue, cause.message])
            case .submitted(let id, let attempt):
                (
                    """
                    remote_id = ?, attempt = ?, submitted_at_ms = CASE WHEN remote_id = ? THEN submitted_at_ms ELSE ? END,
                    result_url = NULL, error_kind = NULL, error_message = NULL
                    """, [id.rawValue, attempt, id.rawValue, time]
                )
            case .ready(_, let result, _):
                (
                    "result_url = ?, result_width = ?, result_height = ?, result_seed = ?",
                    [result.url, result.width, result.height, result.seed]
                )
            case .waiting(let until, let attempt):
                ("due_at_ms = ?, attempt = ?", [until.milliseconds, attempt])
            case .done(let file), .filtered(let file):
                (
                    "path = ?, sha256 = ?, bytes = ?, width = ?, height = ?, error_kind = NULL, error_message = NULL",
                    [file.path, file.sha256, file.bytes, file.width, file.height]
                )
            case .failed(let cause):
                ("error_kind = ?, error_message = ?", [cause.kind.rawValue, cause.message])
            case .cancelled:
                ("removed = 0", [])
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
        let statement = try db.cachedStatement(
            sql: """
                UPDATE submissions SET outcome = ?, ended_at_ms = ?, remote_id = coalesce(?, remote_id), note = ?
                WHERE job_id = ? AND number = (SELECT submissions FROM jobs WHERE id = ?)
                """)
        try statement.execute(arguments: [
            change.to.name.rawValue, change.at.milliseconds, remoteID, change.note ?? cause?.message,
            change.job.rawValue, change.job.rawValue,
        ])
    }
}
