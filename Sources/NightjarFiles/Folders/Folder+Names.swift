internal import Glibc
package import NightjarCore

/// What those do with a folder who share it with other people and programs.
extension Folder {
    /// Opens a folder, which may be a symbolic link.
    package static func opened(at path: String) throws(SystemError) -> Folder {
        try root(path, create: false)
    }

    /// Where the folder lies, links followed.
    package static func realPath(of path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Leads to this very folder, whatever becomes of its name, as long as it is open.
    package var ownPath: String { "/proc/self/fd/\(descriptor)" }

    /// Opens the folder `name` below, which must not be a symbolic link; makes it where it is missing.
    /// - Parameter ownership: Of one that is made.
    /// - Returns: With why the ownership could not be had.
    package func made(
        _ name: String, ownership: FileOwnership
    ) throws(SystemError) -> (folder: Folder, problem: SystemError?) {
        let made = try folder(name, create: true)
        return (made, made.isNew ? ownership.apply(to: made.descriptor, isFolder: true) : nil)
    }

    /// Opens the folder `name` below, which must not be a symbolic link.
    package func folder(_ name: FileName) throws(SystemError) -> Folder {
        try folder(name.printable, create: false)
    }

    /// All names, in no order.
    package func names() throws(SystemError) -> [FileName] {
        let copy = try retrying { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(copy) else {
            let code = errno
            close(copy)
            throw SystemError(code: code)
        }
        defer { closedir(stream) }
        var names: [FileName] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemError(code: errno) }
                return names
            }
            let bytes = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { start in
                    UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) }
                }
            }
            if bytes != [0x2E], bytes != [0x2E, 0x2E] { names.append(FileName(bytes: bytes)) }
        }
    }

    /// What `name` is, links not followed; `nil` where there is nothing.
    package func stamp(of name: FileName) throws(SystemError) -> FileStamp? {
        var status = stat()
        do {
            try retrying { fstatat(descriptor, name.cString, &status, AT_SYMLINK_NOFOLLOW) }
        } catch  where error.code == ENOENT {
            return nil
        }
        return FileStamp(status)
    }

    /// The permission bits of this folder.
    package func mode() throws(SystemError) -> UInt32 {
        var status = stat()
        try retrying { fstat(descriptor, &status) }
        return status.st_mode & 0o7777
    }

    /// Whether names may be added and removed; `true` where only trying can tell.
    package var takesNames: Bool {
        faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 || ![EACCES, EROFS].contains(errno)
    }

    /// Gives `name` the name `newName` in `folder`, in one step.
    /// - Returns: `false` when `newName` is taken, by whatever: it is never replaced.
    package func move(_ name: FileName, to newName: FileName, in folder: Folder) throws(SystemError) -> Bool {
        try move(name.cString, to: newName.cString, in: folder)
    }

    /// Deletes the file or link `name`; nothing is wrong where there is none.
    package func remove(_ name: FileName) throws(SystemError) {
        try remove(name.cString)
    }

    /// Deletes the folder `name` with all that is in it. Links are not followed.
    package func removeTree(_ name: FileName) throws(SystemError) {
        let child: Int32
        do {
            child = try retrying { openat(descriptor, name.cString, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        } catch  where error.code == ENOENT {
            return
        }
        let folder = Folder(descriptor: child, path: "\(path)/\(name.printable)", parent: nil, isNew: false)
        for entry in try folder.names() {
            if try folder.stamp(of: entry)?.kind == .folder {
                try folder.removeTree(entry)
            } else {
                try folder.remove(entry)
            }
        }
        try retrying { unlinkat(descriptor, name.cString, AT_REMOVEDIR) }
    }

    /// Opens a regular file for reading. Neither is a link followed, nor a pipe waited for.
    package func open(_ name: FileName) throws(SystemError) -> OpenFile {
        OpenFile(
            descriptor: try retrying {
                openat(descriptor, name.cString, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            })
    }

    /// Writes a file that appears under its name whole or not at all, and takes the place of one that is there. Its name is
    /// durable when the folder is synced.
    /// - Parameter temporary: Its name until then.
    /// - Returns: Why the ownership could not be had.
    @discardableResult
    package func write(
        _ text: String, to name: String, temporary: String, ownership: FileOwnership = FileOwnership()
    ) throws(OutputFailure) -> SystemError? {
        let file = try TemporaryFile(temporary, in: self)
        defer { file.discard() }
        try file.write(text)
        let problem = ownership.apply(to: file.descriptor, isFolder: false)
        try file.sync()
        do {
            try replace(name, in: self, with: temporary)
        } catch {
            throw failure("write", name, error)
        }
        return problem
    }
}

/// A file that is open for reading.
package final class OpenFile: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Leads to this very file, whatever becomes of its name, as long as it is open.
    package var path: String { "/proc/self/fd/\(descriptor)" }

    package func stamp() throws(SystemError) -> FileStamp {
        var status = stat()
        try retrying { fstat(descriptor, &status) }
        return FileStamp(status)
    }
}
