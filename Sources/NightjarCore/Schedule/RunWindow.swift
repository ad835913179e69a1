/// Hours of each day on the clock of a time zone: open at every moment at which that clock shows a time within.
///
/// Where the clock is put forward past the start, it opens at the first moment after that, unless its end is passed too;
/// what lies in an hour that comes twice is open both times.
package struct RunWindow: Sendable {
    package let window: BatchSettings.Schedule.Window
    package let clock: LocalClock

    package init(_ window: BatchSettings.Schedule.Window, clock: LocalClock) {
        self.window = window
        self.clock = clock
    }

    package func isOpen(at time: WallTime) -> Bool {
        window.contains(minute: clock.local(at: time).minute)
    }

    /// The first moment later than `time` at which it begins to be open; `nil` where it always is.
    package func nextOpening(after time: WallTime) -> WallTime? { nextChange(after: time, toOpen: true) }

    /// The first moment later than `time` at which it ceases to be open; `nil` where it never does.
    package func closing(after time: WallTime) -> WallTime? { nextChange(after: time, toOpen: false) }

    /// A window may fall away for a day, where it lies within what the clock skips.
    private static let horizon: Duration = .seconds(5 * 86_400)

    private func nextChange(after time: WallTime, toOpen: Bool) -> WallTime? {
        let end = time + Self.horizon
        var from = time
        while from < end {
            let (offset, until) = clock.steady(from: from, upTo: end)
            // What the clock shows jumps where its offset changes.
            var moments = [from]
            let first = LocalTime(milliseconds: from.milliseconds + offset).day
            let last = LocalTime(milliseconds: until.milliseconds + offset).day
            for day in first...last {
                for minute in [window.start, window.end] {
                    let local = day * LocalTime.millisecondsPerDay + Int64(minute) * 60_000
                    moments.append(WallTime(milliseconds: local - offset))
                }
            }
            let change = moments.sorted().first { moment in
                moment > time && moment >= from && moment < until && isOpen(at: moment) == toOpen
                    && isOpen(at: WallTime(milliseconds: moment.milliseconds - 1)) != toOpen
            }
            if let change { return change }
            from = until
        }
        return nil
    }
}
