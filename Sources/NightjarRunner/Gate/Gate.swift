internal import NightjarCore
internal import Synchronization

/// What stands before every API request: a pause that the API asked for, or one because it does not answer.
///
/// Submissions have a circuit of their own behind the one of all requests: an API that answers about jobs and takes none
/// is not offered one job after the other.
final class Gate: Sendable {
    enum Sender: Sendable {
        case submission
        /// Asks about jobs.
        case question
    }

    private struct State {
        var all = Circuit()
        var submissions = Circuit()

        /// What stands in the way of submissions.
        func closure(at now: Duration) -> Circuit.Closure? {
            [all.closure, submissions.closure].compactMap(\.self).filter { $0.until > now }.max { $0.until < $1.until }
        }
    }

    private let state = Mutex(State())
    private let changed = Signal()
    private let time: Timekeeper
    private let jitter: @Sendable () -> Double
    /// Told of each change, for people to see.
    private let report: @Sendable (Circuit.Closure?) -> Void

    init(
        time: Timekeeper, jitter: @escaping @Sendable () -> Double,
        report: @escaping @Sendable (Circuit.Closure?) -> Void
    ) {
        self.time = time
        self.jitter = jitter
        self.report = report
    }

    /// Waits until requests may leave.
    /// - Returns: How many: 1 for a probe, `Int.max` through an open gate, 0 when it is over, by `isOver` or cancellation.
    func pass(_ sender: Sender, isOver: () -> Bool) async -> Int {
        while !isOver(), !Task.isCancelled {
            let mark = changed.mark
            let now = time.now()
            let passage = state.withLock { Self.passage(sender, at: now, in: &$0) }
            switch passage {
            case .all: return .max
            case .probe: return 1
            case .wait(let until): await changed.wait(since: mark, until: min(until, now + .seconds(1)), on: time)
            }
        }
        return 0
    }

    private static func passage(_ sender: Sender, at now: Duration, in state: inout State) -> Circuit.Passage {
        let outer = state.all.pass(at: now)
        guard sender == .submission, outer == .all || outer == .probe else { return outer }
        let inner = state.submissions.pass(at: now)
        if case .wait = inner {
            if outer == .probe { state.all.abstain() }
            return inner
        }
        return outer == .probe ? .probe : inner
    }

    /// Nothing was sent after `pass` had let it through.
    /// - Parameter passing: What `pass` returned: only a probe must be taken back.
    func abstain(_ passing: Int, _ sender: Sender) {
        guard passing == 1 else { return }
        state.withLock { state in
            state.all.abstain()
            if sender == .submission { state.submissions.abstain() }
        }
        changed.notify()
    }

    /// Whether a pause has begun since `pass` let someone through.
    func isClosed(_ sender: Sender) -> Bool {
        let now = time.now()
        return state.withLock { state in
            state.all.isClosed(at: now) || sender == .submission && state.submissions.isClosed(at: now)
        }
    }

    /// What submissions wait for; `nil` where they may leave.
    var closure: Circuit.Closure? {
        let now = time.now()
        return state.withLock { $0.closure(at: now) }
    }

    /// Whether questions may not leave before `moment`.
    func pausesQuestions(until moment: Duration) -> Bool {
        state.withLock { $0.all.closure.map { $0.until >= moment } ?? false }
    }

    /// Waits until one question may leave: the gate open, and the budget not used up.
    /// - Returns: 0 when it may not, else as `pass`; it must be ended.
    func pass(taking budget: RequestBudget, for batch: BatchID, isOver: () -> Bool) async throws -> Int {
        while true {
            let passing = await pass(.question, isOver: isOver)
            guard passing > 0 else { return 0 }
            guard try await budget.take(for: batch, isOver: isOver) else {
                abstain(passing, .question)
                return 0
            }
            if !isClosed(.question) { return passing }
            // The wait for the budget was long enough for the API to ask for a pause.
            budget.giveBack(1, for: batch)
            abstain(passing, .question)
        }
    }

    // MARK: What became of a request

    func answered(_ sender: Sender) {
        let now = time.now()
        let opens = state.withLock { state in
            let opensAll = state.all.answered(at: now)
            let opensSubmissions = sender == .submission && state.submissions.answered(at: now)
            return opensAll || opensSubmissions
        }
        if opens { tell() }
    }

    func failed(_ words: String, _ sender: Sender) {
        let (now, jitter) = (time.now(), jitter())
        state.withLock { state in
            switch sender {
            case .question: state.all.failed(words, at: now, jitter: jitter)
            case .submission:
                // It may have been the probe of both.
                state.all.abstain()
                state.submissions.failed(words, at: now, jitter: jitter)
            }
        }
        tell()
    }

    /// A submission could not even be sent: that is true of all requests.
    func unreachable(_ words: String) {
        state.withLock { $0.submissions.abstain() }
        failed(words, .question)
    }

    /// 429: all senders wait.
    func throttled(_ wait: RetryAfter, _ sender: Sender) {
        let now = time.now()
        state.withLock { state in
            state.all.throttled(wait, at: now)
            if sender == .submission { state.submissions.abstain() }
        }
        tell()
    }

    /// 401, 402, 403, in a run that waits until a person has put it right.
    /// - Parameter stopsQuestions: Whether nothing at all may be asked meanwhile.
    func blocked(_ words: String, _ sender: Sender, stopsQuestions: Bool) {
        let (now, jitter) = (time.now(), jitter())
        state.withLock { state in
            if stopsQuestions {
                state.all.blocked(words, at: now, jitter: jitter)
                if sender == .submission { state.submissions.abstain() }
            } else {
                _ = state.all.answered(at: now)
                state.submissions.blocked(words, at: now, jitter: jitter)
            }
        }
        tell()
    }

    private func tell() {
        let now = time.now()
        report(state.withLock { $0.closure(at: now) })
        changed.notify()
    }

    /// How long requests have failed without one good answer between, with the last failure in words: from the first
    /// failure to the last, since where nothing is asked nothing can answer. `hasAnswered`: whether the API has ever.
    var failing: (duration: Duration, words: String, hasAnswered: Bool)? {
        state.withLock { state in
            let hasAnswered = state.all.hasAnswered || state.submissions.hasAnswered
            return [state.all, state.submissions].compactMap { circuit in
                circuit.failingSince.map { (circuit.lastFailureAt - $0, circuit.lastFailure, hasAnswered) }
            }.max { $0.0 < $1.0 }
        }
    }

    /// The account or the key may have been put right: it is tried at once.
    func accountMayBeWell() {
        state.withLock { state in
            state.all.accountMayBeWell()
            state.submissions.accountMayBeWell()
        }
        changed.notify()
    }

    /// Nothing is submitted for a time and, with `asks: false`, nothing asked: that time is no silence of the API.
    func rest(asks: Bool) {
        state.withLock { state in
            state.submissions.rested()
            if !asks { state.all.rested() }
        }
    }

    /// Lets everyone look whether it is over.
    func wake() {
        changed.notify()
    }
}
