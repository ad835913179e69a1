internal import Logging
internal import NightjarDaemon
internal import NightjarDashboard
internal import ServiceLifecycle

/// Says that the daemon is up, when all that it lists before this has begun.
struct ReadyNotice: Service {
    let manager: ServiceManager

    func run() async throws {
        manager.ready()
        try? await gracefulShutdown()
    }
}

/// The web page. That it cannot be served is no reason to leave a night's work undone.
struct WebPage: Service {
    private let page: Dashboard
    private let logger: Logger

    init(_ page: Dashboard, logger: Logger) {
        self.page = page
        self.logger = logger
    }

    func run() async throws {
        do {
            try await page.run()
        } catch let error as DashboardError {
            logger.error("the web page is not served; all else goes on", metadata: ["reason": "\(error)"])
            try? await gracefulShutdown()
        }
    }
}
