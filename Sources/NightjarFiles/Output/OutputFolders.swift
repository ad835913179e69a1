package import NightjarCore
internal import Synchronization

/// The output folders of a daemon, one for each place that its inboxes name: a batch's files go to its own.
package final class OutputFolders: OutputTree {
    /// Two inboxes may share a folder, and not who may use what is written there.
    private struct Place: Hashable {
        var path: String
        var ownership: FileOwnership
    }

    private struct Places {
        var folders: [Place: OutputFolder] = [:]
        var batches: [String: Place] = [:]
    }

    private let maxImageBytes: Int64
    private let standard: OutputFolder
    private let places = Mutex(Places())

    /// - Parameters:
    ///   - path: For batches that are assigned to no other.
    ///   - maxImageBytes: A result with more is no image.
    package init(path: String, maxImageBytes: Int64) {
        self.maxImageBytes = maxImageBytes
        standard = OutputFolder(path: path, maxImageBytes: maxImageBytes)
    }

    /// Says where a batch's files go, and who may use them.
    package func assign(_ batch: String, to path: String, ownership: FileOwnership) {
        let place = Place(path: path, ownership: ownership)
        places.withLock { places in
            if places.folders[place] == nil {
                places.folders[place] = OutputFolder(path: path, ownership: ownership, maxImageBytes: maxImageBytes)
            }
            places.batches[batch] = place
        }
    }

    private func folder(of batch: String) -> OutputFolder {
        places.withLock { places in places.batches[batch].flatMap { places.folders[$0] } } ?? standard
    }

    package func begin(_ job: OutputJob) -> any PendingOutput {
        folder(of: job.batch).begin(job)
    }

    package func removePartial(of job: OutputJob) throws(OutputFailure) {
        try folder(of: job.batch).removePartial(of: job)
    }

    package func checkWritable(batches: [String]) throws(OutputFailure) {
        let (folders, places) = places.withLock { ($0.folders, $0.batches) }
        for (place, batches) in Dictionary(grouping: batches, by: { places[$0] }) {
            try (place.flatMap { folders[$0] } ?? standard).checkWritable(batches: batches)
        }
    }

    /// Of the fullest.
    package func freeBytes() throws(OutputFailure) -> Int64 {
        let folders = [standard] + places.withLock { Array($0.folders.values) }
        var least = Int64.max
        for folder in folders { least = min(least, try folder.freeBytes()) }
        return least
    }
}
