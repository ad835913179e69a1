internal import Glibc
package import NightjarCore

/// The output folder on disk.
///
/// A file is written under a temporary name beside its final one, checked, synced, and named in one step that replaces
/// nothing. Below the folder no symbolic link is followed; the folder itself may be one.
package final class OutputFolder: OutputTree {
    private let path: String
    private let maxImageBytes: Int64
    private let blocking = BlockingWork()
    private let durable = DurableFolders()

    /// - Parameters:
    ///   - path: Made with its parents when it is first written to.
    ///   - maxImageBytes: A result with more is no image.
    package init(path: String, maxImageBytes: Int64) {
        self.path = path
        self.maxImageBytes = maxImageBytes
    }

    package func begin(_ job: OutputJob) -> any PendingOutput {
        PendingFile(job, root: path, maxImageBytes: maxImageBytes, blocking: blocking, durable: durable)
    }

    package func removePartial(of job: OutputJob) throws(OutputFailure) {
        let paths = try JobPaths(job)
        let root: Folder
        do {
            root = try Folder.root(path, create: false)
        } catch  where error.code == ENOENT {
            return
        } catch {
            throw unwritable("open the output folder", error)
        }
        var visited: Set<[String]> = []
        for format in ImageFormat.allCases {
            for folders in [paths.temporaryFolders(for: format), paths.place(for: format, reportedSeed: nil).folders]
            where visited.insert(folders).inserted {
                try remove(paths.temporaryNames, from: folders, below: root)
            }
        }
    }

    package func checkWritable(batches: [String]) throws(OutputFailure) {
        let root: Folder
        do {
            root = try Folder.root(path)
        } catch  where error.code == ENOTDIR || error.code == EEXIST {
            throw .unwritable("the output `\(path)` is not a folder")
        } catch {
            throw unwritable("open the output folder", error)
        }
        try check(root)
        for batch in batches {
            try check(root.descend([SafePathComponent.make(batch, limit: 200)], create: true))
        }
    }

    private func check(_ folder: Folder) throws(OutputFailure) {
        let name = ".nightjar-check-\(getpid())"
        try folder.delete([name])
        let file = try TemporaryFile("\(name).part", in: folder)
        defer { file.discard() }
        try file.write(String(repeating: "0", count: 4096))
        try file.sync()
        // The step that names a file is one that not every file system has.
        if try file.move(to: name, in: folder) { try folder.delete([name]) }
    }

    private func remove(_ names: [String], from folders: [String], below root: Folder) throws(OutputFailure) {
        var folder = root
        for name in folders {
            do {
                folder = try folder.folder(name, create: false)
            } catch  where [ENOENT, ENOTDIR, ELOOP].contains(error.code) {
                return  // Nothing of ours is behind it.
            } catch {
                throw folder.failure("open the folder", name, error)
            }
        }
        try folder.delete(names)
    }

    private func unwritable(_ action: String, _ error: SystemError) -> OutputFailure {
        .unwritable("cannot \(action) `\(path)`: \(error.words)")
    }
}

extension Folder {
    fileprivate func delete(_ names: [String]) throws(OutputFailure) {
        for name in names {
            do {
                try remove(name)
            } catch {
                throw failure("delete", name, error)
            }
        }
    }
}
