package import NightjarCore
package import NightjarManifest

/// Who runs what an inbox takes.
package protocol DropHost: Sendable {
    /// Takes all batches of a manifest in, or none, and starts them. Once more with the same batches it changes nothing.
    /// - Parameters:
    ///   - file: As messages name the manifest.
    ///   - inbox: With the real path of its folder.
    /// - Returns: In the order of `batches`.
    func takeIn(
        _ batches: [ManifestBatch], named file: String, from inbox: InboxSettings
    ) async throws(DropRefusal) -> [BatchID]

    /// Batches that an earlier process took in, and that had not ended then. Some may run already.
    func carryOn(_ batches: [BatchID]) async

    /// - Returns: `nil` where any of them has not ended.
    func result(of batches: [BatchID]) async throws -> RunResult?
}

/// Why nothing of a manifest was taken in.
package enum DropRefusal: Error, Equatable, Sendable {
    /// It is the manifest's fault.
    case invalid(ManifestError)
    case conflicts(IntakeConflicts)
    /// It is not, and may succeed later: the state cannot be written, say.
    case later(String)
}

/// How a batch ended.
package struct EndedBatch: Equatable, Sendable {
    package var exit: ExitCode
    package var startedAt: WallTime
    package var finishedAt: WallTime

    package init(exit: ExitCode, startedAt: WallTime, finishedAt: WallTime) {
        self.exit = exit
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }

    /// The end of a batch that has nothing left to do, as its counts tell it.
    /// - Returns: `nil` where something is left.
    package init?(finished batch: BatchSummary) {
        guard batch.total == batch.count(.done, .failed, .filtered, .cancelled) else { return nil }
        self.init(
            exit: batch.count(.failed, .filtered) > 0 ? .someFailed : .success, startedAt: batch.createdAt,
            finishedAt: batch.updatedAt)
    }
}
