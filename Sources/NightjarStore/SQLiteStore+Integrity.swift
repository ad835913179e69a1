internal import GRDB
internal import NightjarCore

extension SQLiteStore {
    /// What is wrong with the state file itself, as SQLite's quick check finds it: at most 20 findings, none where it is
    /// whole. Reads the whole file.
    /// - Throws: `StoreFailure`, also where so much is damaged that nothing can be checked.
    package func damage() async throws -> [String] {
        try await read { db in
            try String.fetchAll(db, sql: "PRAGMA quick_check(20)").filter { $0 != "ok" }
        }
    }
}
