internal import FoundationEssentials
internal import GRDB
package import NightjarCore
internal import Synchronization

extension SQLiteStore {
    /// A pace that was measured longer ago says nothing about now.
    private static let throughputLifetime: Duration = .seconds(60)

    package func batches() async throws -> [BatchSummary] {
        try await read { db in
            var counts: [Int64: [JobState: Int]] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT batch_id, state, jobs FROM counts WHERE jobs > 0") {
                guard let state = JobState(rawValue: row["state"]) else { continue }
                counts[row["batch_id"], default: [:]][state] = row["jobs"]
            }
            let held = try Self.heldJobs(db)
            let steering = try Steering(db)
            let now = WallTime.now
            return try Row.fetchAll(db, sql: "SELECT * FROM batches ORDER BY id").map { row in
                var summary = try Self.summary(row, counts: counts[row["id"]] ?? [:], now: now)
                summary.held = held[summary.id] ?? [:]
                try steering.add(to: &summary, row)
                return summary
            }
        }
    }

    package func batch(_ id: BatchID) async throws -> BatchSummary? {
        try await read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM batches WHERE id = ?", arguments: [id.rawValue])
            else { return nil }
            let rows = try Row.fetchAll(
                db, sql: "SELECT state, jobs FROM counts WHERE batch_id = ? AND jobs > 0", arguments: [id.rawValue])
            var counts: [JobState: Int] = [:]
            for row in rows {
                guard let state = JobState(rawValue: row["state"]) else { continue }
                counts[state] = row["jobs"]
            }
            var summary = try Self.summary(row, counts: counts, now: WallTime.now)
            if summary.count(.unknown) > 0 { summary.held = try Self.heldJobs(db)[id] ?? [:] }
            try Steering(db).add(to: &summary, row)
            return summary
        }
    }

    /// Names of all batches, those without jobs too.
    package func batchNames() async throws -> Set<String> {
        try await read { try Set(String.fetchAll($0, sql: "SELECT name FROM batches")) }
    }

    private static func summary(_ row: Row, counts: [JobState: Int], now: WallTime) throws -> BatchSummary {
        let throughputAt: Int64? = row["throughput_at_ms"]
        let isFresh = throughputAt.map { now - WallTime(milliseconds: $0) < throughputLifetime } ?? false
        return BatchSummary(
            id: BatchID(row["id"]), settings: try decode(row["settings"]),
            counts: counts, paused: row["paused"],
            requests: RequestCounts(
                submit: row["requests_submit"], get: row["requests_get"], list: row["requests_list"],
                download: row["requests_download"], rateLimited: row["rate_limited"]),
            duplicates: row["duplicates"], spent: Money(micros: row["spent_micros"]),
            createdAt: WallTime(milliseconds: row["created_at_ms"]),
            updatedAt: WallTime(milliseconds: row["updated_at_ms"]),
            throughput: isFresh ? row["throughput"] : nil)
    }

    package func forEachJob(
        of batch: String?, in states: Set<JobState>?, _ body: (JobSummary) throws -> Void
    ) async throws {
        let names = (states ?? []).map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
        let filter = states == nil ? "" : "AND jobs.state IN (\(names))"
        // In the order of the rows, which is that of the index, without a sort however many there are.
        let sql = """
            SELECT jobs.*, batches.name AS batch_name, \(Self.parameterColumns)
            FROM jobs NOT INDEXED CROSS JOIN batches ON batches.id = batch_id
                CROSS JOIN parameters ON parameters.id = parameters_id
            WHERE jobs.id > ? AND batch_id = ? \(filter)
            ORDER BY jobs.id LIMIT 1000
            """
        let wanted = try await read { db in
            try Int64.fetchAll(
                db, sql: "SELECT id FROM batches WHERE ?1 IS NULL OR name = ?1 ORDER BY id", arguments: [batch])
        }
        for id in wanted {
            // Page by page, so that no lock is held while the reader of our output takes its time.
            var last: Int64? = -1
            while let from = last {
                let page = try await read { db in
                    try Row.fetchAll(db, sql: sql, arguments: [from, id]).map {
                        (id: $0["id"] as Int64, job: Self.jobSummary($0))
                    }
                }
                for row in page { try body(row.job) }
                last = page.last?.id
            }
        }
    }

    static let parameterColumns = """
        model, negative_prompt, parameters.width AS w, parameters.height AS h, steps, cfg_scale, sampler
        """

    static func jobSummary(_ row: Row) -> JobSummary {
        var request = JobRow.request(row)
        // Where the API chose the seed, it is known with the result.
        request.seed = request.seed ?? row["result_seed"]
        let state = JobState(rawValue: row["state"]) ?? .failed
        var summary = JobSummary(
            id: JobID(row["id"]), batch: row["batch_name"], key: JobRow.key(row), index: row["idx"],
            label: row["label"],
            state: state, isRemoved: row["removed"], request: request,
            remoteID: (row["remote_id"] as String?).map(RemoteJobID.init), attempts: row["attempt"],
            file: JobRow.file(row), error: JobRow.cause(row), createdAt: WallTime(milliseconds: row["created_at_ms"]),
            updatedAt: WallTime(milliseconds: row["updated_at_ms"]), variables: row["variables"], meta: row["meta"])
        // A state that is not migrated yet has neither.
        let (isPaused, isUnwanted): (Bool?, Bool?) = (row["paused"], row["unwanted"])
        summary.isPaused = isPaused == true && (state == .pending || state == .waiting)
        summary.isUnwanted = isUnwanted == true && !state.isFinal
        return summary
    }

    package func outputJob(_ id: JobID) async throws -> OutputJob? {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT jobs.*, \(Self.parameterColumns)
                    FROM jobs JOIN parameters ON parameters.id = parameters_id WHERE jobs.id = ?
                    """)
            guard let row = try Row.fetchOne(statement, arguments: [id.rawValue]) else { return nil }
            let settings = try self.settings(of: row["batch_id"], in: db)
            return OutputJob(
                batch: settings.name, index: row["idx"], key: JobRow.key(row), label: row["label"],
                request: JobRow.request(row), remoteID: (row["remote_id"] as String?).map(RemoteJobID.init),
                variables: row["variables"], meta: row["meta"],
                createdAt: WallTime(milliseconds: row["created_at_ms"]), pathTemplate: settings.pathTemplate,
                sidecars: settings.sidecars)
        }
    }

    /// Read for each file, so kept in memory; a manifest that is taken in empties the cache.
    func settings(of batch: Int64, in db: Database) throws -> BatchSettings {
        if let known = settingsCache.withLock({ $0[batch] }) { return known }
        let json = try String.fetchOne(db, sql: "SELECT settings FROM batches WHERE id = ?", arguments: [batch]) ?? ""
        let settings = try JSONDecoder().decode(BatchSettings.self, from: Data(json.utf8))
        settingsCache.withLock { $0[batch] = settings }
        return settings
    }

    package func metadataRecord(of batch: BatchID) async throws -> MetadataRecord {
        try await read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT metadata_hashes, metadata_images FROM batches WHERE id = ?",
                arguments: [batch.rawValue])
            let hashes: String = row?["metadata_hashes"] ?? ""
            return MetadataRecord(
                hashes: hashes.split(separator: " ").map(String.init), images: row?["metadata_images"])
        }
    }

    package func setMetadataRecord(_ record: MetadataRecord, of batch: BatchID) async throws {
        try await perform { transaction in
            try transaction.db.execute(
                sql: "UPDATE batches SET metadata_hashes = ?, metadata_images = ? WHERE id = ?",
                arguments: [record.hashes.suffix(2).joined(separator: " "), record.images, batch.rawValue])
        }
    }
}
