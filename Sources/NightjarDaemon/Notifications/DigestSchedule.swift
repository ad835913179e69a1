package import NightjarCore

/// When the daily digest is due.
package struct DigestSchedule: Sendable {
    /// After midnight, 0…1439.
    package let minute: Int
    private let clock: LocalClock

    /// - Parameter timeZone: `nil`: the machine's.
    /// - Returns: `nil` where the name of the time zone is not known.
    package init?(minute: Int, timeZone: String?) {
        guard let clock = LocalClock(named: timeZone) else { return nil }
        self.minute = minute
        self.clock = clock
    }

    /// The first one after `time`: once a day by the clock of the time zone. A time that the clock skips is the moment at
    /// which it does; of one that it shows twice, the first counts.
    package func next(after time: WallTime) -> WallTime {
        var day = clock.local(at: time).day - 1
        while true {
            let due = clock.firstMoment(
                from: LocalTime(milliseconds: day * LocalTime.millisecondsPerDay + Int64(minute) * 60_000))
            if due > time { return due }
            day += 1
        }
    }
}
