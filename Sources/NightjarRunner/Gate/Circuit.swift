internal import NightjarCore

/// A circuit breaker: open to all while answers come, closed for a pause after a failure, and after that open to one
/// request at a time, as a probe, until one is answered. Pure.
struct Circuit: Sendable {
    enum Trouble: Sendable {
        /// 401, 402 or 403.
        case account
        /// It does not answer.
        case silent
        /// 429.
        case throttled
    }

    struct Closure: Equatable, Sendable {
        var kind: Trouble
        var reason: String
        /// On the clock of `Timekeeper.now`.
        var until: Duration
    }

    enum Passage: Equatable, Sendable {
        case all
        case probe
        case wait(until: Duration)
    }

    private(set) var closure: Closure?
    /// Failures in a row.
    private(set) var failures = 0
    private(set) var lastFailure = ""
    /// When the first of them came; `nil` while none has, or the account is what is in trouble.
    private(set) var failingSince: Duration?
    private(set) var lastFailureAt: Duration = .zero
    private(set) var hasAnswered = false
    private var probeIsOut = false
    /// 429 in a row that said nothing of when to come back.
    private var unexplainedThrottles = 0

    private static let throttledWords = "the API asks for a pause (429)"
    private static let shortestPause: Duration = .milliseconds(500)
    private static let longestPause: Duration = .seconds(15)
    private static let longestUnexplainedThrottle: Duration = .seconds(60)
    /// For an account in trouble: a top-up takes a person.
    private static let shortestBlock: Duration = .seconds(15)
    private static let longestBlock: Duration = .seconds(900)

    /// A probe that is given out must be answered, fail, or be taken back.
    mutating func pass(at now: Duration) -> Passage {
        if let closure, closure.until > now { return .wait(until: closure.until) }
        guard failures > 0 else { return .all }
        if probeIsOut { return .wait(until: now + .seconds(1)) }
        probeIsOut = true
        return .probe
    }

    mutating func abstain() {
        probeIsOut = false
    }

    /// Nothing is asked for a time: what has failed before and what fails after that are not one trouble.
    mutating func rested() {
        failingSince = nil
    }

    /// The account or the key may have been put right: a probe may leave at once.
    mutating func accountMayBeWell() {
        if closure?.kind == .account { closure = nil }
    }

    func isClosed(at now: Duration) -> Bool {
        closure.map { $0.until > now } ?? false
    }

    /// - Returns: Whether that opens it.
    mutating func answered(at now: Duration) -> Bool {
        let wasClosed = failures > 0 || closure != nil
        failures = 0
        failingSince = nil
        probeIsOut = false
        unexplainedThrottles = 0
        hasAnswered = true
        // What was asked before a pause began does not end it.
        if let until = closure?.until, until <= now { closure = nil }
        return wasClosed
    }

    mutating func failed(_ words: String, at now: Duration, jitter: Double) {
        failingSince = failingSince ?? now
        let bounds = (Self.shortestPause, Self.longestPause)
        fail(.silent, words, "the API does not answer (\(words))", at: now, bounds, jitter)
    }

    /// The account or the key is in trouble, and the run waits until that has been put right.
    mutating func blocked(_ words: String, at now: Duration, jitter: Double) {
        failingSince = nil
        fail(.account, words, words, at: now, (Self.shortestBlock, Self.longestBlock), jitter)
    }

    private mutating func fail(
        _ kind: Trouble, _ words: String, _ reason: String, at now: Duration, _ bounds: (Duration, Duration),
        _ jitter: Double
    ) {
        lastFailure = words
        lastFailureAt = now
        probeIsOut = false
        // Requests that were out together fail together: the pause of the first one is the pause of all. It never ends
        // one that the API has asked for.
        if let closure, closure.until > now {
            failures = max(failures, 1)
            return
        }
        failures += 1
        let doubled = bounds.0 * (1 << min(failures - 1, 10))
        let pause = min(doubled, bounds.1) * (0.5 + 0.5 * jitter)
        closure = Closure(kind: kind, reason: reason, until: now + pause)
    }

    /// 429: all senders wait.
    mutating func throttled(_ wait: RetryAfter, at now: Duration) {
        probeIsOut = false
        failures = 0
        // It is there, but that is no good answer. What counts is the time from the first to the last: a pause that it asks
        // for is always waited for.
        hasAnswered = true
        failingSince = failingSince ?? now
        lastFailureAt = now
        lastFailure = Self.throttledWords
        let pause: Duration
        if let delay = wait.delay {
            unexplainedThrottles = 0
            pause = delay
        } else if let closure, closure.until > now, unexplainedThrottles > 0 {
            pause = closure.until - now  // Answered together with the one that began this pause.
        } else {
            pause = min(.seconds(1) * (1 << min(unexplainedThrottles, 10)), Self.longestUnexplainedThrottle)
            unexplainedThrottles += 1
        }
        closure = Closure(
            kind: .throttled, reason: Self.throttledWords, until: max(now + pause, closure?.until ?? .zero))
    }
}
