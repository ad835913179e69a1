internal import Glibc

/// The two clocks of a run, and how to wait on one of them; tests bring their own.
package struct Timekeeper: Sendable {
    /// Time since the machine started, on a clock that only moves forward, counts sleep, and that no one sets.
    package var now: @Sendable () -> Duration
    package var wall: @Sendable () -> WallTime
    /// Returns at `now() >= time`; throws when the task is cancelled.
    package var sleep: @Sendable (_ until: Duration) async throws -> Void
    /// Which start of the machine `now` counts from.
    package var bootID: String

    package init(
        bootID: String, now: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> WallTime,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.bootID = bootID
        self.now = now
        self.wall = wall
        self.sleep = sleep
    }

    /// The machine's own clocks.
    /// - Parameter bootID: `/proc/sys/kernel/random/boot_id`, or any text that no other start of the machine has.
    package static func system(bootID: String) -> Timekeeper {
        Timekeeper(
            bootID: bootID, now: { sinceStart() }, wall: { WallTime.now },
            sleep: { time in
                let left = time - sinceStart()
                try await Task.sleep(for: left, tolerance: .milliseconds(1), clock: .continuous)
            })
    }

    private static func sinceStart() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Timekeeper {
    /// What `body` returns; `nil` where it has not returned within `limit`, or the task was cancelled.
    ///
    /// Then nobody waits for it any more, since it may never return; it is cancelled.
    package func answer<Value: Sendable>(
        within limit: Duration, from body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (answers, continuation) = AsyncStream.makeStream(of: Value?.self, bufferingPolicy: .bufferingOldest(1))
        let end = now() + limit
        let work = Task { continuation.yield(await body()) }
        let patience = Task { [sleep] in
            try await sleep(end)
            continuation.yield(nil)
        }
        defer {
            work.cancel()
            patience.cancel()
        }
        return await answers.first { _ in true } ?? nil
    }
}
