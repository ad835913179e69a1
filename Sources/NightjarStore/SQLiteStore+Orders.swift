internal import FoundationEssentials
internal import GRDB
package import NightjarCore

extension SQLiteStore {
    package func leave(_ order: Order, for batch: BatchID?, now: WallTime) async throws -> Int64 {
        let json = String(decoding: try JSONEncoder().encode(order), as: UTF8.self)
        return try await perform { transaction in
            try transaction.db.execute(
                sql: "INSERT INTO orders(batch_id, order_json, left_at_ms) VALUES (?, ?, ?)",
                arguments: [batch?.rawValue, json, now.milliseconds])
            return transaction.db.lastInsertedRowID
        }
    }

    package func carryOutOrders(now: WallTime) async throws -> [OrderOutcome] {
        // Nothing is written where nothing was left.
        let isLeft = try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT 1 FROM orders WHERE ended_at_ms IS NULL LIMIT 1")
            return try Int.fetchOne(statement) != nil
        }
        guard isLeft else { return [] }
        return try await perform { [blocked] transaction in
            blocked.forgetAll()
            let rows = try Row.fetchAll(
                transaction.db, sql: "SELECT * FROM orders WHERE ended_at_ms IS NULL ORDER BY id")
            return try rows.flatMap { row in
                let order = try JSONDecoder().decode(Order.self, from: Data((row["order_json"] as String).utf8))
                let steered = SteeredBatches(transaction: transaction, now: now)
                let batch = (row["batch_id"] as Int64?).map(BatchID.init)
                let outcomes = try batch.map { [try steered.carryOut(order, of: $0)] } ?? steered.carryOutForAll(order)
                let sum = OrderOutcome.sum(outcomes, of: batch, order)
                try transaction.db.execute(
                    sql: "UPDATE orders SET ended_at_ms = ?, result_json = ? WHERE id = ?",
                    arguments: [
                        now.milliseconds, String(decoding: try JSONEncoder().encode(sum.result), as: UTF8.self),
                        row["id"] as Int64,
                    ])
                return outcomes
            }
        }
    }

    package func outcome(ofOrder number: Int64) async throws -> OrderOutcome? {
        try await read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT * FROM orders WHERE id = ? AND ended_at_ms IS NOT NULL", arguments: [number])
            guard let row else { return nil }
            let (order, result): (String, String) = (row["order_json"], row["result_json"])
            return OrderOutcome(
                batch: (row["batch_id"] as Int64?).map(BatchID.init),
                order: try JSONDecoder().decode(Order.self, from: Data(order.utf8)),
                result: try JSONDecoder().decode(OrderOutcome.Result.self, from: Data(result.utf8)))
        }
    }

    package func limitOverrides() async throws -> LimitOverrides {
        try await read { try Steering.overrides(fact: "overrides", in: $0) }
    }

    package func clearLimitOverrides() async throws {
        try await perform { try $0.db.execute(sql: "DELETE FROM facts WHERE name = 'overrides'") }
    }

    package func noteHalt(_ words: String?, of batch: BatchID) async throws {
        try await perform { transaction in
            try transaction.db.execute(
                sql: "UPDATE batches SET halted = ? WHERE id = ?", arguments: [words, batch.rawValue])
        }
    }

    package func checkWritable(now: WallTime) async throws {
        try await perform { transaction in
            try transaction.db.execute(
                sql: "INSERT OR REPLACE INTO facts VALUES ('checked', ?)", arguments: [String(now.milliseconds)])
        }
    }

    // MARK: What was committed

    /// Accepted, or not answered, or lost; what FAILED or was turned away costs nothing.
    private static let isCommitted = """
        (submissions.remote_id IS NOT NULL AND submissions.outcome NOT IN ('waiting')
            AND NOT (submissions.outcome = 'failed' AND error_kind IS 'remote_failed')
            OR submissions.outcome IS NULL OR is_open = 1)
        """

    package func committed(since time: WallTime) async throws -> (submissions: Int, money: Money) {
        try await read { db in
            try Self.committed(
                "submissions CROSS JOIN jobs ON jobs.id = submissions.job_id",
                "submissions.intent_at_ms >= \(time.milliseconds)", in: db)
        }
    }

    package func committed(by batch: BatchID) async throws -> (submissions: Int, money: Money) {
        try await read { db in
            // From the jobs' part of the table to their submissions.
            try Self.committed(
                "jobs CROSS JOIN submissions ON submissions.job_id = jobs.id",
                "batch_id = \(batch.rawValue) AND \(try Self.rows(of: batch, in: db))", in: db)
        }
    }

    /// What the jobs of a batch cost that are at the API, or completed there and not fetched yet.
    package func priceAtAPI(of batch: BatchID) async throws -> Money {
        try await read { db in
            let states = ["submitted", "ready"].map {
                """
                SELECT price_micros FROM jobs
                WHERE batch_id = \(batch.rawValue) AND state = '\($0)' AND \(Self.isUnfinished)
                """
            }
            let sum = try Int64.fetchOne(
                db, sql: "SELECT coalesce(sum(price_micros), 0) FROM (\(states.joined(separator: " UNION ALL ")))")
            return Money(micros: sum ?? 0)
        }
    }

    /// Every submission counts that was not turned away; money only where something may be billed.
    private static func committed(
        _ source: String, _ condition: String, in db: Database
    ) throws -> (submissions: Int, money: Money) {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*) AS n, coalesce(sum(
                    iif(\(isCommitted), coalesce(submissions.price_micros, jobs.price_micros), 0)), 0) AS m
                FROM \(source)
                WHERE \(condition) AND (submissions.outcome IS NOT 'pending' OR is_open = 1)
                """)
        return (row?["n"] ?? 0, Money(micros: row?["m"] ?? 0))
    }
}

/// What people have said about batches, as `batches()` tells it.
struct Steering {
    private let isAllPaused: Bool
    private let pausedJobs: [Int64: Int]
    /// A state that is not migrated yet has none of it.
    private let isOld: Bool

    init(_ db: Database) throws {
        isOld = try !db.tableExists("orders")
        isAllPaused = try String.fetchOne(db, sql: "SELECT 1 FROM facts WHERE name = 'paused'") != nil
        guard !isOld else {
            pausedJobs = [:]
            return
        }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT batch_id, count(*) AS jobs FROM jobs INDEXED BY jobs_paused
                WHERE paused = 1 AND state IN ('pending', 'waiting') GROUP BY batch_id
                """)
        pausedJobs = Dictionary(uniqueKeysWithValues: rows.map { ($0["batch_id"], $0["jobs"]) })
    }

    func add(to summary: inout BatchSummary, _ row: Row) throws {
        summary.paused = summary.paused || isAllPaused
        summary.isAllPaused = isAllPaused
        summary.pausedJobs = pausedJobs[summary.id.rawValue] ?? 0
        guard !isOld else { return }
        summary.overrides = try Self.overrides(row["overrides"])
        summary.halted = row["halted"]
    }

    static func overrides(_ json: String?) throws -> LimitOverrides {
        guard let json else { return LimitOverrides() }
        return try JSONDecoder().decode(LimitOverrides.self, from: Data(json.utf8))
    }

    static func overrides(fact name: String, in db: Database) throws -> LimitOverrides {
        try overrides(String.fetchOne(db, sql: "SELECT value FROM facts WHERE name = ?", arguments: [name]))
    }
}

/// Carries out orders, within one transaction.
struct SteeredBatches {
    let transaction: GroupCommit.Transaction
    let now: WallTime

    private var db: Database { transaction.db }

    /// - Returns: What became of each batch; for limits one outcome that names none.
    func carryOutForAll(_ order: Order) throws -> [OrderOutcome] {
        switch order {
        case .set(let change):
            if change.priority != nil {
                return [OrderOutcome(batch: nil, order: order, result: .refused("a priority is that of one batch"))]
            }
            var overrides = try Steering.overrides(fact: "overrides", in: db)
            let before = overrides
            overrides.apply(change)
            let json = String(decoding: try JSONEncoder().encode(overrides), as: UTF8.self)
            try db.execute(sql: "INSERT OR REPLACE INTO facts VALUES ('overrides', ?)", arguments: [json])
            return [OrderOutcome(batch: nil, order: order, result: .carriedOut(changed: overrides != before))]
        case .pause: try db.execute(sql: "INSERT OR IGNORE INTO facts VALUES ('paused', '1')")
        case .resume: try db.execute(sql: "DELETE FROM facts WHERE name = 'paused'")
        case .cancel: break
        }
        let change = db.changesCount > 0 && order != .cancel
        let batches = try Int64.fetchAll(db, sql: "SELECT id FROM batches ORDER BY id")
        // A pause of everything leaves the batches' own as they are.
        let own = order == .pause ? [] : try batches.map { try carryOut(order, of: BatchID($0)) }
        let all = OrderOutcome(batch: nil, order: order, result: .carriedOut(changed: change))
        return [all] + own
    }

    func carryOut(_ order: Order, of batch: BatchID) throws -> OrderOutcome {
        let result: OrderOutcome.Result =
            switch order {
            case .pause: try setPaused(true, batch)
            case .resume: try resume(batch)
            case .cancel: try cancel(batch)
            case .set(let change): try set(change, batch)
            }
        return OrderOutcome(batch: batch, order: order, result: result)
    }

    private func setPaused(_ isPaused: Bool, _ batch: BatchID) throws -> OrderOutcome.Result {
        try db.execute(
            sql: "UPDATE batches SET paused = ?1 WHERE id = ?2 AND paused <> ?1", arguments: [isPaused, batch.rawValue])
        return .carriedOut(changed: db.changesCount > 0)
    }

    private func resume(_ batch: BatchID) throws -> OrderOutcome.Result {
        if try String.fetchOne(db, sql: "SELECT 1 FROM facts WHERE name = 'paused'") != nil {
            return .refused("everything is paused; `nightjar resume --all` takes that back")
        }
        // Who resumes a batch means all of it.
        try db.execute(
            sql: "UPDATE jobs INDEXED BY jobs_paused SET paused = 0 WHERE batch_id = ? AND paused = 1",
            arguments: [batch.rawValue])
        let jobs = db.changesCount
        guard case .carriedOut(let changed, _, _) = try setPaused(false, batch) else {
            return .carriedOut(changed: false)
        }
        return .carriedOut(changed: changed || jobs > 0)
    }

    private func cancel(_ batch: BatchID) throws -> OrderOutcome.Result {
        var cancelled: [JobState: Int] = [:]
        for state in [JobState.pending, .waiting] {
            try db.execute(
                sql: """
                    UPDATE jobs SET state = 'cancelled', updated_at_ms = ?, error_kind = NULL, error_message = NULL,
                        paused = 0, wanted = 0
                    WHERE batch_id = ? AND state = ? AND \(SQLiteStore.isUnfinished)
                    """, arguments: [now.milliseconds, batch.rawValue, state.rawValue])
            let count = db.changesCount
            guard count > 0 else { continue }
            cancelled[state] = count
            transaction.count(batch, state, -count)
            transaction.count(batch, .cancelled, count)
        }
        var comesHome: [JobState: Int] = [:]
        var isNew = false
        for state in [JobState.submitting, .submitted, .ready, .unknown] {
            let ofState = "batch_id = \(batch.rawValue) AND state = '\(state.rawValue)' AND \(SQLiteStore.isUnfinished)"
            let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs WHERE \(ofState)") ?? 0
            guard count > 0 else { continue }
            comesHome[state] = count
            try db.execute(sql: "UPDATE jobs SET unwanted = 1, wanted = 0 WHERE \(ofState) AND NOT unwanted")
            isNew = isNew || db.changesCount > 0
        }
        if !cancelled.isEmpty || isNew { transaction.touch(batch, at: now) }
        return .carriedOut(changed: !cancelled.isEmpty || isNew, cancelled: cancelled, comesHome: comesHome)
    }

    private func set(_ change: LimitChange, _ batch: BatchID) throws -> OrderOutcome.Result {
        let known = try String.fetchOne(
            db, sql: "SELECT overrides FROM batches WHERE id = ?", arguments: [batch.rawValue])
        let before = try Steering.overrides(known)
        var overrides = before
        overrides.apply(change)
        let json = String(decoding: try JSONEncoder().encode(overrides), as: UTF8.self)
        try db.execute(
            sql: "UPDATE batches SET overrides = ? WHERE id = ?",
            arguments: [overrides == LimitOverrides() ? nil : json, batch.rawValue])
        return .carriedOut(changed: overrides != before)
    }
}

extension OrderOutcome {
    /// What an order has come to in all.
    static func sum(_ outcomes: [OrderOutcome], of batch: BatchID?, _ order: Order) -> OrderOutcome {
        if outcomes.count == 1 { return outcomes[0] }
        var isChanged = false
        var all: (cancelled: [JobState: Int], comesHome: [JobState: Int]) = ([:], [:])
        for case .carriedOut(let changed, let cancelled, let comesHome) in outcomes.map(\.result) {
            isChanged = isChanged || changed
            all.cancelled.merge(cancelled, uniquingKeysWith: +)
            all.comesHome.merge(comesHome, uniquingKeysWith: +)
        }
        return OrderOutcome(
            batch: batch, order: order,
            result: .carriedOut(changed: isChanged, cancelled: all.cancelled, comesHome: all.comesHome))
    }
}
