internal import GRDB
internal import Glibc

extension SQLiteStore {
    /// Tells two contents of a state file apart while nobody writes to it.
    package struct RestMark: Equatable, Sendable {
        fileprivate let size, seconds, nanoseconds, inode: Int
    }

    /// - Returns: `nil` where something is in the log beside the state: a process uses it, or did not end well.
    package static func restMark(_ path: String) -> RestMark? {
        var status = stat()
        if stat(path + "-wal", &status) == 0, status.st_size > 0 { return nil }
        guard stat(path, &status) == 0 else { return RestMark(size: -1, seconds: 0, nanoseconds: 0, inode: 0) }
        return RestMark(
            size: Int(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec,
            inode: Int(status.st_ino))
    }

    /// Whether no process has the state open, as far as its files tell: everything is in the one file.
    package static func isAtRest(_ path: String) -> Bool {
        ["-wal", "-shm"].allSatisfy { access(path + $0, F_OK) != 0 && errno == ENOENT }
    }

    /// - Parameter isImmutable: SQLite takes no locks and makes no files.
    static func openQueue(
        _ path: String, _ configuration: Configuration, isImmutable: Bool
    ) throws -> DatabaseQueue {
        if isImmutable {
            // What has a meaning in an address is written as its number.
            var address = "file:"
            for byte in path.utf8 {
                let isPlain = byte < 0x80 && !"%?#".utf8.contains(byte)
                let digits = String(byte, radix: 16)
                address += isPlain ? String(UnicodeScalar(byte)) : "%\(digits.utf8.count == 1 ? "0" : "")\(digits)"
            }
            // Where SQLite was built without addresses, there is no file of that name.
            do {
                return try DatabaseQueue(path: address + "?immutable=1", configuration: configuration)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {}
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
