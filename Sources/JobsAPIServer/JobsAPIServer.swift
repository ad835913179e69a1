import Glibc
import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A server of the Jobs API: the same calls, replies and errors, over a durable queue and a pool of workers.
///
/// Once it answers a submission, the job is on disk. A server that was killed goes on where it was. A graceful shutdown
/// stops accepting, finishes the requests that are being answered, and leaves the queue as it is.
package struct JobsAPIServer: ServiceLifecycle.Service {
    private let settings: ServerSettings
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let folder: StateFolder
    private let store: QueueStore
    private let workers: Workers
    private let responder: APIResponder

    /// Checks everything that can be checked, reads the keys, and opens the state.
    /// - Parameters:
    ///   - renderer: Makes the pictures.
    ///   - onListening: Called once, when requests are about to be accepted; they wait until it returns.
    package init(
        _ settings: ServerSettings, renderer: any ImageRenderer = BuiltInRenderer(), logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) throws(ServerError) {
        try settings.check()
        guard settings.keyFile != nil || settings.isLoopback else { throw .keyFileNeeded(host: settings.host) }
        let keys = if let file = settings.keyFile { try KeyRing(file: file) } else { KeyRing.open }
        self.settings = settings
        self.logger = logger
        self.onListening = onListening
        folder = try StateFolder(stateFile: settings.stateFile)
        store = try QueueStore(path: settings.stateFile)
        let images = ImageFolder(path: folder.images)
        let wakeup = Wakeup()
        workers = Workers(
            store: store, images: images, renderer: renderer, wakeup: wakeup, count: settings.workers,
            jobTime: settings.jobTime, logger: logger)
        responder = APIResponder(
            keys: keys, limiter: RateLimiter(rate: settings.rate), tally: RequestTally(),
            service: JobsService(store: store, images: images, wakeup: wakeup), rate: settings.rate ?? 0,
            logger: logger)
    }

    /// Serves until a graceful shutdown or until the task is cancelled. To be called once.
    /// - Throws: `ServerError.cannotListen`.
    package func run() async throws {
        let isListening = Atomic<Bool>(false)
        let result = await serve { isListening.store(true, ordering: .relaxed) }
        defer { folder.release() }
        try store.close()
        do {
            try result.get()
        } catch  where !isListening.load(ordering: .relaxed) && !(error is CancellationError) {
            throw ServerError.cannotListen(host: settings.host, port: settings.port, reason: Self.reason(error))
        }
    }

    private func serve(_ listening: @escaping @Sendable () -> Void) async -> Result<Void, any Error> {
        // Hummingbird reports every connection that breaks; what matters to people is logged here.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        let application = Application(
            responder: responder,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), backlog: 1024),
            onServerRunning: { channel in
                listening()
                let port = channel.localAddress?.port ?? settings.port
                logger.info("listening", metadata: ["host": "\(settings.host)", "port": "\(port)"])
                await onListening(port)
            }, logger: quiet)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await workers.run() }
            defer { group.cancelAll() }
            do {
                return .success(try await application.run())
            } catch {
                return .failure(error)
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return String(describing: error) }
        return String(cString: strerror(error.errnoCode)).lowercased()
    }
}
