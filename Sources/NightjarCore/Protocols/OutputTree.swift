/// The folder that results go to. Files appear whole or not at all.
package protocol OutputTree: Sendable {
    /// Begins a file for `job`. Nothing is visible under its name before `finish`.
    func begin(_ job: OutputJob) -> any PendingOutput

    /// Deletes what an earlier process left half written for `job`.
    func removePartial(of job: OutputJob) throws(OutputFailure)

    /// Whether files can be written to the output folder and to each batch's own; called before money is spent.
    func checkWritable(batches: [String]) throws(OutputFailure)
}

/// One file on its way. Used by one task at a time; `abandon` or `finish` ends it.
package protocol PendingOutput: AnyObject, Sendable {
    /// Takes the next piece.
    func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFailure)

    /// Checks length, format and size, hashes, syncs, names, and writes the sidecars.
    /// - Parameter result: What the API reported; a size that differs is `wrong_size`.
    func finish(_ result: RemoteResult) async throws(OutputFailure) -> OutputFile

    /// Deletes what was written.
    func abandon()
}

/// All that a file's name, sidecars and metadata say about a job.
package struct OutputJob: Sendable, Equatable {
    package var batch: String
    package var index: Int
    package var key: JobKey
    package var label: String?
    package var request: ImageRequest
    package var remoteID: RemoteJobID?
    /// JSON objects.
    package var variables: String?
    package var meta: String?
    package var createdAt: WallTime
    package var pathTemplate: String
    package var sidecars: [BatchSettings.Sidecar]
    /// An earlier process may have put the finished file in place without recording it.
    package var mayBeInPlace: Bool

    package init(
        batch: String, index: Int, key: JobKey, label: String?, request: ImageRequest, remoteID: RemoteJobID?,
        variables: String?, meta: String?, createdAt: WallTime, pathTemplate: String,
        sidecars: [BatchSettings.Sidecar], mayBeInPlace: Bool = false
    ) {
        self.batch = batch
        self.index = index
        self.key = key
        self.label = label
        self.request = request
        self.remoteID = remoteID
        self.variables = variables
        self.meta = meta
        self.createdAt = createdAt
        self.pathTemplate = pathTemplate
        self.sidecars = sidecars
        self.mayBeInPlace = mayBeInPlace
    }
}

/// Why a file could not be made.
package enum OutputFailure: Error, Equatable, Sendable {
    /// The output cannot be written: full, read-only, gone, not permitted. No job's fault.
    case unwritable(String)
    /// What arrived is no image, or not a whole one.
    case notAnImage(String)
    /// The image is not of the size that the API reported.
    case wrongSize(String)
}
