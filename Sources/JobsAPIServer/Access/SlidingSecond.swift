/// Moments of the last second, oldest first.
struct SlidingSecond: Sendable {
    private var moments: [ContinuousClock.Instant] = []
    private var first = 0

    var count: Int { moments.count - first }
    var oldest: ContinuousClock.Instant? { count > 0 ? moments[first] : nil }

    /// Forgets what is a second old or older.
    mutating func advance(to now: ContinuousClock.Instant) {
        while first < moments.count, now - moments[first] >= .seconds(1) { first += 1 }
        if first > 256, first * 2 > moments.count {
            moments.removeFirst(first)
            first = 0
        }
    }

    mutating func add(_ now: ContinuousClock.Instant) {
        moments.append(now)
    }
}
