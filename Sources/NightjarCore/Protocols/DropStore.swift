/// A manifest that was taken from an inbox.
package struct Drop: Equatable, Sendable {
    package var id: Int64
    /// The inbox's folder, by its real path.
    package var inbox: String
    /// The file's name in `INBOX/.accepted/`.
    package var accepted: String
    /// What the file was called in the inbox, without its extension.
    package var stem: String
    package var batches: [BatchID]
    /// The `NAME` of the drop that brought the same content first.
    package var duplicateOf: String?
    package var takenAt: WallTime
    /// The `NAME` in `INBOX/done/`, from the moment that it is decided.
    package var endsAs: String?
    /// The result and the manifest are in place.
    package var endedAt: WallTime?

    package init(
        id: Int64, inbox: String, accepted: String, stem: String, batches: [BatchID], duplicateOf: String? = nil,
        takenAt: WallTime, endsAs: String? = nil, endedAt: WallTime? = nil
    ) {
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

    /// Decides the `NAME` in `done/`, before anything is put there.
    func decideEnd(ofDrop id: Int64, as name: String) async throws

    func endDrop(_ id: Int64, at time: WallTime) async throws
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
