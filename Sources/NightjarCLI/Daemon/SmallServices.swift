internal import Logging
internal import NightjarDaemon
internal import NightjarDashboard
internal import NightjarFiles
internal import ServiceLifecycle

/// Says that the daemon is up, when all that it lists before this has begun.
struct ReadyNotice: Service {
    let manager: ServiceManager

    func run() async throws {
        manager.ready()
        try? await gracefulShutdown()
    }
}

/// Keeps the note beside the state, to the end of the drain.
struct LiveNoteKeeper: Service {
    let note: LiveNoteWriter

    func run() async throws {
        await cancelWhenGracefulShutdown { await note.run() }
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

/// What is wrong, asked anew after some seconds only: each look writes to the state, and anyone on the machine may ask.
actor HealthMemory {
    private let look: @Sendable () async -> String?
    private var last: (at: Duration, words: String?)?

    private static let lifetime: Duration = .seconds(5)

    init(look: @escaping @Sendable () async -> String?) {
        self.look = look
    }

    /// - Returns: `nil`: nothing.
    func words(now: Duration) async -> String? {
        if let last, now - last.at < Self.lifetime { return last.words }
        let words = await look()
        last = (now, words)
        return words
    }
}
