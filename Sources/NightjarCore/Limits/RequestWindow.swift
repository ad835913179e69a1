/// A sliding window over API requests that holds by the server's clock, however long requests are on their way.
///
/// A token bucket that counts when a request *leaves* breaks the limit at the server as soon as one request is delayed
/// and the next is not. Here a request counts from before it leaves until one window after its answer was read: it
/// reached the server at some moment between, so no window at the server ever holds more than `rate.requests`.
/// The price is the time that answers take: `requests` per window *and* one answer's latency.
package struct RequestWindow: Sendable {
    /// What is put in its place holds from the next request on.
    package var rate: Rate
    /// Requests that left and have not been answered.
    private var outstanding = 0
    /// When requests were answered, oldest first; those before `first` have left the window.
    private var answered: [Duration] = []
    private var first = 0

    /// Covers the rounding of clocks on both sides.
    private static let margin: Duration = .milliseconds(2)

    package init(rate: Rate) {
        self.rate = rate
    }

    /// How many requests may leave at `now`.
    /// - Parameter now: Time on any clock that only moves forward, the same for all calls.
    package mutating func available(at now: Duration) -> Int {
        while first < answered.count, answered[first] + rate.window.duration + Self.margin <= now { first += 1 }
        if first > 1024, first * 2 > answered.count {
            answered.removeFirst(first)
            first = 0
        }
        return max(0, rate.requests - outstanding - (answered.count - first))
    }

    /// When the next request leaves the window by time alone; `nil` while only answers can free one.
    package var nextRelease: Duration? {
        first < answered.count ? answered[first] + rate.window.duration + Self.margin : nil
    }

    /// `count` requests are about to leave.
    package mutating func begin(_ count: Int = 1) {
        outstanding += count
    }

    /// One request was answered, or given up.
    package mutating func end(at now: Duration) {
        // One that left before there was a limit is not among them.
        outstanding = max(0, outstanding - 1)
        answered.append(now)
    }

    /// One request did not leave after all.
    package mutating func giveBack() {
        outstanding = max(0, outstanding - 1)
    }

    /// Requests of an earlier process, as if answered at `time`; called before any other.
    package mutating func restore(_ count: Int, at time: Duration) {
        answered.append(contentsOf: repeatElement(time, count: count))
        answered.sort()
    }
}
