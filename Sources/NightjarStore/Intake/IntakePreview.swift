internal import GRDB
package import NightjarCore

/// What taking a manifest in would do, found by doing it to a copy of the batch: indices, seeds, changes and conflicts are
/// those that a run would make of the same state.
package struct IntakePreview {
    /// Jobs of one kind.
    package struct Group: Equatable, Sendable {
        package var parameters: ImageRequest.Parameters
        package var jobs: Int
    }

    package let intake: Intake
    /// Jobs that had failed, and are taken up again.
    package let retried: Int
    private let scratch: ScratchState
    /// `nil` where the state knows this very manifest.
    private let marks: IntakeMarks?

    /// Reads the batch from the state, which may be in use, and changes nothing there.
    /// - Parameters:
    ///   - retriesFailed: Also what `retryFailed` would do.
    ///   - known: Opened for reading; `nil` where there is no state yet.
    ///   - expand: As for `takeIn`.
    /// - Throws: `StoreFailure`, and whatever taking the manifest in would throw.
    package static func make(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, retriesFailed: Bool = false,
        known: SQLiteStore?, now: WallTime, expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> IntakePreview {
        try SQLiteStore.translatingErrors("") {
            let scratch = try ScratchState(batch: settings.name, of: known)
            return try scratch.database.inDatabase { db in
                var result: (intake: Intake, marks: IntakeMarks?)?
                var retried = 0
                try db.inTransaction {
                    let taken = try SQLiteStore.takeIn(
                        settings, digest: digest, changed: changed, now: now, limits: IntakeLimits(), in: db,
                        expand: expand)
                    if retriesFailed {
                        let transaction = GroupCommit.Transaction(db)
                        retried = try SQLiteStore.retryFailed(taken.intake.batch, in: transaction, now: now)
                    }
                    result = taken
                    return .commit
                }
                guard let result else { throw StoreFailure.other("a manifest was not taken in") }
                return IntakePreview(
                    intake: result.intake, retried: retried, scratch: scratch, marks: result.marks)
            }
        }
    }

    /// All jobs that the manifest names, and those that it names no more, in the order of their indices.
    package func forEachJob(_ body: (PreviewedJob) throws -> Void) throws {
        try SQLiteStore.translatingErrors("") {
            try scratch.database.read { db in
                let parameters = try Self.parameters(db)
                let jobs = try RawStatement(
                    db,
                    """
                    SELECT idx, removed, state, key, label, prompt, parameters_id, seed, variables, meta, path
                    FROM jobs WHERE batch_id = ? ORDER BY id
                    """)
                jobs.bind(intake.batch.rawValue, at: 1)
                defer { jobs.reset() }
                while try jobs.step() {
                    let state = jobs.text(2).flatMap(JobState.init) ?? .failed
                    guard let key = jobs.key(3), let prompt = jobs.text(5), let shared = parameters[jobs.integer(6)],
                        let change = change(of: Int(jobs.integer(0)), isRemoved: jobs.integer(1) != 0, state)
                    else { continue }
                    try body(
                        PreviewedJob(
                            index: Int(jobs.integer(0)), key: key, label: jobs.text(4),
                            request: ImageRequest(prompt: prompt, parameters: shared, seed: jobs.optionalInteger(7)),
                            variables: jobs.text(8), meta: jobs.text(9), change: change, state: state,
                            path: jobs.text(10)))
                }
            }
        }
    }

    /// How many jobs there are of each change.
    package func counts() throws -> [PreviewedJob.Change: Int] {
        try SQLiteStore.translatingErrors("") {
            try scratch.database.read { db in
                let jobs = try RawStatement(db, "SELECT idx, removed, state FROM jobs WHERE batch_id = ?")
                jobs.bind(intake.batch.rawValue, at: 1)
                defer { jobs.reset() }
                var counts: [PreviewedJob.Change: Int] = [:]
                while try jobs.step() {
                    let state = jobs.text(2).flatMap(JobState.init) ?? .failed
                    let change = change(of: Int(jobs.integer(0)), isRemoved: jobs.integer(1) != 0, state)
                    if let change { counts[change, default: 0] += 1 }
                }
                return counts
            }
        }
    }

    /// What a run would still submit of this batch, those of the earliest jobs first.
    package func toSubmit() throws -> [Group] {
        try SQLiteStore.translatingErrors("") {
            try scratch.database.read { db in
                let parameters = try Self.parameters(db)
                let rows = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT parameters_id, count(*) AS jobs FROM jobs
                        WHERE batch_id = ? AND state IN ('pending', 'waiting') GROUP BY parameters_id ORDER BY min(id)
                        """, arguments: [intake.batch.rawValue])
                return rows.compactMap { row in
                    parameters[row["parameters_id"]].map { Group(parameters: $0, jobs: row["jobs"]) }
                }
            }
        }
    }

    /// - Returns: `nil` of a job that earlier manifests named, and the last one did not.
    private func change(of index: Int, isRemoved: Bool, _ state: JobState) -> PreviewedJob.Change? {
        if let marks {
            // What keeps an image beside its change was not named.
            if index >= marks.firstNew { return isRemoved ? nil : .new }
            if marks.removed.contains(index) { return .removed }
            if !marks.named.contains(index) { return nil }
            if marks.changed.contains(index) { return .changed }
        } else if isRemoved {
            return nil
        }
        switch state {
        case .done, .filtered: return .done
        case .pending, .submitting, .unknown, .submitted, .ready, .waiting, .failed, .cancelled: return .kept
        }
    }

    private static func parameters(_ db: Database) throws -> [Int64: ImageRequest.Parameters] {
        var found: [Int64: ImageRequest.Parameters] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT id, \(SQLiteStore.parameterColumns) FROM parameters")
        while let row = try rows.next() {
            found[row["id"]] = ImageRequest.Parameters(
                model: row["model"], negativePrompt: row["negative_prompt"], width: row["w"], height: row["h"],
                steps: row["steps"], cfgScale: row["cfg_scale"], sampler: row["sampler"])
        }
        return found
    }
}
