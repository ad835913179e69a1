internal import CLinux
internal import Glibc
internal import NightjarCore

/// The folder below the output root that is Nightjar's: it holds the state, and images that are kept out of the tree.
let ownFolderName = ".nightjar"

/// An open folder below the output root, or the root itself.
///
/// What lies in it is reached through its descriptor and by one name at a time, so no symbolic link below the root is
/// ever followed, even one that appears while a file is being written.
package final class Folder: Sendable {
    let descriptor: Int32
    /// For messages.
    package let path: String
    /// `nil` for the root.
    let parent: Folder?
    /// Made just now, so its name may not be durable yet.
    let isNew: Bool
    /// Of what is made in it.
    let ownership: FileOwnership

    init(descriptor: Int32, path: String, parent: Folder?, isNew: Bool, ownership: FileOwnership = .inherited) {
        self.ownership = ownership
        self.descriptor = descriptor
        self.path = path
        self.parent = parent
        self.isNew = isNew
    }

    deinit {
        close(descriptor)
    }

    /// Opens the root, which may be a symbolic link; makes it and its parents where they are missing.
    static func root(
        _ path: String, create: Bool = true, ownership: FileOwnership = .inherited
    ) throws(SystemError) -> Folder {
        var isMade = false
        let descriptor: Int32
        do {
            descriptor = try openFolder(AT_FDCWD, path)
        } catch  where error.code == ENOENT && create {
            try makeWithParents(path)
            isMade = true
            descriptor = try openFolder(AT_FDCWD, path)
        }
        let root = Folder(descriptor: descriptor, path: path, parent: nil, isNew: false, ownership: ownership)
        if isMade, let problem = ownership.apply(to: descriptor, isFolder: true) { throw problem }
        return root
    }

    /// Opens the folder `name`, which must not be a symbolic link.
    /// - Parameter create: Makes it where it is missing, under the umask; Nightjar's own is for its owner alone.
    func folder(_ name: String, create: Bool) throws(SystemError) -> Folder {
        var isNew = false
        if create {
            do {
                let mode: mode_t = name == ownFolderName ? 0o700 : 0o777
                try retrying { mkdirat(descriptor, name, mode) }
                isNew = true
            } catch  where error.code == EEXIST {}
        }
        let opened = try Self.openFolder(descriptor, name, flags: O_NOFOLLOW)
        let isOwn = name == ownFolderName
        let folder = Folder(
            descriptor: opened, path: "\(path)/\(name)", parent: self, isNew: isNew,
            ownership: isOwn ? .inherited : ownership)
        if isNew, !isOwn, let problem = ownership.apply(to: opened, isFolder: true) { throw problem }
        return folder
    }

    /// Opens what `names` lead to, one after another.
    func descend(_ names: some Sequence<String>, create: Bool) throws(OutputFailure) -> Folder {
        var folder = self
        for name in names {
            do {
                folder = try folder.folder(name, create: create)
            } catch {
                throw folder.failure("open the folder", name, error)
            }
        }
        return folder
    }

    /// Whether `path` leads to this folder, and not to another that took its place.
    package func isStill(at path: String) throws(SystemError) -> Bool {
        var here = stat()
        var there = stat()
        try retrying { fstat(descriptor, &here) }
        try retrying { stat(path, &there) }
        return here.st_dev == there.st_dev && here.st_ino == there.st_ino
    }

    /// What kind of thing `name` is; `nil` where there is nothing.
    func kind(of name: String) throws(SystemError) -> (isFile: Bool, isLink: Bool, bytes: Int64)? {
        var status = stat()
        do {
            try retrying { fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) }
        } catch  where error.code == ENOENT {
            return nil
        }
        return (status.st_mode & S_IFMT == S_IFREG, status.st_mode & S_IFMT == S_IFLNK, Int64(status.st_size))
    }

    /// Deletes the file or link `name`; nothing is wrong where there is none.
    func remove(_ name: UnsafePointer<CChar>) throws(SystemError) {
        do {
            try retrying { unlinkat(descriptor, name, 0) }
        } catch  where error.code == ENOENT {}
    }

    /// Gives the file `name` its final name in `folder`, in one step.
    /// - Returns: `false` when `newName` is taken, by whatever: it is never replaced.
    func move(
        _ name: UnsafePointer<CChar>, to newName: UnsafePointer<CChar>, in folder: Folder
    ) throws(SystemError) -> Bool {
        do {
            try retrying { nightjar_rename_no_replace(descriptor, name, folder.descriptor, newName) }
            return true
        } catch  where error.code == EEXIST {
            return false
        } catch  where error.code == EINVAL || error.code == ENOSYS {
            return try link(name, to: newName, in: folder)
        }
    }

    /// For file systems that cannot rename without replacing.
    func link(
        _ name: UnsafePointer<CChar>, to newName: UnsafePointer<CChar>, in folder: Folder
    ) throws(SystemError) -> Bool {
        do {
            try retrying { linkat(descriptor, name, folder.descriptor, newName, 0) }
        } catch  where error.code == EEXIST {
            return false
        } catch  where [EPERM, EOPNOTSUPP, ENOSYS].contains(error.code) {
            return try reserve(name, to: newName, in: folder)
        }
        try remove(name)
        return true
    }

    /// For file systems that have no hard links either: an empty file holds the name until the rename.
    func reserve(
        _ name: UnsafePointer<CChar>, to newName: UnsafePointer<CChar>, in folder: Folder
    ) throws(SystemError) -> Bool {
        do {
            close(
                try retrying {
                    openat(folder.descriptor, newName, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0o666)
                })
        } catch  where error.code == EEXIST {
            return false
        }
        do {
            try replace(newName, in: folder, with: name)
        } catch {
            try? folder.remove(newName)
            throw error
        }
        return true
    }

    /// Gives the file `name` the name `newName` in `folder`, replacing what is there.
    func replace(
        _ newName: UnsafePointer<CChar>, in folder: Folder, with name: UnsafePointer<CChar>
    ) throws(SystemError) {
        try retrying { renameat(descriptor, name, folder.descriptor, newName) }
    }

    /// Makes the names in this folder durable.
    package func sync() throws(SystemError) {
        do {
            try retrying { fsync(descriptor) }
        } catch  where error.code == EINVAL || error.code == EOPNOTSUPP {
            // Some network file systems have no such thing as the fsync of a folder.
        }
    }

    /// Deletes files and links, those that are there.
    func delete(_ names: [String]) throws(OutputFailure) {
        for name in names {
            do {
                try remove(name)
            } catch {
                throw failure("delete", name, error)
            }
        }
    }

    /// Says that `action` failed on `name`, and why.
    func failure(_ action: String, _ name: String, _ error: SystemError) -> OutputFailure {
        var words = error.words
        if error.code == ENOTDIR || error.code == ELOOP, let kind = try? kind(of: name) {
            words = kind.isLink ? "it is a symbolic link, which is not followed" : "it is not a folder"
        }
        return .unwritable("cannot \(action) `\(path)/\(name)`: \(words)")
    }

    private static func openFolder(_ parent: Int32, _ name: String, flags: Int32 = 0) throws(SystemError) -> Int32 {
        try retrying { openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags) }
    }

    private static func makeWithParents(_ path: String) throws(SystemError) {
        do {
            try retrying { mkdir(path, 0o777) }
        } catch  where error.code == ENOENT {
            guard let parent = parent(of: path), parent != path else { throw error }
            try makeWithParents(parent)
            try retrying { mkdir(path, 0o777) }
        } catch  where error.code == EEXIST {
            return
        }
        if let parent = parent(of: path) {
            try Folder(descriptor: openFolder(AT_FDCWD, parent), path: parent, parent: nil, isNew: false).sync()
        }
    }

    /// `a` for `a/b` and `a/b/`, `/` for `/a`, `.` for `a`; `nil` for the empty path and `/`.
    static func parent(of path: String) -> String? {
        let bytes = Array(path.utf8)
        let trimmed = bytes.prefix((bytes.lastIndex { $0 != UInt8(ascii: "/") } ?? -1) + 1)
        guard !trimmed.isEmpty else { return nil }
        guard let slash = trimmed.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: trimmed[..<slash], as: UTF8.self)
    }
}
