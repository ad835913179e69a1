package import NightjarCore
internal import Synchronization

/// The output folders of a daemon, one for each place that its inboxes name: a batch's files go to its own.
package final class OutputFolders: OutputTree {
    private struct Places {
        var folders: [String: OutputFolder] = [:]
        var batches: [String: String] = [:]
    }

    private let maxImageBytes: Int64
    private let standard: String
    private let places: Mutex<Places>

    /// - Parameters:
    ///   - path: For batches that are assigned to no other.
    ///   - maxImageBytes: A result with more is no image.
    package init(path: String, ownership: FileOwnership = .inherited, maxImageBytes: Int64) {
        self.maxImageBytes = maxImageBytes
        standard = path
        places = Mutex(
            Places(folders: [path: OutputFolder(path: path, ownership: ownership, maxImageBytes: maxImageBytes)]))
    }

    /// Says where a batch's files go; the folder's ownership is that of who names it first.
    package func assign(_ batch: String, to path: String, ownership: FileOwnership) {
        places.withLock { places in
            if places.folders[path] == nil {
                places.folders[path] = OutputFolder(path: path, ownership: ownership, maxImageBytes: maxImageBytes)
            }
            places.batches[batch] = path
        }
    }

    private func folder(of batch: String) -> OutputFolder {
        places.withLock { places in
            let path = places.batches[batch] ?? standard
            // The standard one is there from the beginning.
            return places.folders[path] ?? OutputFolder(path: path, ownership: .inherited, maxImageBytes: maxImageBytes)
        }
    }

    package func begin(_ job: OutputJob) -> any PendingOutput {
        folder(of: job.batch).begin(job)
    }

    package func removePartial(of job: OutputJob) throws(OutputFailure) {
        try folder(of: job.batch).removePartial(of: job)
    }

    package func checkWritable(batches: [String]) throws(OutputFailure) {
        let (folders, places) = places.withLock { ($0.folders, $0.batches) }
        let byFolder = Dictionary(grouping: batches) { places[$0] ?? standard }
        for (path, batches) in byFolder.sorted(by: { $0.key < $1.key }) {
            try folders[path]?.checkWritable(batches: batches)
        }
    }

    /// Of the fullest.
    package func freeBytes() throws(OutputFailure) -> Int64 {
        let folders = places.withLock { Array($0.folders.values) }
        var least = Int64.max
        for folder in folders { least = min(least, try folder.freeBytes()) }
        return least
    }
}
