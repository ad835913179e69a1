/// How often something is tried, and how long before the next time.
package struct RetryPolicy: Hashable, Sendable {
    /// Attempts in all, at least 1.
    package var attempts: Int
    package var base: Duration
    package var cap: Duration

    package init(attempts: Int, base: Duration = .seconds(2), cap: Duration = .seconds(60)) {
        self.attempts = attempts
        self.base = base
        self.cap = cap
    }

    /// Delay before the next attempt: an exponential curve, of which a random half to whole is waited.
    ///
    /// With the defaults the upper bounds after attempts 1 to 4 are 2, 4, 8 and 16 s.
    /// - Parameters:
    ///   - attempt: Attempts made so far; 1 after the first failure. Beyond `attempts` (after a person's retry) the count
    ///     begins anew.
    ///   - jitter: A random number in 0…1.
    /// - Returns: The delay, or `nil` when no attempt is left.
    /// - Note: Source: M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015).
    package func delay(afterAttempt attempt: Int, jitter: Double) -> Duration? {
        guard attempt % attempts != 0 else { return nil }
        return upperBound(afterAttempt: attempt % attempts) * (0.5 + 0.5 * min(max(jitter, 0), 1))
    }

    private func upperBound(afterAttempt attempt: Int) -> Duration {
        let doublings = min(max(attempt - 1, 0), 30)
        return min(base * (1 << doublings), cap)
    }
}
