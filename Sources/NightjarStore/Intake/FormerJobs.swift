internal import GRDB
internal import NightjarCore

/// What has been made for a job whose request is changed stays: as a job of its own, which no manifest names, with its
/// file, its submissions and what they cost. Where the manifest asks for just that again, the two change places.
///
/// Its key follows from the job's, so that it is found by that.
struct FormerJobs {
    private let db: Database
    private let batch: BatchID
    private let now: WallTime
    /// Of the table of jobs: all but what makes a row that job and no other.
    private let contents: [String]

    private static let identity: Set<String> = ["id", "batch_id", "idx", "key", "label", "removed"]

    init(_ db: Database, batch: BatchID, now: WallTime) throws {
        self.db = db
        self.batch = batch
        self.now = now
        contents = try db.columns(in: "jobs").map(\.name).filter { !Self.identity.contains($0) }
    }

    /// A former job that is what the manifest asks for now.
    struct Made {
        let row: Int64
        let seed: Int64?
        /// Of the row.
        let state: JobState
        /// Of the job when it is that again.
        let returnsAs: JobState
    }

    /// - Parameters:
    ///   - rows: Of the former jobs of `job`.
    ///   - seed: What is asked for.
    /// - Returns: One that was paid for, or may have been.
    func made(_ rows: [Int64], for job: KnownJob, seed: Int64?) throws -> Made? {
        let find = try db.cachedStatement(
            sql: """
                SELECT seed, state, path, remote_id, error_kind FROM jobs
                WHERE id = ? AND prompt = ? AND parameters_id = ?
                """)
        for id in rows.reversed() {
            guard let row = try Row.fetchOne(find, arguments: [id, job.planned.prompt, job.parameters]),
                let state = JobState(rawValue: row["state"]), let returnsAs = Self.returning(row, from: state)
            else { continue }
            let made: Int64? = row["seed"]
            let isSame =
                switch job.planned.seed {
                case .manifest, .server: made == seed
                case .derived: made != nil
                }
            if isSame { return Made(row: id, seed: made, state: state, returnsAs: returnsAs) }
        }
        return nil
    }

    private static func returning(_ row: Row, from state: JobState) -> JobState? {
        let (path, remote, error) = (row["path"] as String?, row["remote_id"] as String?, row["error_kind"] as String?)
        switch state {
        case .done, .filtered, .submitted, .ready: return state
        // As `resting` has left it.
        case .cancelled, .failed:
            if state == .cancelled, path != nil { return .filtered }
            let wasBilled = remote != nil && error != nil && error != "rejected" && error != "remote_failed"
            return wasBilled ? .failed : nil
        case .pending, .submitting, .unknown, .waiting: return nil
        }
    }

    /// The state of a former job: nothing but an image counts, and nothing that could still become one.
    static func resting(_ state: JobState) -> JobState { state == .done ? .done : .cancelled }

    /// A former job of which nothing was ever submitted, and which another may take the place of.
    func spare(_ rows: [Int64]) throws -> Int64? {
        let isSpare = try db.cachedStatement(
            sql: "SELECT id FROM jobs WHERE id = ? AND state = 'cancelled' AND submissions = 0")
        for row in rows {
            if let row = try Int64.fetchOne(isSpare, arguments: [row]) { return row }
        }
        return nil
    }

    /// Makes a row as if it were new.
    func renew(_ row: Int64, for job: KnownJob, seed: Int64?) throws {
        let update = try db.cachedStatement(
            sql: """
                UPDATE jobs SET state = 'pending', prompt = ?, parameters_id = ?, seed = ?, variables = ?, meta = ?,
                    attempt = 0, key_shift = 0, error_kind = NULL, error_message = NULL, created_at_ms = ?,
                    updated_at_ms = ?
                WHERE id = ?
                """)
        try update.execute(arguments: [
            job.planned.prompt, job.parameters, seed, job.planned.variables, job.planned.meta, now.milliseconds,
            now.milliseconds, row,
        ])
    }

    /// The contents of the two rows change places, with all that is known of their submissions.
    /// - Parameters:
    ///   - job: What the manifest names. Its next submission has a key that none of its own had, nor any of `rows`.
    ///   - rows: Of all its former jobs, `former` among them.
    func exchange(_ job: Int64, with former: Int64, of rows: [Int64]) throws {
        let greatestKey = try ([job] + rows).map(self.greatestKey).max() ?? 0
        let places = [job, former]
        let select = "SELECT \(contents.joined(separator: ", ")) FROM jobs WHERE id = ?"
        let values = try places.map { try Row.fetchOne(db.cachedStatement(sql: select), arguments: [$0]) }
        // Of two jobs that have the same one, even for a moment, the index would refuse the second.
        let forget = try db.cachedStatement(
            sql: "UPDATE jobs SET remote_id = NULL WHERE id = ? AND remote_id IS NOT NULL")
        for place in places { try forget.execute(arguments: [place]) }
        let assignments = contents.map { "\($0) = ?" }.joined(separator: ", ")
        let update = try db.cachedStatement(sql: "UPDATE jobs SET \(assignments) WHERE id = ?")
        for (place, values) in zip(places, values.reversed()) {
            guard let values else { throw StoreFailure.other("a job that is to be kept is not there") }
            try update.execute(
                arguments: StatementArguments(values.map { $1 } + [place.databaseValue]))
        }
        for table in ["submissions", "duplicates", "decisions"] {
            for (from, to) in [(job, -job), (former, job), (-job, former)] {
                let move = try db.cachedStatement(sql: "UPDATE \(table) SET job_id = ? WHERE job_id = ?")
                try move.execute(arguments: [to, from])
            }
        }
        let raise = try db.cachedStatement(
            sql: "UPDATE jobs SET key_shift = max(key_shift, ? - attempt) WHERE id = ?")
        try raise.execute(arguments: [greatestKey, job])
    }

    /// The greatest number of an idempotency key that a job's submissions had.
    private func greatestKey(_ job: Int64) throws -> Int {
        let find = try db.cachedStatement(
            sql: """
                SELECT max(attempt + key_shift, coalesce(
                    (SELECT max(coalesce(key_number, submissions.attempt)) FROM submissions WHERE job_id = jobs.id), 0))
                FROM jobs WHERE id = ?
                """)
        return try Int.fetchOne(find, arguments: [job]) ?? 0
    }
}
