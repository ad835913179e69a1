internal import GRDB

/// The unique index of jobs by batch and key, which takes its entries in no order: for very many new jobs it is dropped
/// and made again, all within their transaction.
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
        try db.execute(sql: "DROP INDEX jobs_by_key")
        isThere = false
    }

    func restore() throws {
        guard !isThere else { return }
        // As the schema has it.
        try db.execute(sql: "CREATE UNIQUE INDEX jobs_by_key ON jobs(batch_id, key)")
        isThere = true
    }
}
