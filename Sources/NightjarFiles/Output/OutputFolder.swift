internal import Glibc
package import NightjarCore

/// The output folder on disk.
///
/// A file is written under a temporary name beside its final one, checked, synced, and named in one step that replaces
/// nothing. Below the folder no symbolic link is followed; the folder itself may be one.
package final class OutputFolder: OutputTree {
    private let root: OutputRoot
    private let tools: PendingFile.Tools

    /// - Parameters:
    ///   - path: Made with its parents when it is first written to, and again by `checkWritable`.
    ///   - ownership: Of the files and folders that are made, but for Nightjar's own.
    ///   - maxImageBytes: A result with more is no image.
    package init(path: String, ownership: FileOwnership = .inherited, maxImageBytes: Int64) {
        root = OutputRoot(path: path, ownership: ownership)
        tools = PendingFile.Tools(maxImageBytes: maxImageBytes)
    }

    package func begin(_ job: OutputJob) -> any PendingOutput {
        PendingFile(job, root, tools)
    }

    package func removePartial(of job: OutputJob) throws(OutputFailure) {
        let paths = try JobPaths(job)
        guard let root = try root.existing() else { return }
        for folders in paths.allTemporaryFolders {
            try remove(paths.temporaryNames, from: folders, below: root)
        }
    }

    package func checkWritable(batches: [String]) throws(OutputFailure) {
        let root = try root.begin()
        try check(root)
        for batch in batches {
            try check(root.descend([SafePathComponent.make(batch, limit: 200)], create: true))
        }
    }

    package func freeBytes() throws(OutputFailure) -> Int64 {
        try root.freeBytes()
    }

    private func check(_ folder: Folder) throws(OutputFailure) {
        // Always the same, so that what a killed process has left is gone with the next one; the folder serves one at a time.
        let name = ".nightjar-check"
        try folder.delete([name])
        let file = try TemporaryFile("\(name).part", in: folder)
        defer { file.discard() }
        try file.write(String(repeating: "0", count: 4096))
        try file.sync()
        Failpoint.outputChecked.reach()
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
}
