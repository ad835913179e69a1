internal import Glibc
internal import Synchronization

/// How who leaves something in a state tells the process that runs it: by the file `STATE.requests` beside the state, which
/// grows by a byte each time.
///
/// The file is looked at, rather than watched with inotify: that takes as few lines on every kind of file system, costs a
/// look at one inode five times a second, and asks nothing of the database.
package struct RequestBell: Sendable {
    private let path: String

    private static let pause: Duration = .milliseconds(200)

    /// - Parameter state: The state file, its folders without links.
    package init(state: String) {
        path = state + ".requests"
    }

    /// Tells of what has been left in the state before. Where the file cannot be written nothing is told, and what was left
    /// is carried out when the bell rings again, or by the next process.
    package func ring() {
        guard
            let file = try? retrying({ open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600) })
        else { return }
        defer { close(file) }
        // On a full disk the time of the file still tells.
        if (try? retrying { write(file, "\n", 1) }) == nil { futimens(file, nil) }
    }

    /// One element for all rings since the last one, beginning with this call; ends when the task that waits is cancelled.
    package func rings() -> AsyncStream<Void> {
        let ear = Ear(path)
        return AsyncStream { await ear.nextRing() }
    }

    private final class Ear: Sendable {
        private let path: String
        private let heard: Mutex<Mark>

        init(_ path: String) {
            self.path = path
            heard = Mutex(Mark(path))
        }

        func nextRing() async -> Void? {
            while !Task.isCancelled {
                let mark = Mark(path)
                let isNew = heard.withLock { heard in
                    defer { heard = mark }
                    return heard != mark
                }
                if isNew { return () }
                guard (try? await Task.sleep(for: RequestBell.pause)) != nil else { return nil }
            }
            return nil
        }
    }

    /// Tells two states of the file apart.
    private struct Mark: Equatable {
        private var inode: UInt64 = 0
        private var size: Int64 = 0
        private var seconds = 0
        private var nanoseconds = 0

        init(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return }
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }
}
