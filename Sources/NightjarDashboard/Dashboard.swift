import Glibc
import Hummingbird
package import Logging
import NIOCore
package import NightjarCore
import ServiceLifecycle
import Synchronization

/// The local web page: how far the batches are, why they wait and what to do now, and `/healthz` for a monitor.
///
/// It asks nobody who they are, and changes nothing.
package struct Dashboard: ServiceLifecycle.Service {
    private let settings: DashboardSettings
    private let logger: Logger
    private let time: Timekeeper
    private let responder: PageResponder
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// A browser asks for one page and keeps its connection for a while.
    private static let idle: TimeAmount = .seconds(15)
    private static let mostConnections = 64
    /// After the end was asked for: a page is made in far less.
    private static let farewell: Duration = .seconds(2)

    /// - Parameters:
    ///   - health: Whether the service does its work, and what is wrong otherwise, in words.
    ///   - onListening: Called once, with the port.
    package init(
        _ settings: DashboardSettings, time: Timekeeper, logger: Logger,
        summaries: @escaping @Sendable () async throws -> [BatchSummary],
        snapshot: @escaping @Sendable () async -> RunSnapshot?,
        health: @escaping @Sendable () async -> (isWell: Bool, words: String),
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.settings = settings
        self.logger = logger
        self.time = time
        self.onListening = onListening
        responder = PageResponder(
            hosts: ServedHosts(configured: settings.host), summaries: summaries, snapshot: snapshot, health: health,
            time: time, logger: logger)
    }

    /// Serves until a graceful shutdown or until the task is cancelled. To be called once.
    /// - Throws: `DashboardError.cannotListen`.
    package func run() async throws {
        let isListening = Atomic<Bool>(false)
        do {
            try await serve { isListening.store(true, ordering: .relaxed) }
        } catch  where !isListening.load(ordering: .relaxed) && !(error is CancellationError) {
            throw DashboardError.cannotListen(host: settings.host, port: settings.port, reason: Self.reason(error))
        }
    }

    private func serve(_ listening: @escaping @Sendable () -> Void) async throws {
        // Hummingbird reports every connection that breaks; what matters to people is logged here.
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    idleTimeout: Self.idle,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                availableConnectionsDelegate: .maximum(Self.mostConnections, logger: quiet)),
            onServerRunning: { channel in
                listening()
                let port = channel.localAddress?.port ?? settings.port
                logger.info("the web page is there", metadata: ["host": "\(settings.host)", "port": "\(port)"])
                await onListening(port)
            }, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask {
                try await gracefulShutdown()
                try await time.sleep(time.now() + Self.farewell)
            }
            defer { group.cancelAll() }
            // A connection that does not end does not keep the service from ending.
            try await group.next()
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return String(describing: error) }
        return String(cString: strerror(error.errnoCode)).lowercased()
    }
}
