import Logging
import NightjarCore
import NightjarDaemon
import NightjarTestSupport
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(1))) struct WatchdogTests {
    private let folder: TemporaryFolder
    private let listener: Listener
    private let manager: ServiceManager
    private let clock = ManualClock()
    private let log = RecordedLog()

    init() throws {
        folder = try TemporaryFolder()
        listener = try Listener(folder.path("notify"))
        manager = ServiceManager(environment: ["NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "8000000"])
    }

    private func watchdog(_ health: @escaping @Sendable () async -> Health) -> Watchdog {
        Watchdog(manager: manager, time: clock.timekeeper, logger: log.logger, health: health)
    }

    /// Waits until the next check is slept for.
    private func sleeper(until time: Duration) async {
        // Other sleepers may be on their way out still.
        while await clock.nextSleeper() != time { await Task.yield() }
    }

    @Test func systemdHearsOfLifeEveryHalfIntervalWhileAllIsWell() async {
        let watchdog = watchdog { .well }
        let task = Task { try await watchdog.run() }
        for tick in 1...3 {
            await sleeper(until: .seconds(4 * tick))
            #expect(listener.received() == ["WATCHDOG=1"])
            clock.advance(to: .seconds(4 * tick))
        }
        task.cancel()
        _ = await task.result
        #expect(log.lines.isEmpty)
    }

    @Test func anIllServiceIsSilentAndSaysWhyOnce() async {
        let health = Locked(Health.ill("no pump has moved for 10 min"))
        manager.status("1 batch")
        let watchdog = watchdog { health.value }
        let task = Task { try await watchdog.run() }
        await sleeper(until: .seconds(4))
        clock.advance(to: .seconds(4))
        await sleeper(until: .seconds(8))
        #expect(listener.received() == ["STATUS=1 batch", "STATUS=ill: no pump has moved for 10 min"])
        #expect(
            log.lines == [
                "error the service is ill; systemd starts it again unless that passes "
                    + "reason=no pump has moved for 10 min"
            ])

        health.withLock { $0 = .well }
        clock.advance(to: .seconds(8))
        await sleeper(until: .seconds(12))
        #expect(listener.received() == ["WATCHDOG=1", "STATUS=1 batch"])
        #expect(log.lines.last == "notice the service is well again")
        task.cancel()
        _ = await task.result
    }

    @Test func aCheckThatHangsIsIll() async {
        let (never, continuation) = AsyncStream.makeStream(of: Never.self)
        let watchdog = watchdog {
            // Deaf to cancellation, as what hangs is.
            await Task { for await _ in never {} }.value
            return .well
        }
        let task = Task { try await watchdog.run() }
        await sleeper(until: .seconds(2))
        clock.advance(to: .seconds(2))
        await sleeper(until: .seconds(4))
        #expect(listener.received() == ["STATUS=ill: its health check does not answer"])
        #expect(log.lines.count == 1)
        task.cancel()
        _ = await task.result
        continuation.finish()
    }

    @Test func itEndsWithTheServiceAlsoWhereNobodyWatches() async throws {
        for environment in [["NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "8000000"], [:]] {
            let (asked, continuation) = AsyncStream.makeStream(of: Void.self)
            let watchdog = Watchdog(
                manager: ServiceManager(environment: environment), time: clock.timekeeper, logger: log.logger
            ) {
                continuation.yield()
                return .well
            }
            let group = ServiceGroup(services: [watchdog], logger: log.logger)
            let task = Task { try await group.run() }
            if !environment.isEmpty { _ = await asked.first { true } }
            await group.triggerGracefulShutdown()
            try await task.value
        }
    }
}
