import Synchronization

/// How many jobs are QUEUED or PROCESSING, and the most there ever were since the server began.
///
/// It is changed in the order of commits, before those who wait for a commit are told of it.
final class UnfinishedCount: Sendable {
    private let counts: Mutex<(now: Int, most: Int)>

    /// - Parameter count: What an earlier process left.
    init(_ count: Int) {
        counts = Mutex((count, count))
    }

    func change(by difference: Int) {
        counts.withLock { counts in
            counts.now += difference
            counts.most = max(counts.most, counts.now)
        }
    }

    var totals: (now: Int, most: Int) { counts.withLock { $0 } }
}
