internal import GRDB
package import NightjarCore

extension SQLiteStore: DropStore {
    package func knownBatch(named name: String) async throws -> KnownBatch? {
        try await read { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT id, settings, digest FROM batches WHERE name = ?", arguments: [name])
            else { return nil }
            return KnownBatch(
                id: BatchID(row["id"]), origin: try Self.decode(row["settings"]).origin, digest: row["digest"])
        }
    }

    package func note(_ drop: Drop) async throws -> Drop {
        try await perform { transaction in
            let db = transaction.db
            try db.execute(
                sql: """
                    INSERT INTO drops(inbox, accepted, stem, digest, duplicate_of, taken_at_ms) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    drop.inbox, drop.accepted, drop.stem, drop.digest, drop.duplicateOf, drop.takenAt.milliseconds,
                ])
            if db.changesCount > 0 {
                let id = db.lastInsertedRowID
                for batch in Set(drop.batches) {
                    try db.execute(
                        sql: "INSERT INTO drop_batches(drop_id, batch_id) VALUES (?, ?)",
                        arguments: [id, batch.rawValue])
                }
            }
            let noted = try Self.drops(
                "WHERE inbox = ? AND accepted = ? AND ended_at_ms IS NULL", [drop.inbox, drop.accepted], in: db)
            guard let noted = noted.first else { throw StoreFailure.other("a manifest was not noted") }
            return noted
        }
    }

    package func openDrops() async throws -> [Drop] {
        try await read { try Self.drops("WHERE ended_at_ms IS NULL", [], in: $0) }
    }

    package func drops(ofBatch batch: BatchID) async throws -> [Drop] {
        try await read { db in
            try Self.drops(
                "WHERE id IN (SELECT drop_id FROM drop_batches WHERE batch_id = ?)", [batch.rawValue], in: db)
        }
    }

    package func original(ofBatch batch: BatchID, digest: String) async throws -> Drop? {
        try await read { db in
            let last = try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(id) FROM drop_batches JOIN drops ON drops.id = drop_id
                    WHERE batch_id = ? AND digest <> ?
                    """, arguments: [batch.rawValue, digest])
            let first = try Int64.fetchOne(
                db, sql: "SELECT min(drop_id) FROM drop_batches WHERE batch_id = ? AND drop_id > ?",
                arguments: [batch.rawValue, last ?? 0])
            return try Self.drops("WHERE id = ?", [first], in: db).first
        }
    }

    package func decideEnd(ofDrop id: Int64, as name: String) async throws {
        try await perform {
            try $0.db.execute(sql: "UPDATE drops SET ends_as = ? WHERE id = ?", arguments: [name, id])
        }
    }

    package func endDrop(_ id: Int64, at time: WallTime) async throws {
        try await perform {
            try $0.db.execute(
                sql: "UPDATE drops SET ended_at_ms = ? WHERE id = ? AND ended_at_ms IS NULL",
                arguments: [time.milliseconds, id])
        }
    }

    package func failures(of batch: BatchID, limit: Int) async throws -> [JobSummary] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT jobs.*, batches.name AS batch_name, \(Self.parameterColumns)
                    FROM jobs NOT INDEXED CROSS JOIN batches ON batches.id = batch_id
                        CROSS JOIN parameters ON parameters.id = parameters_id
                    WHERE batch_id = ? AND \(try Self.rows(of: batch, in: db)) AND state = 'failed' AND NOT removed
                    ORDER BY jobs.id LIMIT ?
                    """, arguments: [batch.rawValue, limit]
            ).map(Self.jobSummary)
        }
    }

    package func checkIntake(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws {
        _ = try IntakePreview.make(settings, digest: digest, changed: changed, known: self, now: now, expand: expand)
    }

    /// Oldest first.
    private static func drops(_ condition: String, _ arguments: StatementArguments, in db: Database) throws -> [Drop] {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM drops \(condition) ORDER BY id", arguments: arguments)
        let batches = try db.cachedStatement(
            sql: "SELECT batch_id FROM drop_batches WHERE drop_id = ? ORDER BY batch_id")
        return try rows.map { row in
            let id: Int64 = row["id"]
            let ended: Int64? = row["ended_at_ms"]
            return Drop(
                id: id, inbox: row["inbox"], accepted: row["accepted"], stem: row["stem"],
                batches: try Int64.fetchAll(batches, arguments: [id]).map(BatchID.init), digest: row["digest"],
                duplicateOf: row["duplicate_of"], takenAt: WallTime(milliseconds: row["taken_at_ms"]),
                endsAs: row["ends_as"], endedAt: ended.map(WallTime.init(milliseconds:)))
        }
    }
}
