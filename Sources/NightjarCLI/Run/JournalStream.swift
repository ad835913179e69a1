internal import Glibc

/// Whether standard error goes to systemd's journal, which takes a priority at the beginning of each line
/// (sd-daemon(3)) and does not show it.
enum JournalStream {
    /// - Parameters:
    ///   - environment: `JOURNAL_STREAM` names the device and the inode of what systemd has connected. A shell may have
    ///     connected something else since.
    ///   - descriptor: Standard error's.
    static func isConnected(_ environment: [String: String], descriptor: Int32 = STDERR_FILENO) -> Bool {
        let parts = (environment["JOURNAL_STREAM"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var status = stat()
        guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]),
            fstat(descriptor, &status) == 0
        else { return false }
        return status.st_dev == device && status.st_ino == inode
    }
}
