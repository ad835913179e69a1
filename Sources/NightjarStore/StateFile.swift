internal import Dispatch
internal import GRDB
internal import Glibc
internal import NightjarCore
internal import Synchronization

/// The file of a state, before it is opened for running: what it is, whether it is whole, and its copy.
struct StateFile {
    let path: String
    /// The longest that a file is checked: several gigabytes' worth, where the disk is fast.
    var longestCheck = DispatchTimeInterval.seconds(10)

    /// Bytes up to which a file is checked at each start: some 150,000 jobs, which take 0.3 s.
    private static let mostCheckedAlways = 64 << 20

    /// - Returns: Whether there is a file with something in it.
    /// - Throws: `StoreFailure` for what is no file, and for a log whose file is missing or empty.
    func holdsSomething() throws -> Bool {
        try refuseLogAlone()
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return false }
            throw unwritable("cannot be read: \(String(cString: strerror(errno)).lowercased())")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw unwritable("is a folder; name a file with `--state`")
        // Its lock would lie beside the link, and another process could hold the file under its own name.
        case S_IFLNK: throw unwritable("is a symbolic link; name the file itself with `--state`")
        default: throw unwritable("is not a file; name one with `--state`")
        }
        return status.st_size > 0
    }

    /// SQLite throws a log away, even for a reader, when its file is missing or empty: with it the job ids would go.
    /// - Throws: `StoreFailure.damaged`.
    func refuseLogAlone() throws {
        // The logs first: a file that is being made at this moment comes before its log.
        let hasLog = logSize > 0
        let hasJournal = Self.size(of: "\(path)-journal") > 0
        var status = stat()
        if stat(path, &status) == 0 {
            // A first start that was killed may leave an empty file with a journal: there is nothing in either.
            guard hasLog, status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 else { return }
            throw StoreFailure.damaged(
                "the state `\(path)` is empty, though its log `\(path)-wal` is not\(Self.help(path))")
        }
        guard errno == ENOENT, hasLog || hasJournal else { return }
        let log = "\(path)\(hasLog ? "-wal" : "-journal")"
        throw StoreFailure.damaged(
            """
            the state `\(path)` is missing, though its log `\(log)` is there. Nothing was changed. If the file was moved, \
            put it back beside its log. Otherwise move the log away, keep it, and put back a backup: jobs submitted since \
            then are not in it, and would be paid for again
            """)
    }

    /// Whether the file is a state that this version may open, and whole; a large one is only checked where it was not closed
    /// in good order.
    ///
    /// Nothing is written: what is damaged stays as it is.
    func check() throws {
        let queue = try reader()
        defer { try? queue.close() }
        try queue.read { db in
            if try db.tableExists("grdb_migrations") {
                guard try db.tableExists("facts") || !hasTables(db) else { throw foreign }
                try SQLiteStore.refuseNewer(db)
            } else if try hasTables(db) {
                throw foreign
            }
        }
        if logSize > 0 { try refuseLogOfAnother(queue) }
        if logSize > 0 || Self.size(of: path) <= Self.mostCheckedAlways { try quickCheck(queue) }
    }

    /// SQLite takes any log that lies beside a file for that file's own: beside one that was put back from a backup, or
    /// under another's name. The salt, which no other state has, tells.
    private func refuseLogOfAnother(_ queue: DatabaseQueue) throws {
        let hexadecimal = path.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
        var configuration = SQLiteStore.configuration()
        configuration.readonly = true
        let salt = "SELECT value FROM facts WHERE name = 'salt'"
        // Immutable: read without the log. What cannot be read so may stand in the log.
        guard
            let alone = try? DatabaseQueue(
                path: "file:\(hexadecimal.joined())?immutable=1", configuration: configuration)
        else { return }
        defer { try? alone.close() }
        guard let ofFile = try? alone.read({ try String.fetchOne($0, sql: salt) }) else { return }
        let ofBoth = try queue.read { db in
            try db.tableExists("facts") ? try String.fetchOne(db, sql: salt) : nil
        }
        if ofFile != ofBoth {
            throw StoreFailure.damaged(
                "the state `\(path)` is damaged: its log `\(path)-wal` is that of another file\(Self.help(path))")
        }
    }

    /// The log is folded in and gone after a close in good order. Pages that a crash has torn, and a log that does not fit,
    /// are found here before it is folded in.
    private func quickCheck(_ queue: DatabaseQueue) throws {
        let isOver = Mutex(false)
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + longestCheck)
        timer.setEventHandler { isOver.withLock { if !$0 { queue.interrupt() } } }
        timer.resume()
        defer {
            isOver.withLock { $0 = true }
            timer.cancel()
        }
        do {
            let words = try queue.unsafeRead { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") } ?? "ok"
            if words != "ok" {
                throw StoreFailure.damaged("the state `\(path)` is damaged: \(words)\(Self.help(path))")
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
            // So large that it is checked as it is read.
        }
    }

    /// What to do about a damaged file.
    static func help(_ path: String) -> String {
        guard !path.isEmpty else { return "" }
        return """
            . Nothing was changed. Copy `\(path)` and `\(path)-wal` away first; then put back a backup (without the old \
            `-wal` beside it), or save what can be read with `sqlite3 COPY .recover | sqlite3 NEW`. Jobs submitted since a \
            backup are not in it, and would be paid for again
            """
    }

    // MARK: Copy

    /// Copies a state that is about to be migrated: `PATH.v1.bak`, or `-2`, `-3` … where that is taken.
    /// - Throws: `StoreFailure.unwritable`; then nothing was changed.
    func copyBeforeMigration() throws {
        let queue = try reader()
        defer { try? queue.close() }
        let version = try queue.read { db -> String? in
            guard try db.tableExists("grdb_migrations"), try !Migrations.migrator.hasCompletedMigrations(db) else {
                return nil
            }
            return try Migrations.migrator.appliedMigrations(db).last
        }
        guard let version else { return }
        let part = "\(path).bak.part"
        do {
            try copy(queue, to: part)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            unlink(part)
            throw error
        } catch {
            unlink(part)
            let words = (error as? DatabaseError)?.message ?? (error as? CopyFailure)?.words ?? "\(error)"
            throw unwritable("is to be copied before it is changed for this version, and that failed: \(words)")
        }
        var name = "\(path).v\(version).bak"
        var number = 2
        while access(name, F_OK) == 0 {
            name = "\(path).v\(version).bak-\(number)"
            number += 1
        }
        // The process holds the state's lock: no one else makes a copy at this time.
        // Some file systems do not sync folders (EINVAL).
        guard rename(part, name) == 0, sync(folder) || errno == EINVAL else {
            let words = String(cString: strerror(errno)).lowercased()
            unlink(part)
            throw unwritable("is to be copied before it is changed for this version, and that failed: \(words)")
        }
    }

    private struct CopyFailure: Error {
        let words: String

        init() {
            words = String(cString: strerror(errno)).lowercased()
        }
    }

    private func copy(_ queue: DatabaseQueue, to part: String) throws {
        guard unlink(part) == 0 || errno == ENOENT else { throw CopyFailure() }
        let file = Glibc.open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CopyFailure() }
        Glibc.close(file)
        try queue.inDatabase { try $0.execute(sql: "VACUUM INTO ?", arguments: [part]) }
        guard sync(part) else { throw CopyFailure() }
    }

    private var folder: String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    private func sync(_ path: String) -> Bool {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        return fsync(file) == 0
    }

    // MARK: Parts

    /// Bytes of the write-ahead log; 0 where there is none.
    private var logSize: Int { Self.size(of: "\(path)-wal") }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_size : 0
    }

    private func reader() throws -> DatabaseQueue {
        var configuration = SQLiteStore.configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private func hasTables(_ db: Database) throws -> Bool {
        try Int.fetchOne(
            db, sql: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name <> 'grdb_migrations' LIMIT 1") != nil
    }

    private var foreign: StoreFailure {
        unwritable("is a database of another program; give another `--state`")
    }

    private func unwritable(_ words: String) -> StoreFailure {
        .unwritable("the state `\(path)` \(words)")
    }
}
