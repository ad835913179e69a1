/// A schedule on the clock of its time zone: whether jobs may be submitted, and when next.
package struct Timetable: Sendable {
    package enum Phase: Hashable, Sendable {
        /// Jobs may be submitted, before `until`.
        case open(until: WallTime?)
        /// None may before `until`.
        case closed(until: WallTime)
        /// None may any more.
        case over
    }

    package let schedule: BatchSettings.Schedule
    package let clock: LocalClock
    private let window: RunWindow?

    /// - Returns: `nil` where the name of the time zone is not known.
    package init?(_ schedule: BatchSettings.Schedule) {
        guard let clock = LocalClock(named: schedule.timeZone) else { return nil }
        self.schedule = schedule
        self.clock = clock
        window = schedule.window.map { RunWindow($0, clock: clock) }
    }

    /// It stays so until the moment that it names, unless someone sets the clock back.
    package func phase(at now: WallTime) -> Phase {
        if let deadline = schedule.deadline, deadline <= now { return .over }
        let opening = opening(from: max(now, schedule.notBefore ?? now))
        // A window that does not open before the deadline is not waited for.
        if let deadline = schedule.deadline, opening >= deadline { return .over }
        if opening > now { return .closed(until: opening) }
        let ends = [window?.closing(after: now), schedule.deadline].compactMap(\.self)
        return .open(until: ends.min())
    }

    /// The first moment, `time` or later, at which the window is open.
    private func opening(from time: WallTime) -> WallTime {
        guard let window, !window.isOpen(at: time) else { return time }
        return window.nextOpening(after: time) ?? time
    }

    /// Why nothing is submitted, as it is said of the batch; `nil` where it may be.
    package func words(at now: WallTime) -> String? {
        switch phase(at: now) {
        case .open: return nil
        case .closed(let until):
            if let notBefore = schedule.notBefore, notBefore > now {
                return "waits for its `not_before`, begins \(clock.text(until, from: now))"
            }
            return "waits for its window, opens \(clock.text(until, from: now))"
        case .over:
            guard let deadline = schedule.deadline else { return nil }
            // A moment that is past, or far, is told with its date.
            let text = clock.text(deadline, from: now)
            return deadline <= now
                ? "is past its deadline, \(text)"
                : "has no time left: its window does not open before its deadline, \(text)"
        }
    }
}
