internal import GRDB
internal import Glibc
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

    /// Whether an older nightjar wrote the state, so that it can be read only once it has been opened for running.
    /// - Throws: `StoreFailure`.
    package static func isOlder(path: String) throws -> Bool {
        guard access(path, R_OK) == 0 else { return false }
        return try translatingErrors(path) {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            return try DatabaseQueue(path: path, configuration: configuration).read { db in
                guard try db.tableExists("grdb_migrations"), try db.tableExists("jobs") else { return false }
                let isNewer = try Migrations.migrator.hasBeenSuperseded(db)
                return try !isNewer && !Migrations.migrator.hasCompletedMigrations(db)
            }
        }
    }
}
