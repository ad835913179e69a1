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

    /// - Parameters:
    ///   - rows: Of the former jobs of `job`.
    ///   - seed: What is asked for.
    /// - Returns: The row, and the seed, of the one whose image is what the manifest asks for now.
    func made(_ rows: [Int64], for job: KnownJob, seed: Int64?) throws -> (row: Int64, seed: Int64?)? {
        let find = try db.cachedStatement(
            sql: """
                SELECT seed FROM jobs
                WHERE id = ? AND state IN ('done', 'filtered') AND prompt = ? AND parameters_id = ?
                """)
        for id in rows.reversed() {
            guard let row = try Row.fetchOne(find, arguments: [id, job.planned.prompt, job.parameters]) else {
                continue
            }
            let made: Int64? = row["seed"]
            let isSame =
                switch job.planned.seed {
                case .manifest, .server: made == seed
                case .derived: made != nil
                }
            if isSame { return (id, made) }
        }
        return nil
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
        for place in places {
            // Of two jobs that have the same one, even for a moment, the index would refuse the second.
            try db.execute(sql: "UPDATE jobs SET remote_id = NULL WHERE id = ?", arguments: [place])
        }
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
        try db.execute(
            sql: "UPDATE jobs SET key_shift = max(key_shift, ? - attempt), updated_at_ms = ? WHERE id = ?",
            arguments: [greatestKey, now.milliseconds, job])
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
