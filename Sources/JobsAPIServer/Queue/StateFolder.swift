import Glibc
import Synchronization

/// The folder of the state file: made for its owner alone, and held by one server at a time.
final class StateFolder: Sendable {
    let stateFile: String
    /// Where images go.
    let images: String
    /// The file that is locked; `nil` once it has been let go of.
    private let lock: Mutex<Int32?>

    /// Makes what is missing (folders 0700, files 0600) and takes the lock beside the state file.
    /// - Throws: `stateUnusable`, `stateInUse`.
    init(stateFile: String) throws(ServerError) {
        let slash = stateFile.lastIndex(of: "/")
        let folder = slash.map { String(stateFile[..<$0]) } ?? "."
        images = "\(folder)/images"
        self.stateFile = stateFile
        try Self.makeFolder(folder.isEmpty ? "/" : folder, for: stateFile)
        try Self.makeFolder(images, for: stateFile)
        let descriptor = open("\(stateFile).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .stateUnusable(path: stateFile, reason: systemReason()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = systemReason()
            Glibc.close(descriptor)
            throw isHeld ? .stateInUse(path: stateFile) : .stateUnusable(path: stateFile, reason: reason)
        }
        // SQLite gives its other files the mode of this one.
        let file = open(stateFile, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = systemReason()
            Glibc.close(descriptor)
            throw .stateUnusable(path: stateFile, reason: reason)
        }
        Glibc.close(file)
        lock = Mutex(descriptor)
    }

    deinit {
        release()
    }

    /// Lets another server have the state.
    func release() {
        lock.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }

    private static func makeFolder(_ path: String, for stateFile: String) throws(ServerError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if mkdir(made, 0o700) != 0, errno != EEXIST {
                // A folder above may be there and not ours to make (EACCES, EROFS): only the last one matters.
                var isThere = stat()
                guard stat(made, &isThere) == 0 else { throw .stateUnusable(path: stateFile, reason: systemReason()) }
            }
        }
    }
}
