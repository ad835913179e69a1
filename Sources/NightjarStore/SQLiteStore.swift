internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import NightjarCore
internal import Synchronization

/// `JobStore` on SQLite, in write-ahead-log mode with every commit synced.
///
/// One process runs jobs at a time (it holds the lock beside the file); any number read beside it.
package final class SQLiteStore: JobStore {
    let database: any DatabaseWriter
    let commits: GroupCommit
    /// Makes this file's idempotency keys unlike those of any other.
    let salt: String
    let settingsCache = Mutex<[Int64: BatchSettings]>([:])
    let blocked = BlockedJobs()

    /// Opens the state for running, creates and migrates it where needed; before a migration it is copied.
    /// - Parameter path: Folders that are missing are made, 0700; the file is 0600.
    /// - Throws: `StoreFailure`.
    package static func open(path: String) throws -> SQLiteStore {
        try open(path: path, fileSystems: .system)
    }

    static func open(path: String, fileSystems: FileSystems) throws -> SQLiteStore {
        try translatingErrors(path) {
            try prepareFolder(of: path)
            try fileSystems.refuseRemote(path)
            let file = StateFile(path: path)
            if try file.holdsSomething() {
                try file.check()
                try file.copyBeforeMigration()
            } else {
                try createPrivately(path)
            }
            let pool = try DatabasePool(path: path, configuration: configuration())
            try Migrations.migrator.migrate(pool)
            return try SQLiteStore(pool)
        }
    }

    /// Opens the state for leaving decisions beside a process that runs it; it is neither made nor migrated.
    /// - Returns: `nil` where there is no state yet.
    /// - Throws: `StoreFailure`.
    package static func openBeside(path: String) throws -> SQLiteStore? {
        guard try StateFile(path: path).holdsSomething() else { return nil }
        return try translatingErrors(path) {
            let queue = try DatabaseQueue(path: path, configuration: configuration())
            let isReady = try queue.read { db in
                guard try db.tableExists("grdb_migrations"), try db.tableExists("jobs") else { return false }
                try refuseNewer(db)
                guard try !isOld(db) else {
                    throw StoreFailure.other(
                        "the state `\(path)` was written by an older nightjar; the next `run` brings it up to date")
                }
                return true
            }
            return isReady ? try SQLiteStore(queue) : nil
        }
    }

    /// Opens the state for reading beside a process that may be running.
    /// - Parameter leavesNoTrace: Where nobody has it open, not even the empty files that SQLite makes beside it are made.
    ///   Who reads so compares the `restMark` of before and after: a process that came meanwhile was not kept away.
    /// - Returns: `nil` where there is no state yet.
    /// - Throws: `StoreFailure`.
    package static func openForReading(path: String, leavesNoTrace: Bool = false) throws -> SQLiteStore? {
        try StateFile(path: path).refuseLogAlone()
        if access(path, R_OK) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw StoreFailure.unwritable(
                "the state `\(path)` cannot be read: \(String(cString: strerror(errno)).lowercased())")
        }
        return try translatingErrors(path) {
            var configuration = configuration()
            configuration.readonly = true
            let queue = try openQueue(path, configuration, isImmutable: leavesNoTrace && isAtRest(path))
            // A run may be making the file at this very moment: what is seen is seen at once.
            let isReady = try queue.read { db in
                guard try db.tableExists("grdb_migrations"), try db.tableExists("jobs") else { return false }
                try refuseNewer(db)
                return true
            }
            return isReady ? SQLiteStore(reading: queue) : nil
        }
    }

    /// A state that lives as long as the object, for tests.
    package static func inMemory() throws -> SQLiteStore {
        let queue = try DatabaseQueue(configuration: configuration())
        try Migrations.migrator.migrate(queue)
        return try SQLiteStore(queue)
    }

    private init(_ writer: any DatabaseWriter) throws {
        // GRDB's pool sets NORMAL while it opens, which loses commits with the power.
        try writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        salt = try writer.write { db in
            let fresh = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
            try db.execute(sql: "INSERT OR IGNORE INTO facts VALUES ('salt', ?)", arguments: [fresh])
            return try String.fetchOne(db, sql: "SELECT value FROM facts WHERE name = 'salt'") ?? fresh
        }
        database = writer
        commits = GroupCommit(writer: writer, rolledBack: blocked.forgetAll)
    }

    private init(reading queue: DatabaseQueue) {
        database = queue
        commits = GroupCommit(writer: queue)
        salt = ""
    }

    /// Which API this state's jobs are at; `nil` before the first run.
    package func boundAPI() throws -> String? {
        try Self.translatingErrors("") {
            try database.read { try String.fetchOne($0, sql: "SELECT value FROM facts WHERE name = 'api'") }
        }
    }

    package func bind(toAPI api: String) throws {
        try Self.translatingErrors("") {
            try database.write { db in
                let known = try String.fetchOne(db, sql: "SELECT value FROM facts WHERE name = 'api'")
                if let known, known != api { try Self.forgetAPI(db) }
                try db.execute(sql: "INSERT OR REPLACE INTO facts VALUES ('api', ?)", arguments: [api])
            }
        }
    }

    /// Folds the log into the file and closes it.
    package func close() throws {
        // The pool closes its writer before its readers, so that SQLite does not fold the log in by itself. A reader beside
        // us may keep some of the log in use: then it stays, and is as good as the file.
        database.writeWithoutTransaction { db in _ = try? db.checkpoint(.truncate) }
        (database as? DatabasePool)?.releaseMemory()
        try database.close()
    }

    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.label = "nightjar.state"
        return configuration
    }

    /// Makes the folder of a state file, 0700, where it is missing.
    /// - Throws: `StoreFailure`.
    package static func prepareFolder(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if !FileManager.default.fileExists(atPath: folder) {
            do {
                // The folders above it are often the output's, and follow the umask.
                if let parent = folder.lastIndex(of: "/").map({ folder[..<$0] }), !parent.isEmpty {
                    try FileManager.default.createDirectory(atPath: String(parent), withIntermediateDirectories: true)
                }
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                let reason = (error as? CocoaError)?.underlyingWords ?? "\(error)"
                throw StoreFailure.unwritable("the state folder `\(folder)` cannot be made: \(reason)")
            }
        }
    }

    private static func createPrivately(_ path: String) throws {
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StoreFailure.unwritable("the state `\(path)` cannot be written: \(String(cString: strerror(errno)))")
        }
        Glibc.close(file)
    }

    static func refuseNewer(_ db: Database) throws {
        guard try Migrations.migrator.hasBeenSuperseded(db) else { return }
        // Every version that changes the schema leaves word of who understands it.
        let needed =
            try db.tableExists("facts")
            ? try String.fetchOne(db, sql: "SELECT value FROM facts WHERE name = 'needs'") : nil
        let writer = needed.map { "nightjar \($0) or newer" } ?? "a newer nightjar"
        throw StoreFailure.newer("the state was written by \(writer); use that one, or another `--state`")
    }

    /// The state is of an earlier version, as it stays until the next run: nobody's orders are in it.
    static func isOld(_ db: Database) throws -> Bool {
        try !db.tableExists("orders")
    }

    static func translatingErrors<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw translate(error, path)
        }
    }

    /// What an error of SQLite means to a person.
    static func translate(_ error: DatabaseError, _ path: String = "") -> StoreFailure {
        let place = path.isEmpty ? "the state" : "the state `\(path)`"
        let words = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            return .unwritable("\(place) cannot be written: \(words)")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return .damaged("\(place) is damaged: \(words)\(StateFile.help(path))")
        default:
            return .other("\(place): \(words)")
        }
    }
}

extension CocoaError {
    /// What the system said, in its own words.
    fileprivate var underlyingWords: String? {
        (underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)).lowercased() }
    }
}
