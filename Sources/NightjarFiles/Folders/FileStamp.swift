internal import Glibc

/// What tells a file from another, and from itself after a change.
package struct FileStamp: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case file, folder, link
        /// A pipe, a socket, a device.
        case other
    }

    package let kind: Kind
    package let device: UInt64
    package let inode: UInt64
    package let bytes: Int64
    /// Nanoseconds since 1970-01-01 00:00 UTC.
    package let modified: Int64

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        // A time of another age is as good as any other.
        let seconds = Int64(status.st_mtim.tv_sec).clamped(to: -9_000_000_000...9_000_000_000)
        modified = seconds * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    package func isSameFile(as other: FileStamp) -> Bool { device == other.device && inode == other.inode }
}

extension Int64 {
    fileprivate func clamped(to range: ClosedRange<Int64>) -> Int64 {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
