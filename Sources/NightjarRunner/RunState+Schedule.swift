internal import NightjarCore
internal import Synchronization

/// What a schedule allows now. A phase is looked up when its end has come, or someone has set the clock back; the end of
/// the run is judged by what was looked up last.
extension RunState {
    struct Times: Sendable {
        /// `nil` where jobs may be submitted at any time.
        private(set) var timetable: Timetable?
        private(set) var phase: Timetable.Phase = .open(until: nil)
        /// When it was looked up.
        private var asOf = WallTime(milliseconds: 0)
        /// The batch's end has been told.
        var hasSaidOver = false

        init(_ schedule: BatchSettings.Schedule?, at now: WallTime) {
            timetable = schedule.flatMap { Timetable($0) }
            lookUp(at: now)
        }

        var isOpen: Bool { if case .open = phase { true } else { false } }
        var isOver: Bool { phase == .over }
        var opens: WallTime? { if case .closed(let until) = phase { until } else { nil } }

        /// - Returns: Whether that is news.
        mutating func refresh(at now: WallTime) -> Bool {
            guard timetable != nil, now < asOf || end.map({ $0 <= now }) ?? false else { return false }
            let before = phase
            lookUp(at: now)
            return phase != before
        }

        private var end: WallTime? {
            switch phase {
            case .open(let until): until
            case .closed(let until): until
            case .over: nil
            }
        }

        private mutating func lookUp(at now: WallTime) {
            guard let timetable else { return }
            phase = timetable.phase(at: now)
            asOf = now
        }
    }

    /// Until a changed wall clock is noticed where nothing else happens.
    static let longestSleep: Duration = .seconds(60)

    /// Batches of one priority, the highest first.
    static func ranks(_ batches: [Batch]) -> [Rank] {
        let byPriority = Dictionary(grouping: batches, by: \.priority)
        return byPriority.sorted { $0.key > $1.key }.map { Rank(batches: $0.value.map(\.id).sorted()) }
    }

    struct Rank: Sendable {
        let batches: [BatchID]
    }

    /// Looks up what has changed with time; called at least once a second.
    func refreshTimes() {
        let wall = time.wall()
        if state.withLock({ Self.refresh(&$0, at: wall) }) { changed.notify() }
    }

    /// - Returns: Whether anything has changed.
    static func refresh(_ state: inout State, at wall: WallTime) -> Bool {
        var isNew = state.day?.refresh(at: wall) ?? false
        for id in state.order where state.batches[id]?.times.refresh(at: wall) == true { isNew = true }
        return isNew
    }

    /// Whether jobs of a batch may be submitted at this moment, as far as time goes.
    func isOpen(_ id: BatchID) -> Bool {
        refreshTimes()
        return state.withLock { $0.batches[id]?.times.isOpen ?? false }
    }

    /// Whether a job of a batch may be submitted again later, and only time forbids it now.
    func waitsForItsTime(_ id: BatchID, isCommitted: Bool) -> Bool {
        state.withLock { state in
            guard let batch = state.batches[id], batch.times.opens != nil else { return false }
            return maySubmitAgain(batch, isCommitted: isCommitted, in: state)
        }
    }

    /// Whether all that could be submitted waits for its time.
    var waitsForTime: Bool {
        state.withLock { state in
            let left = state.batches.values.filter { mayStillSubmit($0, in: state) }
            return !left.isEmpty && left.allSatisfy { !$0.times.isOpen }
        }
    }

    /// Whether the API has jobs of this state, or may have.
    var hasJobsAtAPI: Bool {
        state.withLock { state in
            state.duplicatesOut > 0
                || state.batches.values.contains { $0.count(.submitting, .submitted, .ready, .unknown) > 0 }
        }
    }

    /// Whether a person keeps all that is left of a batch from being submitted.
    func isPaused(_ id: BatchID) -> Bool {
        state.withLock { state in
            state.batches[id].map { $0.count(.pending, .waiting) > 0 && $0.unpaused == 0 } ?? false
        }
    }

    /// The list that comes before the first submission is read when a batch's time has come.
    func firstListIsDue() {
        state.withLock { $0.needsFirstList = true }
    }

    /// Tells of batches that are over while others go on.
    func sayWhatIsOver() {
        let wall = time.wall()
        let over: [(id: BatchID, words: String)] = state.withLock { state in
            state.order.compactMap { id in
                guard let batch = state.batches[id], batch.isAsked, batch.halted == nil, batch.times.isOver,
                    !batch.times.hasSaidOver
                else { return nil }
                state.batches[id]?.times.hasSaidOver = true
                let left = batch.count(.pending, .waiting)
                guard left > 0, let words = batch.times.timetable?.words(at: wall) else { return nil }
                return (id, "stopped: \(batch.name) \(words); \(left) left")
            }
        }
        for (id, words) in over { emit(.gate(reason: words, until: nil), batch: id) }
    }

    /// Batches that wait for their time, as one thing that is waited for.
    static func scheduleStandstill(_ waiting: [Batch], wall: WallTime, now: Duration) -> Standstill? {
        let closed = waiting.compactMap { batch in batch.times.opens.map { (batch: batch, opens: $0) } }
        guard let first = closed.map(\.opens).min() else { return nil }
        var parts = closed.prefix(mostNamed).compactMap { item in
            item.batch.times.timetable?.words(at: wall).map { "\(item.batch.name) \($0)" }
        }
        if closed.count > mostNamed { parts.append("\(closed.count - mostNamed) more batches wait for their times") }
        return Standstill(
            kind: .schedule(closed.map(\.batch.id)), batch: closed.count == 1 ? closed.first?.batch.id : nil,
            words: parts.joined(separator: "; "), until: now + (first - wall), opens: first)
    }

    private static let mostNamed = 3

    /// Of batches that passed their deadlines with jobs left, how that is said at the end.
    static func lateWords(_ late: [Batch], wall: WallTime) -> String {
        let words = late.compactMap { batch in batch.times.timetable?.words(at: wall).map { "\(batch.name) \($0)" } }
        let left = late.reduce(0) { $0 + $1.count(.pending, .waiting) }
        return "\(words.joined(separator: "; ")); \(left) left, which go on with a later `deadline` only"
    }
}
