internal import GRDB
package import NightjarCore

extension SQLiteStore {
    /// The least time between two lists that show a job to be absent.
    private static let betweenLists: Duration = .seconds(5)

    package func claimAgain(
        _ submission: SubmissionID, evidence: (first: Moment, second: Moment), usesTry: Bool, settle: Duration,
        at moment: Moment, now: WallTime
    ) async throws -> Resubmission {
        try await perform { [salt] transaction in
            let db = transaction.db
            let find = try db.cachedStatement(
                sql: """
                    SELECT s.*, jobs.id, batch_id, idx, key, state, jobs.attempt AS job_attempt, submissions, key_shift,
                        removed OR unwanted AS is_set_aside, jobs.price_micros AS job_price, error_kind, error_message, prompt, seed,
                        \(Self.parameterColumns)
                    FROM submissions AS s JOIN jobs ON jobs.id = s.job_id
                        JOIN parameters ON parameters.id = parameters_id
                    WHERE s.job_id = ?1 AND state = 'unknown' AND s.number = ?2 AND s.number = (
                        SELECT max(number) FROM submissions WHERE job_id = ?1 AND is_open = 1)
                    """)
            guard
                let row = try Row.fetchOne(find, arguments: [submission.job.rawValue, submission.number])
            else { return .notInState }
            let moments = try StoredMoment.Reader(db)
            // A later list has cleared what this one rests on.
            guard moments.moment(row, "counted_") == evidence.first else { return .notInState }
            try Self.check(row, moments, evidence, settle)
            if row["is_set_aside"] { return try Self.setAside(row, in: transaction, now: now) }
            return try Self.resubmit(
                row, usesTry: usesTry, attempts: self.settings(of: row["batch_id"], in: db).retry.attempts,
                Intents(transaction, salt: salt, at: moment, now: now), in: transaction, now: now)
        }
    }

    /// Two lists of this very submission, far enough apart, both asked for long enough after its loss.
    private static func check(
        _ row: Row, _ moments: StoredMoment.Reader, _ evidence: (first: Moment, second: Moment), _ settle: Duration
    ) throws {
        func demand(_ isKept: Bool, _ words: String) throws {
            guard !isKept else { return }
            let name = "submission \(row["number"] as Int) of job \(JobRow.key(row))"
            throw InvariantViolation("\(name) would be repeated although \(words)")
        }
        let lostAt = moments.moment(row, "lost_")
        let longAfter = { (list: Moment) in
            // Over a restart of the machine the two may not be comparable; they were when the list counted.
            lostAt.map { $0.bootID != list.bootID || (list.since($0) ?? .zero) >= settle } ?? false
        }
        try demand(loss(row) != nil, "it is not lost")
        try demand(longAfter(evidence.first), "the first list was asked for less than \(settle) after the loss")
        try demand(longAfter(evidence.second), "the second list was asked for less than \(settle) after the loss")
        let apart = evidence.second.since(evidence.first)
        try demand(apart.map { $0 >= betweenLists } ?? false, "the two lists lie less than \(betweenLists) apart")
        let kind = loss(row)?.kind
        try demand(kind != .keyKnown && kind != .sharedID, "the API is known to have it")
    }

    private static func setAside(
        _ row: Row, in transaction: GroupCommit.Transaction, now: WallTime
    ) throws -> Resubmission {
        try move(
            row, to: .cancelled, "error_kind = NULL, error_message = NULL, wanted = 0", [], in: transaction, now: now)
        return .setAside
    }

    private static func resubmit(
        _ row: Row, usesTry: Bool, attempts: Int, _ intents: Intents, in transaction: GroupCommit.Transaction,
        now: WallTime
    ) throws -> Resubmission {
        let attempt: Int = row["job_attempt"]
        let shift: Int = row["key_shift"]
        let cause = JobRow.cause(row) ?? FailureCause(.lost, "")
        var lifecycle = JobLifecycle(.unknown(attempt: attempt, cause))
        guard lifecycle.shownAbsent(usesTry: usesTry, retry: RetryPolicy(attempts: attempts)) else {
            guard case .failed(let cause) = lifecycle.state else { return .notInState }
            // Whether the one that FAILED was it is not known, so that the key stays even if a person tries again.
            try move(
                row, to: .failed, "error_kind = ?, error_message = ?, key_shift = key_shift - 1, wanted = 0",
                [cause.kind.rawValue, cause.message], in: transaction, now: now)
            return .failed(cause)
        }
        try transaction.db.execute(
            sql: """
                UPDATE submissions SET counted_boot_ms = NULL, counted_boot_no = NULL, counted_api_ms = NULL,
                    hold_reason = NULL, hold_words = NULL
                WHERE job_id = ? AND number = ?
                """, arguments: [row["job_id"] as Int64, row["number"] as Int])
        try transaction.db.execute(
            sql: "UPDATE jobs SET error_kind = NULL, error_message = NULL WHERE id = ?", arguments: [row["id"] as Int64]
        )
        let job = try intents.write(
            row, from: .unknown, lifecycle, attempt: usesTry ? attempt + 1 : attempt,
            keyShift: usesTry ? shift - 1 : shift, price: Money(micros: row["job_price"]))
        return .claimed(job)
    }

    private static func move(
        _ row: Row, to state: JobState, _ assignments: String, _ values: StatementArguments,
        in transaction: GroupCommit.Transaction, now: WallTime
    ) throws {
        let batch = BatchID(row["batch_id"])
        let start: StatementArguments = [state.rawValue, now.milliseconds]
        try transaction.db.execute(
            sql: "UPDATE jobs SET state = ?, updated_at_ms = ?, \(assignments) WHERE id = ?",
            arguments: start + values + [row["id"] as Int64])
        transaction.count(batch, .unknown, -1)
        transaction.count(batch, state, 1)
        transaction.touch(batch, at: now)
    }
}
