internal import GRDB
internal import NightjarCore

/// What an intake has memory and patience for.
struct IntakeLimits {
    /// From so many new jobs on, and a quarter of the rows of the table, the index of keys is made anew.
    var manyJobs = 20_000
    /// Keys of the batch that are kept in memory; beyond them the index of the table is the set. At least 1.
    var keysInMemory = KeySet.limit
}

/// What an intake has done to the jobs, by their indices.
struct IntakeMarks {
    /// New ones have this index or one above.
    let firstNew: Int
    /// A bit for each that the manifest names.
    var named = BitSet()
    /// Named, and asked for differently than before.
    var changed = BitSet()
    /// Not named any more, since now.
    var removed = BitSet()
}

/// One manifest being taken in, inside one transaction. Memory grows by a few bytes a job.
struct IntakeSession {
    private let db: Database
    private let transaction: GroupCommit.Transaction
    private let batch: BatchID
    private let settings: BatchSettings
    private let limits: IntakeLimits
    private let many: Int
    private let rows: JobRows
    let firstNewRow: Int64
    private let known: KnownJobs
    private let former: FormerJobs
    private let keyIndex: KeyIndex
    /// Of the batch, known and new.
    private var keys: KeySet
    /// The set is full: it holds only what waits for its row, and the index is asked for the rest.
    private var usesIndex: Bool
    private var parameters: ParameterTable
    private var paths: PathCheck
    private var seeds = SeedDraws()
    private var intake: Intake
    private(set) var marks: IntakeMarks
    private(set) var nextIndex: Int
    /// Taken in again, the same manifest would change nothing; `false` where what was made before waits for what is at the
    /// API now.
    private(set) var isSettled = true
    /// The next free ordinal of identities that came up more than once.
    private var nextOrdinal: [JobIdentity: Int] = [:]

    /// - Parameter nextIndex: 0 for a batch that is new.
    init(
        _ db: Database, transaction: GroupCommit.Transaction, batch: BatchID, settings: BatchSettings, nextIndex: Int,
        changed: ChangedJobs, limits: IntakeLimits, now: WallTime
    ) throws {
        self.db = db
        self.transaction = transaction
        self.batch = batch
        self.settings = settings
        self.limits = limits
        self.nextIndex = nextIndex
        let lastRow = try Int64.fetchOne(db, sql: "SELECT max(id) FROM jobs") ?? 0
        many = max(limits.manyJobs, Int(lastRow / 4))
        firstNewRow = lastRow + 1
        rows = try JobRows(db, batch: batch, lastRow: lastRow, now: now)
        known = try KnownJobs(db, transaction: transaction, batch: batch, changed: changed, now: now)
        former = try FormerJobs(db, batch: batch, now: now)
        keyIndex = try KeyIndex(db)
        intake = Intake(batch: batch)
        marks = IntakeMarks(firstNew: nextIndex)
        parameters = try ParameterTable(db)
        paths = try PathCheck(settings)
        // The set has 32 bits for a row.
        usesIndex = nextIndex > limits.keysInMemory || lastRow > Int64(Int32.max)
        keys = KeySet(firstRow: usesIndex ? firstNewRow : 1)
        if usesIndex { try keyIndex.restore() }
        if nextIndex > 0 { try readKnown() }
    }

    /// Keys and seeds of all jobs that the state knows.
    private mutating func readKnown() throws {
        let source = try SQLiteStore.jobsOfBatch(batch, in: db)
        let statement = try RawStatement(db, "SELECT id, key, seed FROM \(source)")
        statement.bind(batch.rawValue, at: 1)
        defer { statement.reset() }
        while try statement.step() {
            if !usesIndex, let key = statement.key(1) { keys.insert(key, row: statement.integer(0)) }
            if let seed = statement.optionalInteger(2) { seeds.takeForGood(seed) }
        }
    }

    mutating func add(_ job: PlannedJob) throws {
        var ordinal = max(job.firstOrdinal, nextOrdinal[job.identity] ?? 0)
        while try !place(job, key: job.identity.key(ordinal: ordinal)) {
            ordinal += 1
            nextOrdinal[job.identity] = ordinal + 1
        }
        intake.total += 1
    }

    /// - Returns: `false` when this manifest has named the key already: an equal job, whose ordinal is the next one.
    private mutating func place(_ job: PlannedJob, key: JobKey) throws -> Bool {
        let parametersID = try parameters.id(of: job.parameters)
        var steps = 0
        while let row = keys.nextRow(of: key, after: &steps) {
            if row >= firstNewRow {
                if try (rows.waitingKey(of: row) ?? known.key(of: row)) == key { return false }
            } else if let job = try known.find(row, job, key: key, parameters: parametersID) {
                return try meet(job)
            }
        }
        if usesIndex, let row = try known.row(of: key) {
            guard row < firstNewRow, let job = try known.find(row, job, key: key, parameters: parametersID) else {
                return false
            }
            return try meet(job)
        }
        try addNew(job, key: key, parameters: parametersID)
        return true
    }

    private mutating func addNew(_ job: PlannedJob, key: JobKey, parameters: Int64) throws {
        let seed = firstSeed(of: job, key: key)
        let row = try rows.add(job, index: nextIndex, key: key, parameters: parameters, seed: seed)
        if case .derived = job.seed, let seed {
            seeds.draw(seed, row: row)
        } else if let seed {
            seeds.takeForGood(seed)
        }
        paths.add(job, key: key, index: nextIndex, seed: seed, row: row)
        marks.named.insert(nextIndex)
        nextIndex += 1
        intake.added += 1
        try remember(key, row: row)
    }

    private mutating func remember(_ key: JobKey, row: Int64) throws {
        if usesIndex ? keys.count >= JobRows.rowsAtOnce : keys.count >= limits.keysInMemory {
            try rows.flush()
            if !usesIndex { try keyIndex.restore() }
            usesIndex = true
            keys = KeySet(firstRow: row)
        }
        keys.insert(key, row: row)
        // The set knows all keys until then.
        if intake.added == many, !usesIndex { try keyIndex.drop() }
    }

    private func firstSeed(of job: PlannedJob, key: JobKey) -> Int64? {
        switch job.seed {
        case .manifest(let seed): seed
        case .derived: key.derivedSeed(draw: 0)
        case .server: nil
        }
    }

    private mutating func meet(_ job: KnownJob) throws -> Bool {
        guard !marks.named.contains(job.index) else { return false }
        marks.named.insert(job.index)
        intake.kept += 1
        var job = job
        if try known.takeBack(&job) { intake.returned += 1 }
        if case .changed(let fate, let seed) = try known.compare(job) {
            // The file of one that stays keeps the name that it has.
            guard try change(&job, fate, seed: seed) else { return true }
        }
        paths.add(job.planned, key: job.key, index: job.index, seed: job.seed, row: job.row)
        return true
    }

    /// - Returns: Whether the job is now what the manifest asks for.
    private mutating func change(_ job: inout KnownJob, _ fate: KnownJobs.Fate, seed: Int64?) throws -> Bool {
        let formerRows = try self.formerRows(of: job.key)
        if let made = try former.made(formerRows, for: job, seed: seed) {
            if fate != .bound {
                try restore(&job, made, of: formerRows)
                return true
            }
            isSettled = false
        }
        marks.changed.insert(job.index)
        switch fate {
        case .bound, .kept:
            try known.describe(job)
            intake.changed += 1
            if fate == .bound, job.state != .cancelled { intake.atAPI += 1 }
            return false
        case .takesNew:
            try known.describe(job)
            try known.replace(job, seed: seed)
            intake.replaced += 1
        case .madeAnew:
            try keepFormer(of: job, among: formerRows, seed: seed)
            intake.redone += 1
        }
        if let seed, seed != job.seed {
            if case .derived = job.planned.seed { seeds.draw(seed, row: job.row) } else { seeds.takeForGood(seed) }
        }
        job.seed = seed
        return true
    }

    // MARK: What was made before a change

    private func formerRows(of key: JobKey) throws -> [Int64] {
        var rows: [Int64] = []
        while let row = try row(of: key.former(rows.count)) { rows.append(row) }
        return rows
    }

    private func row(of key: JobKey) throws -> Int64? {
        var steps = 0
        while let row = keys.nextRow(of: key, after: &steps) {
            if try (rows.waitingKey(of: row) ?? known.key(of: row)) == key { return row }
        }
        return usesIndex ? try known.row(of: key) : nil
    }

    /// The new request is the job's; all that there was of it is that of another, which no manifest names.
    private mutating func keepFormer(of job: KnownJob, among formerRows: [Int64], seed: Int64?) throws {
        let row: Int64
        if let spare = try former.spare(formerRows) {
            row = spare
            try former.renew(row, for: job, seed: seed)
            transaction.count(batch, .cancelled, -1)
        } else {
            let key = job.key.former(formerRows.count)
            row = try rows.add(job.planned, index: nextIndex, key: key, parameters: job.parameters, seed: seed)
            try rows.flush()
            try remember(key, row: row)
            nextIndex += 1
        }
        transaction.count(batch, .pending, 1)
        try former.exchange(job.row, with: row, of: formerRows + [row])
        try known.move(row, from: job.state, to: FormerJobs.resting(job.state), removed: true)
        try known.forgetMetadata()
    }

    private mutating func restore(_ job: inout KnownJob, _ made: FormerJobs.Made, of formerRows: [Int64]) throws {
        try former.exchange(job.row, with: made.row, of: formerRows)
        try known.move(made.row, from: job.state, to: FormerJobs.resting(job.state), removed: true)
        try known.move(job.row, from: made.state, to: made.returnsAs, removed: false)
        try known.set("meta", job.planned.meta, of: job)
        job.seed = made.seed
        intake.restored += 1
    }

    /// Settles seeds that were drawn twice, and sets aside what is no longer named.
    /// - Throws: `IntakeConflicts` where jobs share paths.
    mutating func finish() throws -> Intake {
        try rows.flush()
        if keyIndex.wasThere { try keyIndex.restore() }
        try seeds.settle { [known] row in
            try known.key(of: row)
        } redraw: { [db] row, seed in
            try db.execute(sql: "UPDATE jobs SET seed = ? WHERE id = ?", arguments: [seed, row])
        }
        try paths.check(db)
        if marks.firstNew > 0 {
            let named = marks.named
            try known.setAside(allBut: named) { index in
                marks.removed.insert(index)
                intake.removed += 1
            }
        }
        transaction.count(batch, .pending, intake.added)
        return intake
    }
}
