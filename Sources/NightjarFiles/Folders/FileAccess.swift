internal import Glibc

/// Who may use what is written: a group and permission bits, where these are not left to the process and its umask.
package struct FileAccess: Equatable, Sendable {
    /// The number of a group.
    package var group: UInt32?
    /// Of files; folders get `x` wherever these have `r`.
    package var mode: UInt32?

    package init(group: UInt32? = nil, mode: UInt32? = nil) {
        self.group = group
        self.mode = mode
    }

    /// Leaves everything to the process and its umask.
    package static let inherited = FileAccess()

    var folderMode: UInt32? { mode.map { $0 | ($0 & 0o444) >> 2 } }

    /// - Parameter isFolder: A folder's bits are those of its files, and `x`.
    func apply(to descriptor: Int32, isFolder: Bool) throws(SystemError) {
        if let group { try retrying { fchown(descriptor, .max, group) } }
        if let mode = isFolder ? folderMode : mode { try retrying { fchmod(descriptor, mode) } }
    }

    /// The number of a group that is given by its name or its number.
    /// - Returns: `nil` where there is none of that name.
    package static func group(named name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        var entry = group_entry()
        var found: UnsafeMutablePointer<group_entry>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.gr_gid
    }

    private typealias group_entry = Glibc.group
}
