import Synchronization

/// Lets at most `rate` requests a key through in any sliding second.
final class RateLimiter: Sendable {
    private let rate: Int
    /// The requests let through, by owner; there are as many owners as keys.
    private let windows = Mutex<[Owner: SlidingSecond]>([:])

    /// - Parameter rate: `nil` and 0: no limit.
    init(rate: Int?) {
        self.rate = rate ?? 0
    }

    /// - Returns: Whole seconds until it is worth trying again, at least 1; `nil` when the request may pass.
    func secondsToWait(_ owner: Owner) -> Int? {
        guard rate > 0 else { return nil }
        return windows.withLock { windows in
            let now = ContinuousClock.now
            var window = windows[owner] ?? SlidingSecond()
            defer { windows[owner] = window }
            window.advance(to: now)
            guard window.count >= rate, let oldest = window.oldest else {
                window.add(now)
                return nil
            }
            let left = oldest.advanced(by: .seconds(1)) - now
            return max(1, Int(left.components.seconds) + (left.components.attoseconds > 0 ? 1 : 0))
        }
    }
}
