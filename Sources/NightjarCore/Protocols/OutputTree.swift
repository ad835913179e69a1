/// The folder that results go to. Files appear whole or not at all.
package protocol OutputTree: Sendable {
    /// Begins a file for `job`. Nothing is visible under its name before `finish`.
    func begin(_ job: OutputJob) -> any PendingOutput

    /// Deletes what an earlier process left half written for `job`, wherever it could lie.
    func removePartial(of job: OutputJob) throws(OutputFailure)

    /// Whether files can be written to the output folder and to each batch's own; called before money is spent.
    ///
    /// A run begins with it. It makes the output folder where that is missing, and nothing else does: an output folder
    /// that goes away, or that another folder, a file or a link takes the place of, is `unwritable` until it is called
    /// again.
    func checkWritable(batches: [String]) throws(OutputFailure)

    /// How many bytes may still be written where the output folder lies, or will lie when it is made. `Int64.max` where
    /// the file system does not say. Waits for the disk.
    func freeBytes() throws(OutputFailure) -> Int64
}

/// One file on its way. Used by one task at a time; `abandon` or `finish` ends it.
package protocol PendingOutput: AnyObject, Sendable {
    /// Takes the next piece.
    func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFailure)

    /// Checks structure, length, format and size, hashes, syncs, names, and writes the sidecars.
    /// - Parameter result: What the API reported; a size that differs is `wrong_size`.
    func finish(_ result: RemoteResult) async throws(OutputFailure) -> Delivery

    /// Deletes what was written.
    func abandon()
}

/// What a finished file is.
package enum Delivery: Hashable, Sendable {
    case image(OutputFile)
    /// Every pixel has the same colour. Of a job for the tree the file lies in `.nightjar/filtered/`.
    case blank(OutputFile)

    package var file: OutputFile {
        switch self {
        case .image(let file), .blank(let file): file
        }
    }
}

/// All that a file's name, sidecars and metadata say about a job.
package struct OutputJob: Sendable, Equatable {
    /// Where a file goes, below the output folder. What lies there is never overwritten.
    package enum Place: Sendable, Equatable {
        /// Where the path template says; a blank image goes to the same path below `.nightjar/filtered/`.
        case tree
        /// To the same path below `.nightjar/duplicates/`, blank or not: a second image that was paid for.
        case duplicates
        /// To this very path, one that an `OutputFile` has had: the repair of a file that is damaged or missing.
        ///
        /// What lies there with another content is kept in `.nightjar/damaged/`. Sidecars are added where they are
        /// missing, and left as they are elsewhere. A blank image takes no place in the tree here either.
        case exactly(String)
    }

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
    package var place: Place

    package init(
        batch: String, index: Int, key: JobKey, label: String?, request: ImageRequest, remoteID: RemoteJobID?,
        variables: String?, meta: String?, createdAt: WallTime, pathTemplate: String,
        sidecars: [BatchSettings.Sidecar], mayBeInPlace: Bool = false, place: Place = .tree
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
        self.place = place
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
