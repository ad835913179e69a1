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
            return (try unchanged(batch, in: db), nil)
        }
        let transaction = GroupCommit.Transaction(db)
        var session = try IntakeSession(
            db, transaction: transaction, batch: batch, settings: settings, nextIndex: known?.nextIndex ?? 0,
            changed: changed, limits: limits, now: now)
        try expand { try session.add($0) }
        var intake = try session.finish()
        intake.countChanges = transaction.changes(of: batch)
        transaction.touch(batch, at: now)
        try transaction.flush()
        try db.execute(
            sql: "UPDATE batches SET settings = ?, digest = ?, next_index = ?, halted = NULL WHERE id = ?",
            arguments: [try encode(settings), session.isSettled ? digest : nil, session.nextIndex, batch.rawValue])
        try noteRows(of: batch, from: session.firstNewRow, in: db)
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

    /// - Parameter first: Rows from this on are new, and the batch's.
    private static func noteRows(of batch: BatchID, from first: Int64, in db: Database) throws {
        guard let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM jobs"), last >= first else { return }
        try db.execute(
            sql: "UPDATE batches SET first_row = coalesce(first_row, ?), last_row = ? WHERE id = ?",
            arguments: [first, last, batch.rawValue])
    }

    private static func unchanged(_ batch: BatchID, in db: Database) throws -> Intake {
        var intake = Intake(batch: batch)
        let total = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM \(try jobsOfBatch(batch, in: db)) AND NOT removed",
            arguments: [batch.rawValue])
        intake.total = total ?? 0
        intake.kept = intake.total
        return intake
    }

    /// Where to read all jobs of one batch: the part of the table that holds them, from one end to the other.
    static func jobsOfBatch(_ batch: BatchID, in db: Database) throws -> String {
        "jobs NOT INDEXED WHERE batch_id = ? AND \(try rows(of: batch, in: db))"
    }

    /// That part of the table, as a condition; the rows of other batches may lie in it too.
    static func rows(of batch: BatchID, in db: Database) throws -> String {
        let row = try Row.fetchOne(db, sql: "SELECT * FROM batches WHERE id = ?", arguments: [batch.rawValue])
        // A state that is not migrated yet does not say where that is.
        let first: Int64 = row?["first_row"] ?? 0
        let last: Int64 = row?["last_row"] ?? .max
        return "jobs.id BETWEEN \(first) AND \(last)"
    }

    static func decode(_ settings: String) throws -> BatchSettings {
        try JSONDecoder().decode(BatchSettings.self, from: Data(settings.utf8))
    }

    static func encode(_ settings: BatchSettings) throws -> String {
        String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    }
}
