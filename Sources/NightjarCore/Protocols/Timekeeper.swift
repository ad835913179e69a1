/// The two clocks of a run, and how to wait on one of them; tests bring their own.
package struct Timekeeper: Sendable {
    /// Time since some moment, on a clock that only moves forward, counts sleep, and that no one sets.
    package var now: @Sendable () -> Duration
    package var wall: @Sendable () -> WallTime
    /// Returns at `now() >= time`; throws when the task is cancelled.
    package var sleep: @Sendable (_ until: Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> WallTime,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.wall = wall
        self.sleep = sleep
    }

    /// The machine's own clocks.
    package static let system: Timekeeper = {
        let start = ContinuousClock.now
        return Timekeeper(
            now: { ContinuousClock.now - start },
            wall: { WallTime.now },
            sleep: { try await Task.sleep(until: start + $0, tolerance: .milliseconds(1), clock: .continuous) })
    }()
}
