/// A manifest that was taken from an inbox.
package struct Drop: Equatable, Sendable {
    /// 0 until it is noted.
    package var id: Int64
    /// The inbox's folder, by its real path.
    package var inbox: String
    /// The file's name in `INBOX/.accepted/`.
    package var accepted: String
    /// What the file was called in the inbox, without its extension.
    package var stem: String
    package var batches: [BatchID]
    /// Of all its batches: the same where a manifest brings the same again.
    package var digest: String
    /// The `NAME` of the drop that brought the same content first.
    package var duplicateOf: String?
    package var takenAt: WallTime
    /// The `NAME` in `INBOX/done/`, from the moment that it is decided.
    package var endsAs: String?
    /// The result and the manifest are in place.
    package var endedAt: WallTime?

    package init(
        id: Int64 = 0, inbox: String, accepted: String, stem: String, batches: [BatchID], digest: String,
        duplicateOf: String? = nil, takenAt: WallTime, endsAs: String? = nil, endedAt: WallTime? = nil
    ) {
        self.digest = digest
        self.id = id
        self.inbox = inbox
        self.accepted = accepted
        self.stem = stem
        self.batches = batches
        self.duplicateOf = duplicateOf
        self.takenAt = takenAt
        self.endsAs = endsAs
        self.endedAt = endedAt
    }
}

/// What the state keeps of inboxes, so that a crash at any moment leaves no manifest half taken.
package protocol DropStore: Sendable {
    /// What the state knows of a batch of this name: who owns it, and the digest of its manifest as last taken in.
    func knownBatch(named name: String) async throws -> KnownBatch?

    /// Notes that every batch of a manifest has been taken in. The same file of an inbox is noted once.
    /// - Returns: With its number.
    func note(_ drop: Drop) async throws -> Drop

    /// Drops that have not ended, oldest first.
    func openDrops() async throws -> [Drop]

    /// The drops that brought a batch, oldest first.
    func drops(ofBatch batch: BatchID) async throws -> [Drop]

    /// The drop that first brought what a batch is now: of the last of its drops that followed each other with this digest,
    /// the first.
    func original(ofBatch batch: BatchID, digest: String) async throws -> Drop?

    /// Decides the `NAME` in `done/`, before anything is put there.
    func decideEnd(ofDrop id: Int64, as name: String) async throws

    func endDrop(_ id: Int64, at time: WallTime) async throws

    /// Jobs that failed and are asked for, in the order of their index, at most `limit`.
    func failures(of batch: BatchID, limit: Int) async throws -> [JobSummary]

    /// Whether `JobStore.takeIn` would take a batch in; nothing is changed.
    /// - Throws: What that would throw.
    func checkIntake(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws
}

/// A batch of the state as the inbox must know it.
package struct KnownBatch: Equatable, Sendable {
    package var id: BatchID
    /// `nil`: a `run` brought it.
    package var origin: BatchSettings.Origin?
    package var digest: String?

    package init(id: BatchID, origin: BatchSettings.Origin?, digest: String?) {
        self.id = id
        self.origin = origin
        self.digest = digest
    }
}
