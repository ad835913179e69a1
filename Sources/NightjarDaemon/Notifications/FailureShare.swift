/// Says once for each batch that too many of its jobs have failed.
package struct FailureShare: Equatable, Sendable {
    /// Percent, 0…100.
    package var limit: Int
    private var told: Set<String> = []

    /// Fewer ended jobs than this show nothing.
    package static let leastEnded = 20

    package init(limit: Int) {
        self.limit = limit
    }

    /// - Parameters:
    ///   - ended: Jobs of the batch that are done, blank or failed.
    ///   - failed: Those of them that failed.
    /// - Returns: Whether to tell somebody, now and not again.
    package mutating func isReached(batch: String, ended: Int, failed: Int) -> Bool {
        guard ended >= Self.leastEnded, failed > 0, failed * 100 >= limit * ended else { return false }
        return told.insert(batch).inserted
    }

    /// The batch is over, or taken up again.
    package mutating func forget(batch: String) {
        told.remove(batch)
    }
}
