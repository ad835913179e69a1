internal import FoundationEssentials
internal import Glibc
internal import NightjarCore

/// Which file systems a state may lie on.
///
/// SQLite's log needs memory that all processes of the file share, and locks that hold: over a network neither is so, and
/// the state would be damaged sooner or later. FUSE and 9P are no answer by themselves, since disks of this machine are
/// mounted by them, too (NTFS, encrypted folders, sandboxes): of FUSE, only what is known to be remote is refused.
struct FileSystems: Sendable {
    /// The name of the file system that a folder lies on, as in the table of mounts; `nil` where that cannot be told.
    var name: @Sendable (_ folder: String) -> String?

    static let system = FileSystems { name(of: $0) }

    private static let remote: Set<String> = [
        "nfs", "nfs4", "smb", "smb3", "smbfs", "cifs", "afs", "coda", "ncp", "ncpfs", "ceph",
        "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.gcsfuse", "fuse.goofys", "fuse.curlftpfs",
        "fuse.davfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.mount-s3", "fuse.mountpoint-s3",
    ]

    /// - Throws: `StoreFailure.unwritable` for a state on a network file system.
    func refuseRemote(_ path: String) throws {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard let name = name(folder), Self.remote.contains(name) else { return }
        throw StoreFailure.unwritable(
            """
            the state `\(path)` would lie on a network file system (\(name)), which does not keep it whole; name a file on a \
            disk of this machine with `--state` (the output may stay where it is)
            """)
    }

    private static func name(of folder: String) -> String? {
        var status = stat()
        guard stat(folder, &status) == 0, let table = FileManager.default.contents(atPath: "/proc/self/mountinfo")
        else { return nil }
        return name(ofDevice: UInt64(status.st_dev), in: String(decoding: table, as: UTF8.self))
    }

    /// - Parameters:
    ///   - device: `st_dev` of stat(2).
    ///   - table: `/proc/self/mountinfo`, see proc(5): `36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw`.
    static func name(ofDevice device: UInt64, in table: String) -> String? {
        // gnu_dev_major and gnu_dev_minor of sys/sysmacros.h.
        let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
        let minor = device & 0xFF | device >> 12 & ~0xFF
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6, fields[2] == "\(major):\(minor)", let mark = fields.firstIndex(of: "-"),
                mark + 1 < fields.count
            else { continue }
            return String(fields[mark + 1])
        }
        return nil
    }
}
