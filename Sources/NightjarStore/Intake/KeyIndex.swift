internal import GRDB

/// The unique index of jobs by batch and key, which takes its entries in no order, and that of unfinished jobs, which
/// looks up the state of each: for very many new jobs they are dropped and made again, all within their transaction.
final class KeyIndex {
    private let db: Database
    private(set) var isThere: Bool

    init(_ db: Database) throws {
        self.db = db
        let name = try String.fetchOne(
            db, sql: "SELECT name FROM sqlite_master WHERE type = 'index' AND name = 'jobs_by_key'")
        isThere = name != nil
    }

    func drop() throws {
        guard isThere else { return }
        try db.execute(sql: "DROP INDEX jobs_by_key; DROP INDEX IF EXISTS jobs_unfinished")
        isThere = false
    }

    func restore() throws {
        guard !isThere else { return }
        // As the schema has it.
        try db.execute(
            sql: """
                CREATE UNIQUE INDEX jobs_by_key ON jobs(batch_id, key);
                CREATE INDEX jobs_unfinished ON jobs(batch_id, state, id) WHERE \(SQLiteStore.isUnfinished);
                """)
        isThere = true
    }
}
