internal import GRDB
internal import NightjarCore

/// A job about which a person has decided, as it stands in the state when the decision is carried out.
struct DecidedJob {
    let id: JobID
    let batch: BatchID
    let reference: JobReference
    private let transaction: GroupCommit.Transaction
    private let row: Row
    private let state: JobState
    /// The last submission whose fate is open.
    private let open: (key: Int, lossKind: Loss.Kind?)?

    private var db: Database { transaction.db }
    private var attempt: Int { row["attempt"] }
    private var isRemoved: Bool { row["removed"] }

    init(_ id: JobID, in transaction: GroupCommit.Transaction) throws {
        self.id = id
        self.transaction = transaction
        let find = try transaction.db.cachedStatement(sql: "SELECT * FROM jobs WHERE id = ?")
        guard let row = try Row.fetchOne(find, arguments: [id.rawValue]) else {
            throw StoreFailure.other("a job vanished while something was decided about it")
        }
        self.row = row
        batch = BatchID(row["batch_id"])
        reference = JobRow.reference(row)
        state = JobState(rawValue: row["state"]) ?? .failed
        let findOpen = try transaction.db.cachedStatement(
            sql: """
                SELECT attempt, key_number, loss_kind FROM submissions WHERE job_id = ? AND is_open = 1
                ORDER BY number DESC LIMIT 1
                """)
        let open = try Row.fetchOne(findOpen, arguments: [id.rawValue])
        self.open = open.map { ($0["key_number"] ?? $0["attempt"], SQLiteStore.loss($0)?.kind) }
    }

    func carryOut(_ decision: Decision, now: WallTime) throws -> DecisionOutcome.Result {
        switch decision {
        case .retry: try retry(now)
        case .adopt(let remote): try adopt(remote, now)
        case .resubmit: try resubmit(now)
        case .pause: try setPaused(true, now)
        case .resume: try setPaused(false, now)
        case .cancel: try cancel(now)
        }
    }

    // MARK: Pause and cancel

    private func setPaused(_ isPaused: Bool, _ now: WallTime) throws -> DecisionOutcome.Result {
        switch state {
        case .pending, .waiting: break
        case .submitting, .submitted, .ready, .unknown:
            if isPaused { return .refused("it is at the API, or may be (`\(state.rawValue)`), and comes home") }
            return .moved(from: state, to: state)
        case .done, .failed, .filtered, .cancelled:
            return .refused(
                "it is at its end (`\(state.rawValue)`), so there is nothing to \(isPaused ? "pause" : "resume")")
        }
        try set("paused = \(isPaused)", now)
        return .moved(from: state, to: state)
    }

    private func cancel(_ now: WallTime) throws -> DecisionOutcome.Result {
        switch state {
        case .pending, .waiting:
            return try move(to: .cancelled, "error_kind = NULL, error_message = NULL, paused = 0, wanted = 0", now: now)
        case .submitting, .submitted, .ready, .unknown:
            try set("unwanted = 1, wanted = 0", now)
            return .moved(from: state, to: state)
        case .cancelled: return .moved(from: .cancelled, to: .cancelled)
        case .done, .failed, .filtered:
            return .refused("it is at its end (`\(state.rawValue)`), so there is nothing to cancel")
        }
    }

    private func set(_ assignments: String, _ now: WallTime) throws {
        try db.execute(sql: "UPDATE jobs SET \(assignments) WHERE id = ?", arguments: [id.rawValue])
        transaction.touch(batch, at: now)
    }

    private static let notNamed = "the manifest no longer names it: name it there again, and `run` that"

    // MARK: Retry

    private func retry(_ now: WallTime) throws -> DecisionOutcome.Result {
        if row["unwanted"], !state.isFinal { return try wantAgain(now) }
        return switch state {
        case .pending: .refused("it is to be submitted as it is: `run` does that")
        case .waiting: .refused("it waits for another attempt already")
        case .submitting, .submitted, .ready: .refused("it is under way (`\(state.rawValue)`)")
        case .unknown:
            .refused(
                "it is held as unknown, since it may have been paid for: say which job of the API it is with "
                    + "`--adopt JOBID`, or pay for a new one with `--resubmit`")
        case .done: .refused("it is done; `--resubmit` pays for another image")
        case .filtered: .refused("it was delivered, though blank; `--resubmit` pays for another image")
        case .failed: try retryFailed(now)
        case .cancelled: try takeBackCancel(now)
        }
    }

    /// Takes back a `cancel` of what is at the API, or may be.
    private func wantAgain(_ now: WallTime) throws -> DecisionOutcome.Result {
        try set("unwanted = 0", now)
        return .moved(from: state, to: state)
    }

    private func retryFailed(_ now: WallTime) throws -> DecisionOutcome.Result {
        let itself = "id = \(id.rawValue)"
        // What the manifest no longer names is brought home where it was paid for, and not submitted.
        let unbilled = "\(itself) AND \(SQLiteStore.failedUnbilled)"
        if !isRemoved {
            let count = try SQLiteStore.takeBack(
                unbilled, to: .pending, isWanted: true, of: batch, in: transaction, now: now)
            if count > 0 { return .moved(from: .failed, to: .pending) }
        }
        let count = try SQLiteStore.takeBack(
            "\(itself) AND NOT \(SQLiteStore.failedUnbilled)", to: .submitted, isWanted: true, of: batch,
            in: transaction, now: now)
        return count > 0 ? .moved(from: .failed, to: .submitted) : .refused(Self.notNamed)
    }

    private func takeBackCancel(_ now: WallTime) throws -> DecisionOutcome.Result {
        if open != nil {
            return try move(
                to: .unknown,
                """
                error_kind = 'lost', error_message = coalesce(
                    (SELECT loss_words FROM submissions WHERE job_id = jobs.id AND is_open = 1 ORDER BY number DESC), '')
                """, now: now)
        }
        let clear = "error_kind = NULL, error_message = NULL, wanted = 1"
        if try mayBeAtTheAPI() {
            return try move(to: .submitted, "\(clear), submitted_at_ms = ?", [now.milliseconds], now: now)
        }
        return isRemoved ? .refused(Self.notNamed) : try move(to: .pending, clear, now: now)
    }

    /// The job's id is that of its last submission, and it is not known to have FAILED or to be gone.
    private func mayBeAtTheAPI() throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT outcome FROM submissions JOIN jobs ON jobs.id = job_id AND submissions.remote_id = jobs.remote_id
                WHERE job_id = ? AND number = submissions
                """)
        let outcome = try String.fetchOne(statement, arguments: [id.rawValue])
        let kind: String? = row["error_kind"]
        return outcome == "submitted" || (outcome == "failed" && kind != "remote_failed")
    }

    // MARK: Adopt

    private func adopt(_ remote: RemoteJobID, _ now: WallTime) throws -> DecisionOutcome.Result {
        switch state {
        case .unknown, .failed, .cancelled, .filtered: break
        case .pending, .waiting:
            return .refused("nothing of it is lost: it is `\(state.rawValue)`, and `run` submits it")
        case .submitting: return .refused("its submission is out; ask again when that is answered")
        case .submitted, .ready:
            return .refused("it is the job \(row["remote_id"] ?? "") of the API already (`\(state.rawValue)`)")
        case .done: return .refused("it is done; `--resubmit` pays for another image")
        }
        if remote.rawValue.isEmpty { return .refused("a job id of the API is not empty") }
        if let owner = try SQLiteStore.owner(of: remote, than: id, in: db) {
            return .refused(try words(for: remote, of: owner))
        }
        let isNew = try SQLiteStore.isNew(remote, to: id, in: db)
        if isNew, open == nil { try addSubmission(now) }
        try db.execute(sql: "DELETE FROM candidates WHERE remote_id = ?", arguments: [remote.rawValue])
        var change = JobChange(
            job: id, batch: batch, from: state, to: .submitted(remote, attempt: max(attempt, 1)), at: now,
            note: "a person said that this is the job",
            submission: isNew ? try lastSubmission() : try submission(of: remote))
        if isNew { change.spent = try SQLiteStore.price(of: change, in: db) }
        let outcome = try SQLiteStore.apply(change, in: transaction)
        guard outcome == .recorded else { throw StoreFailure.other("a job moved while something was decided about it") }
        try db.execute(
            sql: "UPDATE jobs SET submitted_at_ms = ? WHERE id = ?", arguments: [now.milliseconds, id.rawValue])
        return .moved(from: state, to: .submitted)
    }

    private func words(for remote: RemoteJobID, of owner: JobID) throws -> String {
        if owner == id { return "the job \(remote) is known as a second image of it, and kept as a duplicate" }
        let row = try Row.fetchOne(
            db, sql: "SELECT key, name FROM jobs JOIN batches ON batches.id = batch_id WHERE jobs.id = ?",
            arguments: [owner.rawValue])
        guard let row else { return "the job \(remote) belongs to another" }
        return "the job \(remote) belongs to `\(JobRow.key(row))` of batch `\(row["name"] as String)`"
    }

    /// The last open submission; else the newest row, which has no id yet.
    private func lastSubmission() throws -> Int? {
        try Int.fetchOne(
            db,
            sql: """
                SELECT number FROM submissions WHERE job_id = ? AND remote_id IS NULL ORDER BY is_open DESC, number DESC
                LIMIT 1
                """, arguments: [id.rawValue])
    }

    private func submission(of remote: RemoteJobID) throws -> Int? {
        try Int.fetchOne(
            db, sql: "SELECT max(number) FROM submissions WHERE job_id = ? AND remote_id = ?",
            arguments: [id.rawValue, remote.rawValue])
    }

    /// A row for an id that no submission of the state can have given.
    private func addSubmission(_ now: WallTime) throws {
        try db.execute(
            sql: """
                INSERT INTO submissions(job_id, number, attempt, intent_at_ms, price_micros)
                SELECT id, submissions + 1, max(attempt, 1), coalesce(intent_at_ms, ?), price_micros FROM jobs WHERE id = ?
                """, arguments: [now.milliseconds, id.rawValue])
        try db.execute(sql: "UPDATE jobs SET submissions = submissions + 1 WHERE id = ?", arguments: [id.rawValue])
    }

    // MARK: Resubmit

    private func resubmit(_ now: WallTime) throws -> DecisionOutcome.Result {
        switch state {
        case .pending, .waiting:
            return .refused("it is to be submitted as it is (`\(state.rawValue)`): `run` does that")
        case .submitting: return .refused("its submission is out; ask again when that is answered")
        case .submitted, .ready: return .refused("it is under way (`\(state.rawValue)`): its image is on its way")
        case .unknown, .failed, .filtered, .done, .cancelled: break
        }
        if isRemoved { return .refused(Self.notNamed) }
        if let path = row["path"] as String? {
            try db.execute(
                sql: "UPDATE submissions SET note = ? WHERE job_id = ? AND number = ?",
                arguments: ["its image is kept at \(path)", id.rawValue, row["submissions"] as Int])
        }
        // Where the fate of the old one is open, an API that honours the key answers with it. Another key where the API has
        // said that it knows this one, or where the old one has ended.
        let isOpen = state == .unknown || state == .cancelled
        let sameKey = isOpen && open != nil && open?.lossKind != .keyKnown
        let next = sameKey ? max(attempt - 1, 0) : attempt
        let shift: Int = sameKey ? (open?.key ?? 0) - (next + 1) : row["key_shift"]
        return try move(
            to: .pending,
            """
            error_kind = NULL, error_message = NULL, wanted = 1, attempt = ?, key_shift = ?, path = NULL, sha256 = NULL,
            bytes = NULL, width = NULL, height = NULL, result_url = NULL, result_width = NULL, result_height = NULL,
            result_seed = NULL
            """, [next, shift], now: now)
    }

    private func move(
        to state: JobState, _ assignments: String, _ values: StatementArguments = [], now: WallTime
    ) throws -> DecisionOutcome.Result {
        let start: StatementArguments = [state.rawValue, now.milliseconds]
        let statement = try db.cachedStatement(
            sql: "UPDATE jobs SET state = ?, updated_at_ms = ?, unwanted = 0, \(assignments) WHERE id = ?")
        try statement.execute(arguments: start + values + [id.rawValue])
        transaction.count(batch, self.state, -1)
        transaction.count(batch, state, 1)
        transaction.touch(batch, at: now)
        return .moved(from: self.state, to: state)
    }
}
