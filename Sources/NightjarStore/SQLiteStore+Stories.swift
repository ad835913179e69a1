internal import FoundationEssentials
internal import GRDB
package import NightjarCore

extension SQLiteStore {
    /// By batch and reason: the unknown jobs, each by its last open submission.
    static func heldJobs(_ db: Database) throws -> [BatchID: [String: HeldJobs]] {
        if try isOld(db) { return [:] }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT batch_id, hold_reason, count(*) AS jobs, min(hold_words) AS words FROM (
                    SELECT batch_id, hold_reason, hold_words, max(number)
                    FROM submissions INDEXED BY submissions_open CROSS JOIN jobs ON jobs.id = job_id
                    WHERE is_open = 1 AND state = 'unknown' GROUP BY job_id)
                WHERE hold_reason IS NOT NULL
                GROUP BY batch_id, hold_reason
                """)
        return rows.reduce(into: [:]) { held, row in
            held[BatchID(row["batch_id"]), default: [:]][row["hold_reason"]] = HeldJobs(
                jobs: row["jobs"], example: row["words"] ?? "")
        }
    }

    package func story(of job: JobID) async throws -> JobStory? {
        try await read { db in
            guard let row = try Self.summaryRow(of: job.rawValue, in: db) else { return nil }
            let submissions = try Row.fetchAll(
                db, sql: "SELECT * FROM submissions WHERE job_id = ? ORDER BY number", arguments: [job.rawValue]
            ).map(Self.toldSubmission)
            let duplicates =
                try Self.isOld(db)
                ? []
                : try Row.fetchAll(
                    db, sql: "SELECT * FROM duplicates WHERE job_id = ? ORDER BY id", arguments: [job.rawValue]
                ).map(Self.duplicate)
            let summary = Self.jobSummary(row)
            let due: Int64? = row["due_at_ms"]
            let isOpen = submissions.contains(where: \.isOpen)
            return JobStory(
                job: summary, isFormer: try Self.isFormer(summary, in: row["batch_id"], db),
                former: summary.label == nil ? [] : try Self.former(of: summary.key, in: row["batch_id"], db),
                dueAt: summary.state == .waiting ? due.map(WallTime.init(milliseconds:)) : nil,
                submissions: submissions, duplicates: duplicates,
                candidates: isOpen ? try Self.candidates(of: summary.request.parameters.model, db) : [],
                seedHolder: try Self.seedHolder(of: summary, db))
        }
    }

    /// Those of which something was submitted. Only a job with an `id` has any.
    private static func former(of key: JobKey, in batch: Int64, _ db: Database) throws -> [JobSummary] {
        var found: [JobSummary] = []
        // Several with one look at the table, which has no index of keys.
        for first in stride(from: 0, to: Int.max, by: 8) {
            let keys = (first..<first + 8).map { "x'\(key.former($0))'" }.joined(separator: ", ")
            let ids = try Int64.fetchAll(
                db, sql: "SELECT id FROM \(try jobsOfBatch(BatchID(batch), in: db)) AND key IN (\(keys)) ORDER BY id",
                arguments: [batch])
            for id in ids {
                guard let row = try summaryRow(of: id, in: db), row["submissions"] > 0 else { continue }
                found.append(jobSummary(row))
            }
            if ids.count < 8 { break }
        }
        return found
    }

    /// Whether the job keeps what was made for another before its request was changed.
    private static func isFormer(_ job: JobSummary, in batch: Int64, _ db: Database) throws -> Bool {
        guard job.isRemoved, let label = job.label else { return false }
        return formerKeys(try keys(ofLabel: label, in: [batch], db).map(\.key)).contains(job.key)
    }

    private static func keys(
        ofLabel label: String, in batches: [Int64], _ db: Database
    ) throws -> [(place: Place, key: JobKey)] {
        try Row.fetchAll(db, sql: "SELECT id, batch_id, key FROM jobs WHERE label = ?", arguments: [label])
            .map { (Place(batch: $0["batch_id"], id: $0["id"]), JobRow.key($0)) }
            .filter { batches.contains($0.place.batch) }
    }

    /// Of these keys those that follow from another of them.
    private static func formerKeys(_ keys: [JobKey]) -> Set<JobKey> {
        let all = Set(keys)
        return all.intersection(keys.flatMap { key in keys.indices.map { key.former($0) } })
    }

    private static func seedHolder(of job: JobSummary, _ db: Database) throws -> JobStory.SeedHolder? {
        guard job.state == .pending || job.state == .waiting, let seed = job.request.seed, try !isOld(db) else {
            return nil
        }
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT key, ended_at_ms FROM submissions INDEXED BY submissions_open
                    CROSS JOIN jobs ON jobs.id = job_id JOIN parameters ON parameters.id = parameters_id
                WHERE is_open = 1 AND loss_kind IS NOT NULL AND ended_at_ms IS NOT NULL AND seed = ? AND model = ?
                ORDER BY ended_at_ms DESC LIMIT 1
                """, arguments: [seed, job.request.parameters.model])
        return row.map { JobStory.SeedHolder(key: JobRow.key($0), lostAt: WallTime(milliseconds: $0["ended_at_ms"])) }
    }

    private static func toldSubmission(_ row: Row) -> JobStory.Submission {
        let outcome: String? = row["outcome"]
        let ended: Int64? = row["ended_at_ms"]
        let remote: String? = row["remote_id"]
        let reason: String? = row["hold_reason"]
        return JobStory.Submission(
            number: row["number"], attempt: row["attempt"], intentAt: WallTime(milliseconds: row["intent_at_ms"]),
            outcome: outcome.flatMap(JobState.init(rawValue:)), endedAt: ended.map(WallTime.init(milliseconds:)),
            remoteID: remote.map(RemoteJobID.init), note: row["note"], loss: loss(row),
            hold: reason.flatMap(Hold.Reason.init(rawValue:)).map { Hold($0, row["hold_words"] ?? "") },
            isOpen: row["is_open"] ?? false)
    }

    private static let mostFound = 100

    private struct Place {
        let batch: Int64
        let id: Int64
    }

    package func findJobs(_ text: String, batch: String?) async throws -> [FoundJob] {
        try await read { db in
            let batches = try Int64.fetchAll(
                db, sql: "SELECT id FROM batches WHERE ?1 IS NULL OR name = ?1 ORDER BY id", arguments: [batch])
            var found = try Self.jobs(named: text, of: batches, in: db)
            if found.isEmpty { found = try Self.jobs(withKey: text, of: batch, in: db) }
            // Rows of a batch are in the order of their indices.
            found.sort { ($0.batch, $0.id) < ($1.batch, $1.id) }
            return try found.prefix(Self.mostFound).compactMap { job in
                try Self.summaryRow(of: job.id, in: db).map {
                    FoundJob(id: JobID(job.id), batch: BatchID(job.batch), summary: Self.jobSummary($0))
                }
            }
        }
    }

    private static func summaryRow(of job: Int64, in db: Database) throws -> Row? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT jobs.*, batches.name AS batch_name, \(parameterColumns)
                FROM jobs JOIN batches ON batches.id = batch_id JOIN parameters ON parameters.id = parameters_id
                WHERE jobs.id = ?
                """, arguments: [job])
    }

    /// By the manifest's `id`, or by an id of the API, also one of an earlier attempt or a duplicate. An `id` means the job
    /// itself, not those that keep what was made for it before.
    private static func jobs(named text: String, of batches: [Int64], in db: Database) throws -> [Place] {
        let ofDuplicates = try isOld(db) ? "" : "UNION SELECT job_id FROM duplicates WHERE remote_id = ?1"
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, batch_id FROM jobs WHERE id IN (
                    SELECT id FROM jobs WHERE remote_id = ?1
                    UNION SELECT job_id FROM submissions WHERE remote_id = ?1
                    \(ofDuplicates))
                """, arguments: [text])
        let byID = rows.map { Place(batch: $0["batch_id"], id: $0["id"]) }.filter { batches.contains($0.batch) }
        let named = try keys(ofLabel: text, in: batches, db)
        let former = formerKeys(named.map(\.key))
        return byID
            + named.filter { job in !former.contains(job.key) && !byID.contains { $0.id == job.place.id } }
            .map(\.place)
    }

    /// By the key, or a beginning of it: 1 to 32 hexadecimal digits.
    private static func jobs(withKey text: String, of batch: String?, in db: Database) throws -> [Place] {
        let digits = text.compactMap(\.hexDigitValue).map(UInt8.init)
        guard (1...32).contains(digits.count), digits.count == text.count else { return [] }
        func key(filledWith digit: UInt8) -> Data {
            let full = digits + repeatElement(digit, count: 32 - digits.count)
            return Data((0..<16).map { full[2 * $0] << 4 | full[2 * $0 + 1] })
        }
        // All batches at once: where there is no index of keys, the table is gone through.
        return try Row.fetchAll(
            db,
            sql: """
                SELECT id, batch_id FROM jobs
                WHERE batch_id IN (SELECT id FROM batches WHERE ?1 IS NULL OR name = ?1) AND key BETWEEN ?2 AND ?3
                ORDER BY batch_id, id LIMIT ?4
                """, arguments: [batch, key(filledWith: 0), key(filledWith: 15), mostFound]
        ).map { Place(batch: $0["batch_id"], id: $0["id"]) }
    }
}
