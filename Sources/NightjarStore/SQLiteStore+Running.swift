internal import GRDB
package import NightjarCore

extension SQLiteStore {
    package func recover(at moment: Moment, now: WallTime) async throws -> Recovery {
        try await perform { transaction in
            var recovery = Recovery()
            recovery.interrupted = try Self.holdInterrupted(transaction, at: moment, now: now)
            let rows = try Row.fetchCursor(
                transaction.db,
                sql: """
                    SELECT jobs.*, \(Self.parameterColumns) FROM jobs JOIN parameters ON parameters.id = parameters_id
                    WHERE batch_id IN (SELECT id FROM batches) AND state IN ('submitted', 'ready')
                        AND \(Self.isUnfinished)
                    ORDER BY jobs.id
                    """)
            while let row = try rows.next() {
                recovery.running.append(Self.runningJob(row, now: now))
            }
            return recovery
        }
    }

    package func runningJob(_ id: JobID) async throws -> RunningJob? {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT jobs.*, \(Self.parameterColumns) FROM jobs JOIN parameters ON parameters.id = parameters_id
                    WHERE jobs.id = ? AND state IN ('submitted', 'ready')
                    """, arguments: [id.rawValue])
            return row.map { Self.runningJob($0, now: WallTime.now) }
        }
    }

    private static func runningJob(_ row: Row, now: WallTime) -> RunningJob {
        let job = JobRow(row)
        var running = RunningJob(
            id: job.id, batch: job.batch, reference: job.reference, request: JobRow.request(row), price: job.price,
            submittedAt: WallTime(milliseconds: row["submitted_at_ms"] ?? now.milliseconds),
            isRemoved: row["removed"] || row["unwanted"], lifecycle: JobLifecycle(job.lifecycleState))
        running.isWanted = row["wanted"]
        return running
    }

    /// The condition of the index `jobs_unfinished`: SQLite uses it only in a query that repeats this to the letter. What
    /// is finished (`cancelled`, `done`, `failed`, `filtered`) comes before `pending` in the alphabet.
    static let isUnfinished = "+state >= 'pending'"

    /// What was out is `unknown`, and every open submission has a loss: dated once, whatever the number of starts.
    private static func holdInterrupted(
        _ transaction: GroupCommit.Transaction, at moment: Moment, now: WallTime
    ) throws -> Int {
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
                JobChange(job: job.id, batch: job.batch, from: .submitting, to: lifecycle.state, at: now),
                in: transaction)
        }
        let values = try StoredMoment.values(moment, in: transaction.db)
        try transaction.db.execute(
            sql: """
                UPDATE submissions INDEXED BY submissions_open SET lost_boot_ms = ?, lost_boot_no = ?, lost_api_ms = ?, loss_kind = 'interrupted',
                    loss_words = coalesce(note, 'the process ended before the answer was read')
                WHERE is_open = 1 AND loss_kind IS NULL
                """, arguments: values)
        return rows.count
    }

    @discardableResult
    package func record(_ change: JobChange) async throws -> RecordOutcome {
        try await perform { [blocked] in try Self.apply(change, in: $0, blocked: blocked) }
    }

    package func modelsToSubmit(_ batches: [BatchID]) async throws -> [String] {
        try await read { db in
            let models = try batches.flatMap { batch in
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT model FROM parameters WHERE id IN (
                            SELECT DISTINCT parameters_id FROM jobs
                            WHERE batch_id = ? AND state IN ('pending', 'waiting', 'submitted', 'unknown')
                                AND \(Self.isUnfinished))
                        """, arguments: [batch.rawValue])
            }
            return Set(models).sorted()
        }
    }

    package func haveImages(_ batches: [BatchID]) async throws -> Set<BatchID> {
        try await read { db in
            let found = try batches.filter { batch in
                let jobs = try Self.jobsOfBatch(batch, in: db)
                return try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM \(jobs) AND state = 'done' AND NOT removed)",
                    arguments: [batch.rawValue]) ?? false
            }
            return Set(found)
        }
    }

    package func nextDue(_ batches: [BatchID]) async throws -> WallTime? {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT min(due_at_ms) FROM jobs INDEXED BY jobs_waiting WHERE batch_id = ? AND state = 'waiting'
                    """)
            let times = try batches.compactMap { try Int64.fetchOne(statement, arguments: [$0.rawValue]) }
            return times.min().map(WallTime.init(milliseconds:))
        }
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
