internal import Glibc

/// To whom files and folders are given that are made for others.
package struct FileOwnership: Hashable, Sendable {
    /// `nil`: the process's own.
    package var group: UInt32?
    /// Permission bits of files; `nil`: by the umask.
    package var mode: UInt32?

    package init(group: UInt32? = nil, mode: UInt32? = nil) {
        self.group = group
        self.mode = mode
    }

    /// Leaves everything to the process and its umask.
    package static let inherited = FileOwnership()

    /// Whoever may read a folder may look into it.
    package var folderMode: UInt32? { mode.map { $0 | ($0 & 0o444) >> 2 } }

    /// - Parameter name: Of a group, or its number.
    /// - Returns: `nil` where there is no such group.
    package static func group(named name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 1 << 16)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.gr_gid
    }

    /// - Returns: Why it could not be done; the file is as it was made then.
    func apply(to descriptor: Int32, isFolder: Bool) -> SystemError? {
        var failure: SystemError?
        do {
            if let group { try retrying { fchown(descriptor, uid_t.max, group) } }
        } catch {
            failure = error
        }
        do {
            // After the group: that takes bits away.
            if let mode = isFolder ? folderMode : mode { try retrying { fchmod(descriptor, mode) } }
        } catch {
            failure = failure ?? error
        }
        return failure
    }
}
