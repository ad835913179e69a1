internal import GRDB

/// The unique index of jobs by batch and key. It is there only where a batch has had more jobs than an intake keeps keys of
/// in memory: of any other batch the set of keys sees to it that no key comes twice.
///
/// It takes its entries in no order: for very many new jobs it is dropped and made again, all within their transaction.
final class KeyIndex {
    private let db: Database
    let wasThere: Bool
    private var isThere: Bool

    init(_ db: Database) throws {
        self.db = db
        let name = try String.fetchOne(
            db, sql: "SELECT name FROM sqlite_master WHERE type = 'index' AND name = 'jobs_by_key'")
        wasThere = name != nil
        isThere = wasThere
    }

    func drop() throws {
        guard isThere else { return }
        try db.execute(sql: "DROP INDEX jobs_by_key")
        isThere = false
    }

    func restore() throws {
        guard !isThere else { return }
        try db.execute(sql: "CREATE UNIQUE INDEX jobs_by_key ON jobs(batch_id, key)")
        isThere = true
    }
}
