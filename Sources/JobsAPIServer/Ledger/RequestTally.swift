import Synchronization

/// Counts requests as they arrive, for the ledger.
final class RequestTally: Sendable {
    enum Kind: Sendable { case submit, get, list, models, images, other }

    struct Counts: Encodable, Hashable, Sendable {
        var submit = 0
        var get = 0
        var list = 0
        var models = 0
        var images = 0
        /// API requests answered 401 or 429; each is counted under its kind too.
        var refused = 0
    }

    private struct State {
        var counts = Counts()
        var window = SlidingSecond()
        var most = 0
    }

    private let state = Mutex(State())

    /// Counts a request. Those that are not for images are API requests, and make the busiest second.
    func arrived(_ kind: Kind) {
        state.withLock { state in
            switch kind {
            case .submit: state.counts.submit += 1
            case .get: state.counts.get += 1
            case .list: state.counts.list += 1
            case .models: state.counts.models += 1
            case .images: state.counts.images += 1
            case .other: break
            }
            guard kind != .images else { return }
            // Read inside the lock, so that moments stand in their order.
            let now = ContinuousClock.now
            state.window.advance(to: now)
            state.window.add(now)
            state.most = max(state.most, state.window.count)
        }
    }

    func refused() {
        state.withLock { $0.counts.refused += 1 }
    }

    /// - Returns: The counts, and the most API requests that ever arrived within less than a second.
    var totals: (counts: Counts, mostPerSecond: Int) {
        state.withLock { ($0.counts, $0.most) }
    }
}
