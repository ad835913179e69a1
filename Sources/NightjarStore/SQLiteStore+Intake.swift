internal import FoundationEssentials
internal import GRDB
package import NightjarCore
internal import Synchronization

extension SQLiteStore {
    package func takeIn(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> Intake {
        settingsCache.withLock { $0 = [:] }
        return try Self.translatingErrors("") {
            try database.write { db in
                blocked.forgetAll()
                let (batch, known) = try Self.batchRow(for: settings, in: db, now: now)
                if known?.digest == digest {
                    try db.execute(
                        sql: "UPDATE batches SET settings = ? WHERE id = ?",
                        arguments: [try Self.encode(settings), batch.rawValue])
                    return try Self.unchanged(batch, in: db)
                }
                let transaction = GroupCommit.Transaction(db)
                let session = try IntakeSession(
                    db, transaction: transaction, batch: batch, settings: settings, nextIndex: known?.nextIndex ?? 0,
                    now: now)
                try expand { try session.add($0) }
                let intake = try session.finish()
                transaction.touch(batch, at: now)
                try transaction.flush()
                try db.execute(
                    sql: "UPDATE batches SET settings = ?, digest = ?, next_index = ? WHERE id = ?",
                    arguments: [try Self.encode(settings), digest, session.nextIndex, batch.rawValue])
                return intake
            }
        }
    }

    private static func batchRow(
        for settings: BatchSettings, in db: Database, now: WallTime
    ) throws -> (BatchID, (digest: String?, nextIndex: Int)?) {
        let row = try Row.fetchOne(
            db, sql: "SELECT id, digest, next_index FROM batches WHERE name = ?", arguments: [settings.name])
        if let row { return (BatchID(row["id"]), (row["digest"], row["next_index"])) }
        try db.execute(
            sql: "INSERT INTO batches(name, settings, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?)",
            arguments: [settings.name, try encode(settings), now.milliseconds, now.milliseconds])
        return (BatchID(db.lastInsertedRowID), nil)
    }

    private static func unchanged(_ batch: BatchID, in db: Database) throws -> Intake {
        var intake = Intake(batch: batch)
        let total = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM jobs WHERE batch_id = ? AND NOT removed", arguments: [batch.rawValue])
        intake.total = total ?? 0
        intake.kept = intake.total
        return intake
    }

    static func encode(_ settings: BatchSettings) throws -> String {
        String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    }
}

/// One manifest being taken in, inside one transaction. Memory grows by a few bytes a job.
private final class IntakeSession {
    private let db: Database
    private let transaction: GroupCommit.Transaction
    private let batch: BatchID
    private let settings: BatchSettings
    private let now: WallTime
    private let isNewBatch: Bool
    private let find: Statement
    private let insert: Statement
    private var parameters: ParameterTable
    private var paths: PathCheck
    private var seeds = SeedDraws()
    private var intake: Intake
    private(set) var nextIndex: Int
    /// A bit for each index that this manifest has named.
    private var named = BitSet()
    /// The next free ordinal of identities that came up more than once.
    private var nextOrdinal: [JobIdentity: Int] = [:]

    init(
        _ db: Database, transaction: GroupCommit.Transaction, batch: BatchID, settings: BatchSettings, nextIndex: Int,
        now: WallTime
    ) throws {
        self.db = db
        self.transaction = transaction
        self.batch = batch
        self.settings = settings
        self.now = now
        self.nextIndex = nextIndex
        isNewBatch = nextIndex == 0
        intake = Intake(batch: batch)
        find = try db.cachedStatement(
            sql: """
                SELECT id, idx, state, removed, error_kind, parameters_id, prompt, seed, meta
                FROM jobs WHERE batch_id = ? AND key = ?
                """)
        insert = try db.cachedStatement(
            sql: """
                INSERT INTO jobs(batch_id, idx, key, label, state, parameters_id, prompt, seed, variables, meta,
                    created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """)
        parameters = try ParameterTable(db)
        paths = try PathCheck(template: settings.pathTemplate)
        if !isNewBatch {
            let known = try Int64.fetchCursor(
                db, sql: "SELECT seed FROM jobs WHERE batch_id = ? AND seed < 2147483648", arguments: [batch.rawValue])
            while let seed = try known.next() { seeds.takeForGood(seed) }
        }
    }

    func add(_ job: PlannedJob) throws {
        var ordinal = max(job.firstOrdinal, nextOrdinal[job.identity] ?? 0)
        while true {
            let key = job.identity.key(ordinal: ordinal)
            if try place(job, key: key) { break }
            ordinal += 1
            nextOrdinal[job.identity] = ordinal + 1
        }
        intake.total += 1
    }

    /// - Returns: `false` when this manifest has named the key already: an equal job, whose ordinal is the next one.
    private func place(_ job: PlannedJob, key: JobKey) throws -> Bool {
        let keyData = Data(key.bytes)
        if !isNewBatch, let row = try Row.fetchOne(find, arguments: [batch.rawValue, keyData]) {
            return try meet(job, key: key, row: row)
        }
        let seed = firstSeed(of: job, key: key)
        try insert.execute(arguments: [
            batch.rawValue, nextIndex, keyData, job.label, try parameters.id(of: job.parameters), job.prompt, seed,
            job.variables, job.meta, now.milliseconds, now.milliseconds,
        ])
        guard db.changesCount == 1 else { return false }
        if case .derived = job.seed, let seed {
            seeds.draw(seed, row: db.lastInsertedRowID)
        } else if let seed {
            seeds.takeForGood(seed)
        }
        try paths.add(job, key: key, index: nextIndex, seed: seed, batch: settings.name)
        named.insert(nextIndex)
        nextIndex += 1
        intake.added += 1
        transaction.count(batch, .pending, 1)
        return true
    }

    private func meet(_ job: PlannedJob, key: JobKey, row: Row) throws -> Bool {
        let index: Int = row["idx"]
        guard !named.contains(index) else { return false }
        named.insert(index)
        let id: Int64 = row["id"]
        try paths.add(job, key: key, index: index, seed: row["seed"], batch: settings.name)
        if row["meta"] != job.meta {
            try db.execute(sql: "UPDATE jobs SET meta = ? WHERE id = ?", arguments: [job.meta, id])
            // The file of metadata is to be written anew.
            try db.execute(
                sql: "UPDATE batches SET metadata_images = NULL WHERE id = ?", arguments: [batch.rawValue])
        }
        var state = JobState(rawValue: row["state"]) ?? .failed
        if row["removed"] {
            let former = state
            if former == .cancelled {
                state = row["error_kind"] == nil ? .pending : .failed
                // Shown absent before it was set aside, which is long ago: that is to be shown anew.
                if state == .pending, try hasOpenSubmission(id) {
                    state = .unknown
                    try db.execute(
                        sql: "UPDATE jobs SET error_kind = 'lost', error_message = ? WHERE id = ?",
                        arguments: ["the answer to its submission was lost", id])
                }
                intake.returned += 1
            }
            try move(id, from: former, to: state, removed: false)
        }
        try compare(job, key: key, with: row, id: id, state: state)
        return true
    }

    private func move(_ id: Int64, from: JobState, to: JobState, removed: Bool) throws {
        try db.execute(
            sql: "UPDATE jobs SET state = ?, removed = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [to.rawValue, removed, now.milliseconds, id])
        transaction.count(batch, from, -1)
        transaction.count(batch, to, 1)
    }

    /// Only a job with an `id` can have the same key and another request.
    private func compare(_ job: PlannedJob, key: JobKey, with row: Row, id: Int64, state: JobState) throws {
        let parametersID = try parameters.id(of: job.parameters)
        var isChanged = row["prompt"] != job.prompt || row["parameters_id"] != parametersID
        let known: Int64? = row["seed"]
        var seed = known
        switch job.seed {
        case .manifest(let value) where value != seed: (isChanged, seed) = (true, value)
        case .server where seed != nil: (isChanged, seed) = (true, nil)
        case .derived where seed == nil: (isChanged, seed) = (true, key.derivedSeed(draw: 0))
        case .manifest, .server, .derived: break
        }
        intake.kept += 1
        guard isChanged else { return }
        let kind: String? = row["error_kind"]
        let failedUnbilled = state == .failed && (kind == "rejected" || kind == "remote_failed")
        guard state == .pending || state == .waiting || failedUnbilled, try !hasOpenSubmission(id) else {
            intake.changed += 1
            return
        }
        // Nothing has been paid for: what the manifest says now is what is asked for. Another body under the same
        // idempotency key would be refused.
        try db.execute(
            sql: """
                UPDATE jobs SET prompt = ?, parameters_id = ?, seed = ?, variables = ?, error_kind = NULL,
                    error_message = NULL, key_shift = key_shift + 1, updated_at_ms = ?
                WHERE id = ?
                """,
            arguments: [job.prompt, parametersID, seed, job.variables, now.milliseconds, id])
        if let seed, seed != known {
            if case .derived = job.seed { seeds.draw(seed, row: id) } else { seeds.takeForGood(seed) }
        }
        if failedUnbilled { try move(id, from: .failed, to: .pending, removed: false) }
    }

    /// An earlier submission is recognised by the request as it was.
    private func hasOpenSubmission(_ id: Int64) throws -> Bool {
        try Int.fetchOne(
            db, sql: "SELECT 1 FROM submissions WHERE job_id = ? AND is_open = 1 LIMIT 1", arguments: [id]) != nil
    }

    private func firstSeed(of job: PlannedJob, key: JobKey) -> Int64? {
        switch job.seed {
        case .manifest(let seed): seed
        case .derived: key.derivedSeed(draw: 0)
        case .server: nil
        }
    }

    /// Settles seeds that were drawn twice, and sets aside what is no longer named.
    func finish() throws -> Intake {
        try seeds.settle { row in
            let key = try Data.fetchOne(db, sql: "SELECT key FROM jobs WHERE id = ?", arguments: [row])
            return key.flatMap { JobKey(bytes: $0) }
        } redraw: { row, seed in
            try db.execute(sql: "UPDATE jobs SET seed = ? WHERE id = ?", arguments: [seed, row])
        }
        if !isNewBatch { try setAsideRemoved() }
        return intake
    }

    /// What is not named any more is not asked for: what has not been billed is cancelled, the rest only marked.
    private func setAsideRemoved() throws {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT id, idx, state, removed FROM jobs WHERE batch_id = ?", arguments: [batch.rawValue])
        var removed: [(id: Int64, state: JobState)] = []
        while let row = try rows.next() {
            // What a person has cancelled stays so, named or not.
            guard !named.contains(row["idx"]), let state = JobState(rawValue: row["state"]), state != .cancelled else {
                continue
            }
            let isNews = !(row["removed"] as Bool)
            // One that was at the API when it was set aside may have failed since.
            guard isNews || state == .failed else { continue }
            if isNews { intake.removed += 1 }
            removed.append((row["id"], state))
        }
        for job in removed {
            let isOpen = job.state == .pending || job.state == .waiting || job.state == .failed
            try move(job.id, from: job.state, to: isOpen ? .cancelled : job.state, removed: true)
        }
    }
}

/// Whether two jobs share a path; costs nothing where the template tells all jobs apart by itself.
private struct PathCheck {
    private let template: PathTemplate
    private let isNeeded: Bool
    /// What first asked for a path, by the path's hash.
    private var places: [Int: SourcePlace] = [:]

    init(template: String) throws {
        self.template = try PathTemplate(template)
        isNeeded = !self.template.tellsJobsApart
    }

    mutating func add(_ job: PlannedJob, key: JobKey, index: Int, seed: Int64?, batch: String) throws {
        guard isNeeded else { return }
        let path = template.path(
            for: PathTemplate.Values(
                batch: batch, index: index, prompt: job.prompt, seed: seed, label: job.label, key: key,
                model: job.parameters.model),
            ext: "png")
        if let first = places.updateValue(job.place, forKey: path.hashValue) {
            throw IntakeConflict(message: "two jobs share the path `\(path)`", place: job.place, first: first)
        }
    }
}

/// The table of shared request fields, with those in memory that came up last.
private struct ParameterTable {
    private let db: Database
    private let insert: Statement
    private var known: [ImageRequest.Parameters: Int64] = [:]
    private var last: (parameters: ImageRequest.Parameters, id: Int64)?

    init(_ db: Database) throws {
        self.db = db
        insert = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO parameters(digest, model, negative_prompt, width, height, steps, cfg_scale, sampler)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
    }

    mutating func id(of parameters: ImageRequest.Parameters) throws -> Int64 {
        if let last, last.parameters == parameters { return last.id }
        let id = try known[parameters] ?? fetchID(of: parameters)
        if known.count >= 4096 { known = [:] }
        known[parameters] = id
        last = (parameters, id)
        return id
    }

    private func fetchID(of parameters: ImageRequest.Parameters) throws -> Int64 {
        let digest = Data(JobIdentity(prompt: "", parameters: parameters, seed: .derived).key(ordinal: 0).bytes)
        try insert.execute(arguments: [
            digest, parameters.model, parameters.negativePrompt, parameters.width, parameters.height, parameters.steps,
            parameters.cfgScale, parameters.sampler,
        ])
        if db.changesCount == 1 { return db.lastInsertedRowID }
        let id = try Int64.fetchOne(db, sql: "SELECT id FROM parameters WHERE digest = ?", arguments: [digest])
        guard let id else { throw StoreFailure.other("a row of request fields vanished") }
        return id
    }
}
