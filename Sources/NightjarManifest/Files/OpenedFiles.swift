import Synchronization

/// Which files and folders a manifest has named, that were there.
final class OpenedFiles: Sendable {
    private struct State {
        var files: [String: String] = [:]
        var folders: Set<String> = []
    }

    private let state = Mutex(State())

    func note(file name: String, at place: String) {
        state.withLock { $0.files[name] = place }
    }

    func note(folder name: String) {
        state.withLock { _ = $0.folders.insert(name) }
    }

    /// Where each file lies, by the name that the manifest gives it.
    var files: [String: String] { state.withLock { $0.files } }

    var folders: Set<String> { state.withLock { $0.folders } }
}
