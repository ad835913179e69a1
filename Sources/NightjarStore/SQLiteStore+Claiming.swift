internal import GRDB
package import NightjarCore

extension SQLiteStore {
    package func claim(
        _ limit: Int, of batch: BatchID, avoiding taken: Set<Fingerprint>, room: [String: Int],
        prices: [String: Money], at moment: Moment, now: WallTime
    ) async throws -> [ClaimedJob] {
        guard limit > 0 else { return [] }
        return try await perform { [salt, blocked] transaction in
            let intents = try Intents(transaction, salt: salt, at: moment, now: now)
            var taken = taken
            var room = room
            var jobs: [ClaimedJob] = []
            for isWaiting in [true, false] where jobs.count < limit {
                let queue = BlockedJobs.Queue(batch: batch, isWaiting: isWaiting)
                let scan = ClaimScan(db: transaction.db, queue: queue, now: now)
                try Self.takeOpen(
                    scan, blocked: blocked, taken: &taken, room: &room, limit: limit - jobs.count
                ) { row in
                    jobs.append(try intents.claim(row, price: prices[row["model"]] ?? .zero))
                }
            }
            return jobs
        }
    }

    /// Takes jobs of one queue in order, past those that are held up.
    private static func takeOpen(
        _ scan: ClaimScan, blocked: BlockedJobs, taken: inout Set<Fingerprint>, room: inout [String: Int], limit: Int,
        _ take: (Row) throws -> Void
    ) throws {
        var head = blocked[scan.queue]
        var count = 0
        /// - Returns: Whether the job's model has room for it.
        func makeRoom(for row: Row) -> Bool {
            guard let left = room[row["model"]] else { return true }
            if left > 0 { room[row["model"]] = left - 1 }
            return left > 0
        }
        // Those of the head whose fingerprint has become free stand before all others.
        for (fingerprint, place) in head.first.sorted(by: { $0.value < $1.value })
        where count < limit && !taken.contains(fingerprint) {
            guard let row = try scan.first(of: fingerprint, from: place, upTo: head.end) else {
                head.first[fingerprint] = nil
                continue
            }
            guard makeRoom(for: row) else { continue }
            try take(row)
            taken.insert(fingerprint)
            head.first[fingerprint] = scan.place(of: row)
            count += 1
        }
        while count < limit {
            let wanted = limit - count
            let full = Set(room.filter { $0.value <= 0 }.keys)
            let rows = try scan.next(after: head.end, avoiding: taken, without: full, limit: wanted)
            var isComplete = taken.isEmpty
            // What a model has no room for is passed over for this moment only: it is looked for again from here.
            var isHeldUp = !full.isEmpty
            for row in rows {
                let fingerprint = ClaimScan.fingerprint(of: row)
                if let fingerprint, taken.contains(fingerprint) {
                    isComplete = false
                    continue
                }
                guard makeRoom(for: row) else {
                    isHeldUp = true
                    continue
                }
                if let fingerprint { taken.insert(fingerprint) }
                try take(row)
                count += 1
            }
            if isHeldUp {
                if rows.count < wanted { break }
                continue
            }
            let end = rows.count < wanted ? scan.end : scan.place(of: rows[rows.count - 1])
            if !isComplete {
                head.first.merge(try scan.firsts(after: head.end, upTo: end)) { known, _ in known }
            }
            if !head.first.isEmpty { head.end = end }
            if rows.count < wanted { break }
        }
        blocked[scan.queue] = head
    }
}

/// Writes the intents of one moment.
struct Intents {
    private let transaction: GroupCommit.Transaction
    private let salt: String
    private let moment: Moment
    private let moments: StatementArguments
    private let anchors: Int64?
    private let now: WallTime

    init(_ transaction: GroupCommit.Transaction, salt: String, at moment: Moment, now: WallTime) throws {
        self.transaction = transaction
        self.salt = salt
        self.moment = moment
        self.now = now
        moments = try StoredMoment.values(moment, in: transaction.db)
        let find = try transaction.db.cachedStatement(sql: "SELECT max(id) FROM anchors")
        anchors = try Int64.fetchOne(find)
    }

    /// - Parameter row: A job that is `pending` or `waiting`, with its parameters.
    func claim(_ row: Row, price: Money) throws -> ClaimedJob {
        let from = JobState(rawValue: row["state"]) ?? .pending
        let attempt: Int = row["attempt"]
        var lifecycle = JobLifecycle(
            from == .waiting
                ? .waiting(until: WallTime(milliseconds: row["due_at_ms"] ?? 0), attempt: attempt)
                : .pending(attempt: attempt))
        lifecycle.claimed()
        return try write(
            row, from: from, lifecycle, attempt: attempt + 1, keyShift: row["key_shift"], price: price)
    }

    /// Moves the job to `submitting`, with a new submission.
    func write(
        _ row: Row, from: JobState, _ lifecycle: JobLifecycle, attempt: Int, keyShift: Int, price: Money
    ) throws -> ClaimedJob {
        let db = transaction.db
        let id: Int64 = row["id"]
        let batch = BatchID(row["batch_id"])
        let update = try db.cachedStatement(
            sql: """
                UPDATE jobs SET state = 'submitting', attempt = ?, key_shift = ?, submissions = submissions + 1,
                    price_micros = ?, intent_at_ms = ?, updated_at_ms = ?
                WHERE id = ?
                """)
        try update.execute(arguments: [attempt, keyShift, price.micros, now.milliseconds, now.milliseconds, id])
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO submissions(job_id, number, attempt, intent_at_ms, is_open, key_number, price_micros,
                    anchors_id, boot_ms, boot_no, api_ms)
                VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
                """)
        let number: Int = row["submissions"] + 1
        let own: StatementArguments = [
            id, number, attempt, now.milliseconds, attempt + keyShift, price.micros, anchors,
        ]
        try insert.execute(arguments: own + moments)
        transaction.count(batch, from, -1)
        transaction.count(batch, .submitting, 1)
        transaction.touch(batch, at: now)
        let reference = JobRow.reference(row)
        let key = JobIdentity(
            label: "\(salt) \(batch.rawValue) \(reference.key)", seed: Int64(attempt + keyShift)
        ).key(ordinal: 0)
        return ClaimedJob(
            id: JobID(id), batch: batch, reference: reference, request: JobRow.request(row), price: price, from: from,
            lifecycle: lifecycle, idempotencyKey: "nightjar-\(key)", submission: number, intent: moment)
    }
}
