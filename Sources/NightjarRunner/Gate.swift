internal import NightjarCore
internal import Synchronization

/// What stands before every API request: a pause that the API asked for, or one because it does not answer.
///
/// While the API fails, one request at a time passes, as a probe; the first good answer opens the gate for all.
final class Gate: Sendable {
    struct Closure: Equatable, Sendable {
        var reason: String
        var until: Duration
    }

    private struct State {
        var closure: Closure?
        /// Failures in a row.
        var failures = 0
        var lastFailure = ""
        /// When the first of them came.
        var failingSince: Duration?
        var probeIsOut = false
        /// 429 in a row that said nothing of when to come back.
        var unexplainedThrottles = 0
        var hasAnswered = false
    }

    private let state = Mutex(State())
    private let changed = Signal()
    private let time: Timekeeper
    private let jitter: @Sendable () -> Double
    /// Told of each change, for people to see.
    private let report: @Sendable (Closure?) -> Void

    private static let shortestPause: Duration = .milliseconds(500)
    private static let longestPause: Duration = .seconds(15)
    private static let longestUnexplainedThrottle: Duration = .seconds(60)

    init(time: Timekeeper, jitter: @escaping @Sendable () -> Double, report: @escaping @Sendable (Closure?) -> Void) {
        self.time = time
        self.jitter = jitter
        self.report = report
    }

    /// Waits until requests may leave.
    /// - Returns: How many: 1 for a probe, `Int.max` through an open gate, 0 when it is over, by `isOver` or cancellation.
    func pass(isOver: () -> Bool) async -> Int {
        while !isOver(), !Task.isCancelled {
            let mark = changed.mark
            let now = time.now()
            let (passing, wait) = state.withLock { state -> (Int, Duration) in
                if let closure = state.closure, closure.until > now { return (0, closure.until) }
                guard state.failures > 0 else { return (.max, now) }
                if state.probeIsOut { return (0, now + .seconds(1)) }
                state.probeIsOut = true
                return (1, now)
            }
            if passing > 0 { return passing }
            await changed.wait(since: mark, until: min(wait, now + .seconds(1)), on: time)
        }
        return 0
    }

    /// Nothing was sent after `pass` had let it through.
    /// - Parameter passing: What `pass` returned: only a probe must be taken back.
    func abstain(_ passing: Int) {
        guard passing == 1 else { return }
        state.withLock { $0.probeIsOut = false }
        changed.notify()
    }

    /// Whether a pause has begun since `pass` let someone through.
    var isClosed: Bool {
        let now = time.now()
        return state.withLock { $0.closure.map { $0.until > now } ?? false }
    }

    /// Waits until one request may leave: the gate open, and the budget not used up.
    /// - Returns: Whether it may; it must be ended.
    func pass(taking budget: RequestBudget, for batch: BatchID, isOver: () -> Bool) async throws -> Bool {
        while true {
            let passing = await pass(isOver: isOver)
            guard passing > 0 else { return false }
            guard try await budget.take(for: batch, isOver: isOver) else {
                abstain(passing)
                return false
            }
            if !isClosed { return true }
            // The wait for the budget was long enough for the API to ask for a pause.
            budget.giveBack(1, for: batch)
            abstain(passing)
        }
    }

    func answered() {
        let wasClosed = state.withLock { state in
            defer {
                state.failures = 0
                state.failingSince = nil
                state.probeIsOut = false
                state.unexplainedThrottles = 0
                state.hasAnswered = true
                if let until = state.closure?.until, until <= time.now() { state.closure = nil }
            }
            return state.failures > 0 || state.closure != nil
        }
        if wasClosed {
            report(state.withLock { $0.closure })
            changed.notify()
        }
    }

    func failed(_ words: String) {
        let now = time.now()
        let closure = state.withLock { state in
            state.failures += 1
            state.lastFailure = words
            state.failingSince = state.failingSince ?? now
            state.probeIsOut = false
            let doubled = Self.shortestPause * (1 << min(state.failures - 1, 10))
            let pause = min(doubled, Self.longestPause) * (0.5 + 0.5 * jitter())
            let closure = Closure(reason: "the API does not answer (\(words))", until: now + pause)
            state.closure = closure
            return closure
        }
        report(closure)
        changed.notify()
    }

    /// 429: all senders wait.
    func throttled(_ wait: RetryAfter) {
        let now = time.now()
        let closure = state.withLock { state in
            state.probeIsOut = false
            state.failures = 0
            state.failingSince = nil
            let pause: Duration
            if let delay = wait.delay {
                state.unexplainedThrottles = 0
                pause = delay
            } else {
                pause = min(.seconds(1) * (1 << min(state.unexplainedThrottles, 10)), Self.longestUnexplainedThrottle)
                state.unexplainedThrottles += 1
            }
            let until = max(now + pause, state.closure?.until ?? .zero)
            let closure = Closure(reason: "the API asks for a pause (429)", until: until)
            state.closure = closure
            return closure
        }
        report(closure)
        changed.notify()
    }

    /// How long the API has failed without one good answer between, with the last failure in words.
    func failing(at now: Duration) -> (duration: Duration, words: String, hasAnswered: Bool)? {
        state.withLock { state in
            state.failingSince.map { (now - $0, state.lastFailure, state.hasAnswered) }
        }
    }

    /// Lets everyone look whether it is over.
    func wake() {
        changed.notify()
    }
}
