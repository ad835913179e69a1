internal import Synchronization

/// Makes the names of files durable, and the names of the folders that they lie in.
///
/// A folder's own name is synced when this process first uses it: another may have made it and died before its fsync.
final class DurableFolders: Sendable {
    /// Paths of folders whose names are durable.
    private let known = Mutex<Set<String>>([])

    /// A bound for trees with a folder for each job; a path that is forgotten costs one fsync more.
    private static let mostKnown = 4096

    /// Syncs the names in `folder` and, where that is still to be done, those of the folders above it.
    func sync(_ folder: Folder) throws(SystemError) {
        try folder.sync()
        var child = folder
        while let parent = child.parent {
            let path = child.path
            if child.isNew || !known.withLock({ $0.contains(path) }) {
                try parent.sync()
                known.withLock { known in
                    if known.count >= Self.mostKnown { known.removeAll() }
                    known.insert(path)
                }
            }
            child = parent
        }
    }
}
