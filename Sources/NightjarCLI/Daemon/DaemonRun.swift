internal import Glibc
internal import JobsAPIClient
internal import Logging
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarDashboard
internal import NightjarFiles
internal import NightjarManifest
internal import NightjarRunner
internal import NightjarStore
internal import ServiceLifecycle
internal import Synchronization

/// Puts the daemon together: one state, one runner, any number of inboxes, and who tells of it.
final class DaemonRun: Sendable {
    private let configuration: Mutex<DaemonConfiguration>
    private let read: @Sendable () throws(Refusal) -> DaemonConfiguration
    private let environment: [String: String]
    private let manager: ServiceManager
    private let level: LogLevel
    private let logger: Logger
    private let time: Timekeeper

    /// - Parameter read: Reads the configuration again.
    init(
        _ configuration: DaemonConfiguration, environment: [String: String],
        read: @escaping @Sendable () throws(Refusal) -> DaemonConfiguration
    ) {
        self.configuration = Mutex(configuration)
        self.read = read
        self.environment = environment
        manager = ServiceManager(environment: environment)
        let level = LogLevel(configuration.logLevel)
        self.level = level
        let handler = LineLogHandler(
            format: configuration.logFormat, hasPriorities: JournalStream.isConnected(environment), level: level
        ) { line in
            var writer = DescriptorWriter(STDERR_FILENO)
            writer.write(line + "\n")
        }
        logger = Logger(label: "nightjar") { _ in handler }
        time = .system(bootID: Composition.bootID())
    }

    private var current: DaemonConfiguration { configuration.withLock { $0 } }

    /// Runs until a signal ends it.
    /// - Throws: `Refusal` where it cannot begin, or cannot go on.
    func run() async throws {
        let start = current
        let (lock, store) = try Composition.openState(start.run.state)
        defer {
            try? store.close()
            lock.release()
        }
        try await Composition.checkBinding(of: store, to: start.run.baseURL, start.run)
        try store.bind(toAPI: start.run.baseURL)
        let locks = OutputLocks()
        defer { locks.release() }
        for output in [start.run.output] + start.inboxes.map(\.output) { try locks.take(output) }
        let client = try Composition.client(
            start.run, key: start.key, baseURL: start.run.baseURL,
            connections: min(start.run.run.concurrency + start.run.run.downloads + 2, 128), environment: environment,
            readKey: { [read] in try? read().key })
        let parts = DaemonParts(
            store: store, client: client, locks: locks, manager: manager, logger: logger, time: time,
            environment: environment, configuration: start, current: { self.current })
        let result = await Result { () async throws in try await serve(parts, start) }
        manager.stopping()
        await client.shutdown()
        try result.get()
    }

    private func serve(_ parts: DaemonParts, _ start: DaemonConfiguration) async throws {
        let signals = StopSignals(onSecond: {})
        let listening = Task { await signals.listen() }
        defer { listening.cancel() }
        // Its own words are about the code.
        var quiet = logger
        quiet.logLevel = .warning
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                // They stop in reverse.
                services: parts.services(
                    http: start.http,
                    reloader: Reloader(manager: manager, logger: logger) { try await self.reload(parts) }
                ).map { .init(service: $0, successTerminationBehavior: .ignore) },
                logger: quiet))
        signals.connect { _ in
            self.manager.stopping()
            Task { await group.triggerGracefulShutdown() }
        }
        logger.notice(
            "the daemon has started",
            metadata: [
                "state": "\(start.run.state)", "inboxes": "\(start.inboxes.map(\.path).joined(separator: ", "))",
                "pid": "\(getpid())",
            ])
        do {
            try await group.run()
        } catch let failure as RunnerSupervisor.Failure {
            throw Refusal(failure.exit, failure.words)
        }
        await parts.finish()
        logger.notice("the daemon has ended")
    }

    /// Puts the configuration in place as it is now.
    private func reload(_ parts: DaemonParts) async throws {
        let (old, new) = (current, try read())
        let needRestart = new.changesNeedingRestart(from: old)
        if !needRestart.isEmpty {
            logger.warning(
                "some of what has changed takes effect with the next start only",
                metadata: ["settings": "\(needRestart.joined(separator: ", "))"])
        }
        for inbox in new.inboxes { try parts.locks.take(inbox.output) }
        level.value = new.logLevel
        configuration.withLock { $0 = new }
        try await parts.apply(new)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
