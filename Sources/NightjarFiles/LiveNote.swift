internal import FoundationEssentials
internal import Glibc
package import NightjarCore

/// What a running process tells of itself: the file `STATE.live` beside the state.
///
/// Who reads it asks no lock, which could keep a run from starting at that moment: the note counts while the very process
/// lives that wrote it. One in another container's process namespace is not seen.
package struct LiveNote: Sendable {
    private let path: String

    /// - Parameter state: The state file.
    package init(state: String) {
        path = state + ".live"
    }

    private struct Content: Codable {
        var process: ProcessMark
        var snapshot: RunSnapshot
    }

    /// - Returns: `nil` where no process runs the state, or it has not begun yet.
    package func read() -> RunSnapshot? {
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            let content = try? JSONDecoder().decode(Content.self, from: data), content.process.isAlive
        else { return nil }
        var snapshot = content.snapshot
        var status = stat()
        if lstat(path, &status) == 0 { snapshot.isStale = status.st_mode & S_IWUSR == 0 }
        return snapshot
    }

    /// Takes the place of the note before, which is marked as old where that fails. Nothing is synced: after a crash
    /// nobody has any use for it.
    /// - Returns: Whether it was written.
    func write(_ snapshot: RunSnapshot) -> Bool {
        let isWritten = replace(by: snapshot)
        // On a full disk neither a byte nor a file can be added, but a mode can be changed.
        if !isWritten, let file = try? retrying({ open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }) {
            fchmod(file, S_IRUSR)
            close(file)
        }
        return isWritten
    }

    private func replace(by snapshot: RunSnapshot) -> Bool {
        guard let mark = ProcessMark.own,
            let data = try? JSONEncoder().encode(Content(process: mark, snapshot: snapshot))
        else { return false }
        let temporary = path + ".part"
        unlink(temporary)
        guard
            let file = try? retrying({
                open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            })
        else { return false }
        let isWhole = data.withUnsafeBytes { bytes in
            (try? retrying { Glibc.write(file, bytes.baseAddress, bytes.count) }) == bytes.count
        }
        close(file)
        guard isWhole, rename(temporary, path) == 0 else {
            unlink(temporary)
            return false
        }
        return true
    }

    func remove() {
        unlink(path)
    }
}

/// Keeps the note of this process, which holds the state.
package struct LiveNoteWriter: Sendable {
    private let note: LiveNote
    private let view: @Sendable () -> RunSnapshot

    private static let pause: Duration = .seconds(1)

    /// - Parameter view: Asked once a second.
    package init(state: String, view: @escaping @Sendable () -> RunSnapshot) {
        note = LiveNote(state: state)
        self.view = view
    }

    /// Writes the note when it changes, at most once a second, until the task is cancelled; then takes it away.
    package func run() async {
        defer { note.remove() }
        var last: RunSnapshot?
        repeat {
            let now = view()
            // The moment alone is no change.
            var known = last
            known?.writtenAt = now.writtenAt
            // What could not be written is tried again a second later, also when it is as it was before: the old note
            // is marked.
            if known != now { last = note.write(now) ? now : nil }
        } while (try? await Task.sleep(for: Self.pause)) != nil
    }
}

/// One process, told from all others that have had or will have its number.
struct ProcessMark: Codable, Equatable {
    var pid: Int32
    /// In ticks since the machine started.
    var startedAt: String
    var bootID: String

    /// `nil` where the system does not say.
    static var own: ProcessMark? { ProcessMark(getpid()) }

    private init?(_ pid: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        else { return nil }
        // The name of the program stands in parentheses, and may hold anything.
        let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
        guard fields.count > 20, fields[1] != "Z", fields[1] != "X" else { return nil }
        self.pid = pid
        startedAt = String(fields[20])
        bootID = boot.trimmed()
    }

    var isAlive: Bool { ProcessMark(pid) == self }
}
