internal import GRDB
package import NightjarCore

extension SQLiteStore {
    package func recover(now: WallTime) async throws -> Recovery {
        try await perform { transaction in
            var recovery = Recovery()
            recovery.interrupted = try Self.holdInterrupted(transaction, now: now)
            let rows = try Row.fetchCursor(
                transaction.db,
                sql: """
                    SELECT jobs.*, model FROM jobs JOIN parameters ON parameters.id = parameters_id
                    WHERE batch_id IN (SELECT id FROM batches) AND state IN ('submitted', 'ready', 'unknown')
                        AND \(Self.isUnfinished)
                    ORDER BY jobs.id
                    """)
            while let row = try rows.next() {
                let job = JobRow(row)
                if case .unknown = job.lifecycleState {
                    recovery.unknown.append(
                        UnknownJob(
                            id: job.id, batch: job.batch, model: row["model"],
                            intentAt: WallTime(milliseconds: row["intent_at_ms"] ?? now.milliseconds)))
                } else {
                    recovery.running.append(
                        RunningJob(
                            id: job.id, batch: job.batch, reference: job.reference, model: row["model"],
                            price: job.price,
                            submittedAt: WallTime(milliseconds: row["submitted_at_ms"] ?? now.milliseconds),
                            isRemoved: row["removed"],
                            lifecycle: JobLifecycle(job.lifecycleState)))
                }
            }
            return recovery
        }
    }

    /// The condition of the index `jobs_unfinished`: SQLite uses it only in a query that repeats this to the letter.
    static let isUnfinished = """
        state IN ('pending', 'submitting', 'submitted', 'ready', 'unknown', 'waiting')
        """

    private static func holdInterrupted(_ transaction: GroupCommit.Transaction, now: WallTime) throws -> Int {
        let rows = try Row.fetchAll(
            transaction.db,
            sql: """
                SELECT * FROM jobs
                WHERE batch_id IN (SELECT id FROM batches) AND state = 'submitting' AND \(isUnfinished)
                """)
        for row in rows {
            let job = JobRow(row)
            var lifecycle = JobLifecycle(job.lifecycleState)
            lifecycle.foundAtStart()
            _ = try Self.apply(
                JobChange(
                    job: job.id, batch: job.batch, from: .submitting, to: lifecycle.state, at: now, spent: job.price),
                in: transaction)
        }
        return rows.count
    }

    package func claim(
        _ limit: Int, of batch: BatchID, prices: [String: Money], now: WallTime
    ) async throws -> [ClaimedJob] {
        guard limit > 0 else { return [] }
        let salt = salt
        return try await perform { transaction in
            let columns = """
                SELECT jobs.id, batch_id, idx, key, state, attempt, submissions, prompt, seed, due_at_ms,
                    \(Self.parameterColumns)
                FROM jobs JOIN parameters ON parameters.id = parameters_id
                """
            let waiting = try transaction.db.cachedStatement(
                sql: """
                    \(columns) WHERE batch_id = ? AND state = 'waiting' AND \(Self.isUnfinished) AND due_at_ms <= ?
                    ORDER BY jobs.id LIMIT ?
                    """)
            var rows = try Row.fetchAll(waiting, arguments: [batch.rawValue, now.milliseconds, limit])
            if rows.count < limit {
                let pending = try transaction.db.cachedStatement(
                    sql: """
                        \(columns) WHERE batch_id = ? AND state = 'pending' AND \(Self.isUnfinished)
                        ORDER BY jobs.id LIMIT ?
                        """)
                rows += try Row.fetchAll(pending, arguments: [batch.rawValue, limit - rows.count])
            }
            return try rows.map { try Self.claim($0, in: transaction, salt: salt, prices: prices, now: now) }
        }
    }

    private static func claim(
        _ row: Row, in transaction: GroupCommit.Transaction, salt: String, prices: [String: Money], now: WallTime
    ) throws -> ClaimedJob {
        let id: Int64 = row["id"]
        let batch = BatchID(row["batch_id"])
        let from = JobState(rawValue: row["state"]) ?? .pending
        let attempt: Int = row["attempt"]
        var lifecycle = JobLifecycle(
            from == .waiting
                ? .waiting(until: WallTime(milliseconds: row["due_at_ms"] ?? 0), attempt: attempt)
                : .pending(attempt: attempt))
        lifecycle.claimed()
        let update = try transaction.db.cachedStatement(
            sql: """
                UPDATE jobs SET state = 'submitting', attempt = ?, submissions = submissions + 1, price_micros = ?,
                    intent_at_ms = ?, updated_at_ms = ?
                WHERE id = ?
                """)
        let price = prices[row["model"]] ?? .zero
        try update.execute(arguments: [attempt + 1, price.micros, now.milliseconds, now.milliseconds, id])
        let insert = try transaction.db.cachedStatement(
            sql: "INSERT INTO submissions(job_id, number, attempt, intent_at_ms) VALUES (?, ?, ?, ?)")
        let submissions: Int = row["submissions"]
        try insert.execute(arguments: [id, submissions + 1, attempt + 1, now.milliseconds])
        transaction.count(batch, from, -1)
        transaction.count(batch, .submitting, 1)
        transaction.touch(batch, at: now)
        let reference = JobRow.reference(row)
        let idempotencyKey = JobIdentity(
            label: "\(salt) \(batch.rawValue) \(reference.key)", seed: Int64(attempt + 1)
        ).key(ordinal: 0)
        return ClaimedJob(
            id: JobID(id), batch: batch, reference: reference, request: JobRow.request(row), price: price, from: from,
            lifecycle: lifecycle,
            idempotencyKey: "nightjar-\(idempotencyKey)")
    }

    package func record(_ change: JobChange) async throws -> RecordOutcome {
        try await perform { try Self.apply(change, in: $0) }
    }

    package func modelsToSubmit(_ batches: [BatchID]) async throws -> [String] {
        try await read { db in
            let models = try batches.flatMap { batch in
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT model FROM parameters WHERE id IN (
                            SELECT DISTINCT parameters_id FROM jobs
                            WHERE batch_id = ? AND state IN ('pending', 'waiting', 'submitted')
                                AND \(Self.isUnfinished))
                        """, arguments: [batch.rawValue])
            }
            return Set(models).sorted()
        }
    }

    package func nextDue(_ batches: [BatchID]) async throws -> WallTime? {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT min(due_at_ms) FROM jobs WHERE batch_id = ? AND state = 'waiting' AND \(Self.isUnfinished)
                    """)
            let times = try batches.compactMap { try Int64.fetchOne(statement, arguments: [$0.rawValue]) }
            return times.min().map(WallTime.init(milliseconds:))
        }
    }

    package func retryFailed(_ batches: [BatchID], now: WallTime) async throws -> Int {
        try await perform { transaction in
            try batches.reduce(0) { total, batch in
                // Nothing was billed: submitted again, as a new attempt.
                let unbilled = try Self.takeBack(
                    "error_kind IN ('rejected', 'remote_failed') OR remote_id IS NULL", to: .pending, of: batch,
                    in: transaction, now: now)
                // Paid for, perhaps: the old job is asked for first.
                let paid = try Self.takeBack("TRUE", to: .submitted, of: batch, in: transaction, now: now)
                return total + unbilled + paid
            }
        }
    }

    private static func takeBack(
        _ condition: String, to state: JobState, of batch: BatchID, in transaction: GroupCommit.Transaction,
        now: WallTime
    ) throws -> Int {
        try transaction.db.execute(
            sql: """
                UPDATE jobs SET state = ?, error_kind = NULL, error_message = NULL, updated_at_ms = ?,
                    submitted_at_ms = ?
                WHERE batch_id = ? AND state = 'failed' AND NOT removed AND (\(condition))
                """,
            arguments: [state.rawValue, now.milliseconds, now.milliseconds, batch.rawValue])
        let count = transaction.db.changesCount
        transaction.count(batch, .failed, -count)
        transaction.count(batch, state, count)
        return count
    }

    package func addRequests(
        _ counts: RequestCounts, throughput: Double?, to batch: BatchID, now: WallTime
    ) async throws {
        try await perform { transaction in
            let statement = try transaction.db.cachedStatement(
                sql: """
                    UPDATE batches SET requests_submit = requests_submit + ?, requests_get = requests_get + ?,
                        requests_list = requests_list + ?, requests_download = requests_download + ?,
                        rate_limited = rate_limited + ?, throughput = ?, throughput_at_ms = ?
                    WHERE id = ?
                    """)
            try statement.execute(arguments: [
                counts.submit, counts.get, counts.list, counts.download, counts.rateLimited, throughput,
                now.milliseconds, batch.rawValue,
            ])
        }
    }

    package func reserveRequests(_ count: Int, of batch: BatchID?, at time: WallTime) async throws {
        try await perform { transaction in
            try transaction.db.execute(
                sql: "DELETE FROM request_reservations WHERE at_ms < ?", arguments: [time.milliseconds - 3_600_000])
            try transaction.db.execute(
                sql: "INSERT INTO request_reservations(batch_id, at_ms, requests) VALUES (?, ?, ?)",
                arguments: [batch?.rawValue, time.milliseconds, count])
        }
    }

    package func reservedRequests(of batch: BatchID?, since: WallTime) async throws -> [RequestReservation] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT at_ms, requests FROM request_reservations WHERE batch_id IS ? AND at_ms >= ? ORDER BY id
                    """, arguments: [batch?.rawValue, since.milliseconds]
            ).map { RequestReservation(time: WallTime(milliseconds: $0["at_ms"]), count: $0["requests"]) }
        }
    }

    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (GroupCommit.Transaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await commits.perform(body)
        } catch let error as DatabaseError {
            throw Self.translate(error)
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await database.read(body)
        } catch let error as DatabaseError {
            throw Self.translate(error)
        }
    }
}
