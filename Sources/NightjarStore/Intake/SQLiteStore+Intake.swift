internal import FoundationEssentials
internal import GRDB
package import NightjarCore
internal import Synchronization

extension SQLiteStore {
    package func takeIn(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> Intake {
        try takeIn(settings, digest: digest, changed: changed, now: now, limits: IntakeLimits(), expand: expand)
    }

    func takeIn(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime, limits: IntakeLimits,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> Intake {
        settingsCache.withLock { $0 = [:] }
        return try Self.translatingErrors("") {
            try database.writeWithoutTransaction { db in
                blocked.forgetAll()
                return try Self.withoutForeignKeys(db) {
                    var intake: Intake?
                    try db.inTransaction(.immediate) {
                        intake = try Self.takeIn(
                            settings, digest: digest, changed: changed, now: now, limits: limits, in: db,
                            expand: expand
                        ).intake
                        return .commit
                    }
                    guard let intake else { throw StoreFailure.other("a manifest was not taken in") }
                    return intake
                }
            }
        }
    }

    /// The rows that new jobs refer to are found or made in the same transaction, so that looking each up again would
    /// only cost time. SQLite knows this setting between transactions alone.
    private static func withoutForeignKeys<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "PRAGMA foreign_keys = OFF")
        let result = Result { try body() }
        try db.execute(sql: "PRAGMA foreign_keys = ON")
        return try result.get()
    }

    /// The intake itself, within a transaction.
    /// - Returns: With what was done to each job; `nil` where the manifest is the one that the state knows.
    static func takeIn(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime, limits: IntakeLimits,
        in db: Database, expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> (intake: Intake, marks: IntakeMarks?) {
        let (batch, known) = try batchRow(for: settings, in: db, now: now)
        // What is to be made anew may have been kept under this very digest, because it was at the API.
        if known?.digest == digest, changed == .keep {
            try db.execute(
                sql: "UPDATE batches SET settings = ? WHERE id = ?", arguments: [try encode(settings), batch.rawValue])
            return (try unchanged(batch, jobs: known?.nextIndex ?? 0, in: db), nil)
        }
        let transaction = GroupCommit.Transaction(db)
        let session = try IntakeSession(
            db, transaction: transaction, batch: batch, settings: settings, nextIndex: known?.nextIndex ?? 0,
            changed: changed, limits: limits, now: now)
        try expand { try session.add($0) }
        let intake = try session.finish()
        transaction.touch(batch, at: now)
        try transaction.flush()
        try db.execute(
            sql: "UPDATE batches SET settings = ?, digest = ?, next_index = ? WHERE id = ?",
            arguments: [try encode(settings), digest, session.nextIndex, batch.rawValue])
        return (intake, session.marks)
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

    private static func unchanged(_ batch: BatchID, jobs: Int, in db: Database) throws -> Intake {
        var intake = Intake(batch: batch)
        let total = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM \(try jobsOfBatch(jobs, in: db)) AND NOT removed",
            arguments: [batch.rawValue])
        intake.total = total ?? 0
        intake.kept = intake.total
        return intake
    }

    /// Where to read all jobs of one batch: by the table itself, from one end to the other, unless the batch is a small
    /// part of that. The index names them in the order of their keys, which is none at all among the rows.
    /// - Parameter jobs: Of the batch, about.
    static func jobsOfBatch(_ jobs: Int, in db: Database) throws -> String {
        let rows = try Int.fetchOne(db, sql: "SELECT max(id) FROM jobs") ?? 0
        return rows / 8 > jobs ? "jobs WHERE batch_id = ?" : "jobs NOT INDEXED WHERE batch_id = ?"
    }

    static func encode(_ settings: BatchSettings) throws -> String {
        String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    }
}
