internal import GRDB
internal import NightjarCore

/// A job of the state that the manifest names.
struct KnownJob {
    /// As the manifest asks for it.
    let planned: PlannedJob
    /// The request fields that it asks for.
    let parameters: Int64
    let key: JobKey
    let row: Int64
    let index: Int
    var state: JobState
    let isRemoved: Bool
    let errorKind: String?
    var seed: Int64?
    let isSamePrompt: Bool
    let hasSameParameters: Bool
    let hasSameVariables: Bool
    let hasSameMeta: Bool
}

/// Jobs that the state knew before this manifest: finds them, compares them with it, and changes what it changes.
final class KnownJobs {
    enum Comparison {
        case same
        /// Asked for differently now.
        /// - Parameter seed: What is asked for.
        case changed(Fate, seed: Int64?)
    }

    /// What becomes of a job that is asked for differently.
    enum Fate {
        /// It stays as it is: the API has it, or a person has said that it is not wanted.
        case bound
        /// It has been paid for, and stays as it is, unless what is asked for has been made before.
        case kept
        /// Nothing has been paid for: what the manifest says now is what is asked for.
        case takesNew
        /// It has been paid for, and the manifest's new request is to be made beside it.
        case madeAnew
    }

    private let db: Database
    private let transaction: GroupCommit.Transaction
    private let batch: BatchID
    private let changed: ChangedJobs
    private let now: WallTime
    private let findRow: RawStatement
    private let findJob: RawStatement
    private let findKey: RawStatement

    init(
        _ db: Database, transaction: GroupCommit.Transaction, batch: BatchID, changed: ChangedJobs, now: WallTime
    ) throws {
        self.db = db
        self.transaction = transaction
        self.batch = batch
        self.changed = changed
        self.now = now
        findRow = try RawStatement(db, "SELECT id FROM jobs WHERE batch_id = ? AND key = ?")
        findKey = try RawStatement(db, "SELECT key FROM jobs WHERE id = ?")
        findJob = try RawStatement(
            db,
            """
            SELECT key, idx, state, removed, error_kind, seed, prompt, parameters_id, variables, meta
            FROM jobs WHERE id = ?
            """)
        findRow.bind(batch.rawValue, at: 1)
    }

    func key(of row: Int64) throws -> JobKey? {
        findKey.bind(row, at: 1)
        defer { findKey.reset() }
        return try findKey.step() ? findKey.key(0) : nil
    }

    /// By the index.
    func row(of key: JobKey) throws -> Int64? {
        var bytes = (key.high.bigEndian, key.low.bigEndian)
        return try withUnsafeBytes(of: &bytes) { bytes in
            findRow.bindBlob(bytes, at: 2)
            defer {
                findRow.reset()
                findRow.bindNull(at: 2)
            }
            return try findRow.step() ? findRow.integer(0) : nil
        }
    }

    /// - Returns: `nil` where another job has the row.
    func find(_ row: Int64, _ planned: PlannedJob, key: JobKey, parameters: Int64) throws -> KnownJob? {
        findJob.bind(row, at: 1)
        defer { findJob.reset() }
        guard try findJob.step(), findJob.key(0) == key else { return nil }
        return KnownJob(
            planned: planned, parameters: parameters, key: key, row: row, index: Int(findJob.integer(1)),
            state: findJob.text(2).flatMap(JobState.init) ?? .failed, isRemoved: findJob.integer(3) != 0,
            errorKind: findJob.text(4), seed: findJob.optionalInteger(5),
            isSamePrompt: findJob.holds(planned.prompt, 6), hasSameParameters: findJob.integer(7) == parameters,
            hasSameVariables: findJob.holds(planned.variables, 8), hasSameMeta: findJob.holds(planned.meta, 9))
    }

    // MARK: Named again

    /// Names a job again that had been set aside.
    /// - Returns: Whether it had been cancelled for that.
    func takeBack(_ job: inout KnownJob) throws -> Bool {
        guard job.isRemoved else { return false }
        let former = job.state
        if former == .cancelled {
            job.state = job.errorKind == nil ? .pending : .failed
            // Shown absent before it was set aside, which is long ago: that is to be shown anew.
            if job.state == .pending, try hasOpenSubmission(job.row) {
                job.state = .unknown
                try db.execute(
                    sql: "UPDATE jobs SET error_kind = 'lost', error_message = ? WHERE id = ?",
                    arguments: ["the answer to its submission was lost", job.row])
            }
        }
        try move(job.row, from: former, to: job.state, removed: false)
        return former == .cancelled
    }

    func move(_ row: Int64, from: JobState, to: JobState, removed: Bool) throws {
        let update = try db.cachedStatement(
            sql: """
                UPDATE jobs SET state = ?1, removed = ?2, updated_at_ms = iif(state = ?1, updated_at_ms, ?3)
                WHERE id = ?4
                """)
        try update.execute(arguments: [to.rawValue, removed, now.milliseconds, row])
        transaction.count(batch, from, -1)
        transaction.count(batch, to, 1)
    }

    /// An earlier submission is recognised by the request as it was.
    private func hasOpenSubmission(_ row: Int64) throws -> Bool {
        let find = try db.cachedStatement(
            sql: "SELECT 1 FROM submissions WHERE job_id = ? AND is_open = 1 LIMIT 1")
        return try Int.fetchOne(find, arguments: [row]) != nil
    }

    // MARK: Asked for differently

    /// Only a job with an `id` can have the same key and another request.
    func compare(_ job: KnownJob) throws -> Comparison {
        var isChanged = !job.isSamePrompt || !job.hasSameParameters
        var seed = job.seed
        switch job.planned.seed {
        case .manifest(let value) where value != seed: (isChanged, seed) = (true, value)
        case .server where seed != nil: (isChanged, seed) = (true, nil)
        case .derived where seed == nil: (isChanged, seed) = (true, job.key.derivedSeed(draw: 0))
        case .manifest, .server, .derived: break
        }
        if isChanged { return .changed(try fate(of: job), seed: seed) }
        try describe(job)
        // Of equal requests each may come with the variables of another; a file that was named by them keeps them.
        if !job.hasSameVariables, job.state == .pending || job.state == .waiting {
            try set("variables", job.planned.variables, of: job)
        }
        return .same
    }

    /// What describes a job changes no request; the variables of another request do not describe this one.
    func describe(_ job: KnownJob) throws {
        if !job.hasSameMeta { try set("meta", job.planned.meta, of: job) }
    }

    private func fate(of job: KnownJob) throws -> Fate {
        let unlessOpen: Fate
        switch job.state {
        // Nothing has been paid for.
        case .pending, .waiting: unlessOpen = .takesNew
        case .failed where job.errorKind == "rejected" || job.errorKind == "remote_failed": unlessOpen = .takesNew
        case .failed, .done, .filtered: unlessOpen = changed == .redo ? .madeAnew : .kept
        // At the API: paid for. Or a person has said that it is not wanted.
        case .submitting, .submitted, .ready, .unknown, .cancelled: return .bound
        }
        return try hasOpenSubmission(job.row) ? .bound : unlessOpen
    }

    func set(_ column: String, _ value: String?, of job: KnownJob) throws {
        let update = try db.cachedStatement(sql: "UPDATE jobs SET \(column) = ? WHERE id = ?")
        try update.execute(arguments: [value, job.row])
        try forgetMetadata()
    }

    /// The file of metadata is to be written anew.
    func forgetMetadata() throws {
        let update = try db.cachedStatement(sql: "UPDATE batches SET metadata_images = NULL WHERE id = ?")
        try update.execute(arguments: [batch.rawValue])
    }

    /// Another body under the same idempotency key would be refused.
    func replace(_ job: KnownJob, seed: Int64?) throws {
        let update = try db.cachedStatement(
            sql: """
                UPDATE jobs SET prompt = ?, parameters_id = ?, seed = ?, variables = ?, error_kind = NULL,
                    error_message = NULL, key_shift = key_shift + 1, updated_at_ms = ?
                WHERE id = ?
                """)
        try update.execute(arguments: [
            job.planned.prompt, job.parameters, seed, job.planned.variables, now.milliseconds, job.row,
        ])
        if job.state == .failed { try move(job.row, from: .failed, to: .pending, removed: false) }
    }

    // MARK: Not named any more

    /// Sets aside what is not asked for: what has not been billed is cancelled, the rest only marked.
    /// - Parameter isNews: Called with the index of each that was named until now.
    func setAside(allBut named: BitSet, isNews: (_ index: Int) -> Void) throws {
        let source = try SQLiteStore.jobsOfBatch(batch, in: db)
        let statement = try RawStatement(db, "SELECT id, idx, state, removed FROM \(source)")
        statement.bind(batch.rawValue, at: 1)
        defer { statement.reset() }
        while try statement.step() {
            let index = Int(statement.integer(1))
            // What a person has cancelled stays so, named or not.
            guard !named.contains(index), let state = statement.text(2).flatMap(JobState.init), state != .cancelled
            else {
                continue
            }
            let wasNamed = statement.integer(3) == 0
            // One that was at the API when it was set aside may have failed since.
            guard wasNamed || state == .failed else { continue }
            if wasNamed { isNews(index) }
            let isOpen = state == .pending || state == .waiting || state == .failed
            try move(statement.integer(0), from: state, to: isOpen ? .cancelled : state, removed: true)
        }
    }
}
