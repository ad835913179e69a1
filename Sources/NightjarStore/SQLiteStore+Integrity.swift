internal import GRDB
internal import NightjarCore

extension SQLiteStore {
    /// Reads the whole state file, and checks it as SQLite's quick check does.
    /// - Parameter path: For messages.
    /// - Throws: `StoreFailure.damaged`, with what to do.
    package func checkIntegrity(path: String) async throws {
        let findings = try await read { db in
            try String.fetchAll(db, sql: "PRAGMA quick_check(20)").filter { $0 != "ok" }
        }
        guard let first = findings.first else { return }
        let more = findings.count > 1 ? " (the first of \(findings.count) findings)" : ""
        throw StoreFailure.damaged("the state `\(path)` is damaged: \(first)\(more)\(StateFile.help(path))")
    }
}
