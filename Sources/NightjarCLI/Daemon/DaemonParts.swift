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

/// The services of a daemon, and what they tell each other.
final class DaemonParts: Sendable {
    let locks: OutputLocks
    private let store: SQLiteStore
    private let statePath: String
    private let manager: ServiceManager
    private let logger: Logger
    private let time: Timekeeper
    private let current: @Sendable () -> DaemonConfiguration
    private let supervisor: RunnerSupervisor
    private let inboxes: InboxGroup
    private let ends: BatchEnds
    private let notifier: Notifier
    private let notices: Notices
    private let health: HealthMemory
    private let isDraining: DrainMark
    private let startedAt = WallTime.now
    /// Names of the batches that ran when it was last looked.
    private let running = NameList()

    private final class NameList: Sendable {
        private let names = Mutex<[String]>([])
        func withLock<Value: Sendable>(_ body: (inout sending [String]) -> sending Value) -> Value {
            names.withLock(body)
        }
    }

    /// Set when the end has begun.
    private final class DrainMark: Sendable {
        private let mark = Atomic(false)
        var isSet: Bool { mark.load(ordering: .relaxed) }
        func set() { mark.store(true, ordering: .relaxed) }
    }

    init(
        store: SQLiteStore, client: JobsAPIClient, locks: OutputLocks, manager: ServiceManager, logger: Logger,
        time: Timekeeper, environment: [String: String], configuration: DaemonConfiguration,
        current: @escaping @Sendable () -> DaemonConfiguration
    ) {
        let isDraining = DrainMark()
        let tree = OutputFolders(path: configuration.run.output, maxImageBytes: configuration.run.maxImageBytes)
        let ends = BatchEnds(store: store, logger: logger) { batch in
            try await Composition.writeMetadata(
                store, batches: [batch], output: current().run.output, ownership: { current().ownership(of: $0) }
            ) { logger.warning("\($0)") }
        }
        let supervisor = RunnerSupervisor(
            settings: configuration.runSettings, store: store, time: time, logger: logger,
            make: { settings, asked, told, bell, ended in
                // Of what has ended nothing is written, and its disk may be gone.
                let open = Set(asked)
                for batch in try await store.batches() where open.contains(batch.id) {
                    current().assign(batch.settings, in: tree)
                }
                return try await Runner(
                    settings: settings, asked: asked, told: told, store: store, service: client, tree: tree,
                    observer: LogObserver(logger: logger), time: time, bell: bell, ended: ended)
            },
            makeBell: { Composition.bell(of: configuration.run.state).rings() },
            checkWritable: {
                try await store.checkWritable(now: time.wall())
                try locks.check()
                let open = try await store.batches().filter {
                    $0.count(.pending, .waiting, .submitting, .submitted, .ready, .unknown) > 0
                }
                try tree.checkWritable(batches: open.map(\.settings.name))
                guard try tree.freeBytes() < current().run.run.minFree else { return }
                throw OutputFailure.unwritable("too little room is left in the output folder")
            },
            ended: { ends.ended($0) }, draining: { isDraining.set() })
        let host = IntakeHost(
            store: store, changed: { current().run.changed }, time: time,
            check: { _, settings, file throws(DropRefusal) in
                let isKnown = (try? await store.knownBatch(named: settings.name)) != nil
                try current().check(settings, isKnown: isKnown, file: file)
                current().assign(settings, in: tree)
            },
            runners: supervisor,
            end: { batch in try await store.batch(batch).flatMap { supervisor.end(of: $0) } })
        let notices = Notices(
            store: store, time: time, advice: CommandAdvice(config: configuration.path), logger: logger
        ) {
            try await host.result(of: [$0])
        }
        let notifier = Notifier(
            configuration.notifications, environment: environment, time: time, logger: logger,
            digest: { await notices.digest() })
        self.notices = notices
        health = HealthMemory { await supervisor.illness() ?? supervisor.standstill?.words }
        self.notifier = notifier
        inboxes = InboxGroup(configuration.inboxes) { settings in
            Inbox(
                settings, timing: current().inboxTiming, store: store, host: host, logger: logger, time: time)
        }
        self.store = store
        self.statePath = configuration.run.state
        self.locks = locks
        self.manager = manager
        self.logger = logger
        self.time = time
        self.current = current
        self.supervisor = supervisor
        self.ends = ends
        self.isDraining = isDraining
        ends.connect { [inboxes] end, batch in
            inboxes.ended(end, of: batch.settings.origin?.inbox)
            await notices.finished(batch, reason: end.reason, to: notifier)
        }
    }

    /// In the order in which they start; they stop in reverse, so that what watches and tells goes on until the drain is
    /// over.
    func services(http: DashboardSettings?, reloader: Reloader) -> [any Service] {
        var services: [any Service] = [
            LiveNoteKeeper(
                note: LiveNoteWriter(state: Composition.realPath(statePath)) { self.snapshot }),
            Watchdog(manager: manager, time: time, logger: logger) { [supervisor] in
                await supervisor.illness().map { .ill($0) } ?? .well
            },
            DaemonPulse(
                manager: manager, supervisor: supervisor, time: time, isDraining: { [isDraining] in isDraining.isSet },
                notice: { [notices, notifier, running] progress, waits, standstill in
                    if standstill == nil { running.withLock { $0 = progress.map(\.batch) } }
                    await notices.notice(progress, waits, standstill, to: notifier)
                }),
            notifier,
        ]
        if let http { services.append(WebPage(page(http), logger: logger)) }
        return services + [ends, supervisor, inboxes, ReadyNotice(manager: manager), reloader]
    }

    private func page(_ settings: DashboardSettings) -> Dashboard {
        Dashboard(
            settings, time: time, logger: logger, summaries: { [store] in try await store.batches() },
            snapshot: { self.snapshot },
            health: { [health] in
                await health.words(now: self.time.now()).map { (false, $0) } ?? (true, "ok")
            })
    }

    private var snapshot: RunSnapshot {
        var view = supervisor.view
        // While no runner runs, all that was running waits for the same.
        if let standstill = supervisor.standstill {
            view.waits = running.withLock { names in
                Dictionary(names.map { ($0, standstill) }) { first, _ in first }
            }
        }
        return RunSnapshot(
            command: .daemon, pid: getpid(), startedAt: startedAt, writtenAt: time.wall(),
            concurrency: view.concurrency,
            rate: view.rate, unfinished: view.unfinished, waits: view.waits)
    }

    /// Puts another configuration in place.
    func apply(_ configuration: DaemonConfiguration) async throws {
        try await supervisor.apply(configuration.runSettings)
        inboxes.watch(configuration.inboxes)
        notifier.replace(configuration.notifications)
    }

    /// After all services: what ended at the very end has its result, and its metadata.
    func finish() async {
        await inboxes.finish()
    }
}
