package import Logging
package import NightjarCore
internal import ServiceLifecycle

/// Whether the service does its work.
package enum Health: Equatable, Sendable {
    case well
    /// In words, without a full stop.
    case ill(String)
}

/// Tells systemd every half interval that the service is alive, as long as it is well; otherwise systemd ends it and
/// starts it again, and it recovers as from any sudden end.
///
/// To be listed before what it watches: services stop in reverse, and a drain is watched to its end.
package struct Watchdog: ServiceLifecycle.Service {
    private let manager: ServiceManager
    private let time: Timekeeper
    private let logger: Logger
    private let health: @Sendable () async -> Health

    /// - Parameter health: Asked for each sign of life; no answer in a quarter of the interval counts as ill.
    package init(
        manager: ServiceManager, time: Timekeeper, logger: Logger, health: @escaping @Sendable () async -> Health
    ) {
        self.manager = manager
        self.time = time
        self.logger = logger
        self.health = health
    }

    package func run() async throws {
        guard let interval = manager.watchdogInterval else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown { await watch(interval) }
    }

    private func watch(_ interval: Duration) async {
        var wasWell = true
        while !Task.isCancelled {
            let begun = time.now()
            let answer = await time.answer(within: interval / 4, from: health)
            if Task.isCancelled { return }
            switch answer ?? .ill("its health check does not answer") {
            case .well:
                manager.watchdog()
                if !wasWell {
                    manager.trouble(nil)
                    logger.notice("the service is well again")
                }
                wasWell = true
            case .ill(let reason):
                manager.trouble(reason)
                if wasWell {
                    logger.error(
                        "the service is ill; systemd starts it again unless that passes",
                        metadata: ["reason": "\(reason)"])
                }
                wasWell = false
            }
            try? await time.sleep(begun + interval / 2)
        }
    }
}
