internal import Glibc
internal import Synchronization

/// Why a lock was not taken.
package enum FileLockError: Error, Equatable, Sendable {
    /// Another process has it; its id, where that could be read.
    case held(by: Int32?)
    case unwritable(String)

    /// What a message says of it: `process 1234 holds it`.
    package var words: String {
        switch self {
        case .held(let process): "\(process.map { "process \($0)" } ?? "another process") holds it"
        case .unwritable(let words): words
        }
    }
}

/// An exclusive lock that lives as long as its holder: until `release`, the last reference, or the end of the process.
///
/// The file stays behind, since deleting it would let two processes hold locks on two files of one name.
package final class FileLock: Sendable {
    /// `nil` once released.
    private let descriptor: Mutex<Int32?>

    /// Takes the lock, or fails at once.
    /// - Parameter path: Of the lock file itself, `STATE.lock` say; made with mode 0600 in a folder that exists.
    package init(path: String) throws(FileLockError) {
        let opened: Int32
        do {
            opened = try retrying { open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600) }
        } catch {
            throw .unwritable("cannot open the lock `\(path)`: \(error.words)")
        }
        do {
            try retrying { flock(opened, LOCK_EX | LOCK_NB) }
        } catch {
            defer { close(opened) }
            if error.code == EWOULDBLOCK { throw .held(by: Self.holder(opened)) }
            throw .unwritable("cannot lock `\(path)`: \(error.words)")
        }
        // Only a message depends on it, so a full disk does not matter here.
        ftruncate(opened, 0)
        let text = "\(getpid())\n"
        pwrite(opened, text, text.utf8.count, 0)
        descriptor = Mutex(opened)
    }

    deinit {
        release()
    }

    /// Lets the lock go; a second time changes nothing.
    package func release() {
        descriptor.withLock { descriptor in
            guard let held = descriptor else { return }
            // A child that has not yet called exec has a copy of the descriptor, and closing ours would not unlock it.
            flock(held, LOCK_UN)
            close(held)
            descriptor = nil
        }
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        return Int32(String(decoding: buffer.prefix(max(count, 0)).prefix { $0 != 10 }, as: UTF8.self))
    }
}
