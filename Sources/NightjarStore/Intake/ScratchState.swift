internal import GRDB
internal import NightjarCore

/// One batch of a state in a database of its own, which nobody else sees and which ends with this value: to try an intake.
///
/// SQLite keeps it in memory, and what is more than 16 MB in a temporary file without a name. Nothing is synced, and what
/// fails cannot be taken back.
struct ScratchState {
    let database: DatabaseQueue

    /// - Parameter state: Nothing is known where it is `nil`.
    init(batch: String, of state: SQLiteStore?) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.label = "nightjar.scratch"
        database = try DatabaseQueue(path: "", configuration: configuration)
        try database.inDatabase { db in
            for setting in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -16000", "temp_store = FILE"] {
                try db.execute(sql: "PRAGMA \(setting)")
            }
        }
        try state?.database.read { source in
            if let version = try Migrations.migrator.appliedMigrations(source).last {
                try Migrations.migrator.migrate(database, upTo: version)
            }
            try dropIndices()
            try database.inDatabase { db in
                try db.inTransaction {
                    try Self.copy(batch, from: source, to: db)
                    return .commit
                }
            }
        }
        try Migrations.migrator.migrate(database)
        try dropIndices()
    }

    /// An intake needs none of them, nor does a list.
    private func dropIndices() throws {
        try database.inDatabase { db in
            for name in ["jobs_by_key", "jobs_by_remote_id", "jobs_unfinished", "jobs_waiting"] {
                try db.execute(sql: "DROP INDEX IF EXISTS \(name)")
            }
        }
    }

    private static func copy(_ name: String, from source: Database, to db: Database) throws {
        let known = try Int64.fetchOne(source, sql: "SELECT id FROM batches WHERE name = ?", arguments: [name])
        guard let batch = known else { return }
        try copy("batches", where: "id = ?", batch, from: source, to: db)
        try copy("parameters", where: "? IS NOT NULL", batch, from: source, to: db)
        let jobs = try SQLiteStore.jobsOfBatch(BatchID(batch), in: source)
        try copy("jobs", "SELECT jobs.* FROM \(jobs) ORDER BY jobs.id", batch, from: source, to: db)
        // Of the submissions only those whose answer was lost: nothing else is asked of them.
        let open =
            try SQLiteStore.isOld(source) ? "jobs.state IN ('submitting', 'unknown')" : "submissions.is_open = 1"
        try copy(
            "submissions",
            """
            SELECT submissions.* FROM submissions JOIN jobs ON jobs.id = job_id WHERE batch_id = ? AND \(open)
            """, batch, from: source, to: db)
    }

    private static func copy(
        _ table: String, where condition: String, _ argument: Int64, from source: Database, to db: Database
    ) throws {
        try copy(table, "SELECT * FROM \(table) WHERE \(condition)", argument, from: source, to: db)
    }

    /// - Parameter sql: Gives the columns of the table.
    private static func copy(
        _ table: String, _ sql: String, _ argument: Int64, from source: Database, to db: Database
    ) throws {
        let read = try RawStatement(source, sql)
        read.bind(argument, at: 1)
        let columns = read.columnNames
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        let write = try RawStatement(
            db, "INSERT INTO \(table)(\(columns.joined(separator: ", "))) VALUES (\(marks))")
        defer { read.reset() }
        while try read.step() {
            for column in 0..<Int32(columns.count) { write.bind(column: column, of: read, at: column + 1) }
            try write.run()
        }
    }
}
