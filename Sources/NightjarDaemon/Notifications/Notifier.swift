internal import AsyncHTTPClient
package import Logging
internal import NIOCore
package import NightjarCore
internal import ServiceLifecycle
internal import Synchronization

/// Tells people: runs a command or posts to a webhook for each notification, for each target by itself and in order.
///
/// Whoever has something to tell never waits: it is queued at once, and lost only beyond 1,000 or when the process ends.
/// To be listed before what notifies: services stop in reverse, and what is said at the end still gets its chance.
package final class Notifier: ServiceLifecycle.Service {
    private struct State {
        var queues: [NotificationQueue] = []
        var lastID = 0
    }

    private let state: Mutex<State>
    private let environment: [String: String]
    private let time: Timekeeper
    private let logger: Logger
    private let jitter: @Sendable () -> Double
    private let digest: @Sendable () async -> Notification?
    private let wakeups: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    private static let retries = RetryPolicy(attempts: 5, base: .seconds(2), cap: .seconds(60))
    /// How long all that is queued at the end may take.
    private static let farewell: Duration = .seconds(2)
    /// How often it is looked whether a digest is due; someone may set the clock.
    private static let digestStep: Duration = .seconds(60)

    /// - Parameters:
    ///   - environment: The process's own, for commands; the key is taken out of it.
    ///   - digest: Makes the daily digest when it is due; `nil`: nothing to tell.
    package init(
        _ settings: [NotificationSettings], environment: [String: String], time: Timekeeper, logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        digest: @escaping @Sendable () async -> Notification?
    ) {
        self.environment = environment
        self.time = time
        self.logger = logger
        self.jitter = jitter
        self.digest = digest
        state = Mutex(State())
        (wakeups, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        replace(settings)
    }

    // MARK: Saying something

    /// Queues it for every target that wants to know of such an occasion. Returns at once.
    package func notify(_ notification: Notification) {
        add(notification) { $0.settings.occasions.contains(notification.occasion) }
    }

    /// Queues the notification that `make` makes for every target whose share of failed jobs the batch has reached now.
    /// Cheap where none has: to be called for every count.
    package func failures(batch: String, ended: Int, failed: Int, make: () -> Notification) {
        let reached = state.withLock { state in
            state.queues.indices.filter { index in
                let queue = state.queues[index]
                guard !queue.isRetired, queue.settings.occasions.contains(.failures) else { return false }
                return state.queues[index].failures.isReached(batch: batch, ended: ended, failed: failed)
            }.map { state.queues[$0].id }
        }
        guard !reached.isEmpty else { return }
        add(make()) { reached.contains($0.id) }
    }

    /// The batch is over: when it is taken up again, its failures are told again.
    package func forget(batch: String) {
        state.withLock { state in
            for index in state.queues.indices { state.queues[index].failures.forget(batch: batch) }
        }
    }

    private func add(_ notification: Notification, to isMeant: (NotificationQueue) -> Bool) {
        let full = state.withLock { state in
            var full: [NotificationSettings.Target] = []
            for index in state.queues.indices where !state.queues[index].isRetired && isMeant(state.queues[index]) {
                if state.queues[index].add(notification) { full.append(state.queues[index].settings.target) }
            }
            return full
        }
        for target in full {
            logger.warning(
                "too many notifications wait; the oldest are dropped",
                metadata: ["target": "\(target.name)", "kept": "\(NotificationQueue.most)"])
        }
        waker.yield()
    }

    /// Takes other settings from now on. A target that stays keeps what waits for it; for one that goes, that is still
    /// delivered.
    package func replace(_ settings: [NotificationSettings]) {
        let now = time.wall()
        state.withLock { state in
            var rest = state.queues
            var queues: [NotificationQueue] = []
            for settings in settings {
                if let known = rest.firstIndex(where: { $0.settings.target == settings.target }) {
                    var queue = rest.remove(at: known)
                    queue.change(to: settings, now: now)
                    queues.append(queue)
                } else {
                    state.lastID += 1
                    queues.append(NotificationQueue(id: state.lastID, settings: settings, now: now))
                }
            }
            for var queue in rest where queue.isBusy || !queue.waiting.isEmpty {
                queue.isRetired = true
                queues.append(queue)
            }
            state.queues = queues
        }
        waker.yield()
    }

    // MARK: Delivering

    /// Delivers until a graceful shutdown, and for 2 s more; or until the task is cancelled.
    package func run() async throws {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.deliverAll(by: client) }
            group.addTask {
                try? await gracefulShutdown()
                // So that it is noticed that there is nothing more to wait for.
                self.waker.yield()
                try? await self.time.sleep(self.time.now() + Self.farewell)
            }
            await group.next()
            group.cancelAll()
        }
        try? await client.shutdown()
        let left = state.withLock { $0.queues.reduce(0) { $0 + $1.waiting.count } }
        if left > 0 { logger.warning("notifications were not delivered", metadata: ["count": "\(left)"]) }
    }

    private static var configuration: HTTPClient.Configuration {
        // An address that leads elsewhere is a mistake, and a token is not for others.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(10), write: .seconds(10))
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// One at a time for each target, all targets beside each other.
    private func deliverAll(by client: HTTPClient) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await cancelWhenGracefulShutdown { await self.makeDigests() } }
            for await _ in wakeups {
                for (id, target, notification) in claim() {
                    group.addTask {
                        await self.deliver(notification, to: target, by: client)
                        self.finished(id)
                    }
                }
                if Task.isShuttingDownGracefully, isEmpty { break }
            }
            group.cancelAll()
        }
    }

    private var isEmpty: Bool {
        state.withLock { state in state.queues.allSatisfy { !$0.isBusy && $0.waiting.isEmpty } }
    }

    private func claim() -> [(Int, NotificationSettings.Target, Notification)] {
        state.withLock { state in
            state.queues.indices.compactMap { index in
                guard !state.queues[index].isBusy, let first = state.queues[index].waiting.first else { return nil }
                state.queues[index].isBusy = true
                return (state.queues[index].id, state.queues[index].settings.target, first)
            }
        }
    }

    private func finished(_ id: Int) {
        // Cut off by the end: it was not delivered, and is counted.
        if Task.isCancelled { return }
        state.withLock { state in
            guard let index = state.queues.firstIndex(where: { $0.id == id }) else { return }
            state.queues[index].isBusy = false
            state.queues[index].removeFirst()
            if state.queues[index].isRetired, state.queues[index].waiting.isEmpty { state.queues.remove(at: index) }
        }
        waker.yield()
    }

    private func deliver(
        _ notification: Notification, to target: NotificationSettings.Target, by client: HTTPClient
    ) async {
        var metadata: Logger.Metadata = ["target": "\(target.name)", "event": "\(notification.occasion.rawValue)"]
        for attempt in 1... {
            var wait: Duration?
            let (delivery, output) = await once(notification, to: target, by: client)
            // Nobody is told of what the end cut off; it is counted.
            if Task.isCancelled { return }
            metadata["reason"] = nil
            metadata["output"] = output.isEmpty ? nil : "\(output)"
            switch delivery {
            case .delivered:
                logger.debug("notification delivered", metadata: metadata)
                return
            case .refused(let words):
                metadata["reason"] = "\(words)"
            case .failed(let words, let retryAfter):
                metadata["reason"] = "\(words)"
                wait = Self.retries.delay(afterAttempt: attempt, jitter: jitter()).map { max($0, retryAfter ?? .zero) }
            }
            // At the end there is no time for more.
            guard let wait, !Task.isShuttingDownGracefully else {
                logger.warning("a notification could not be delivered", metadata: metadata)
                return
            }
            logger.info("a notification is tried again", metadata: metadata)
            await cancelWhenGracefulShutdown { try? await self.time.sleep(self.time.now() + wait) }
        }
    }

    private func once(
        _ notification: Notification, to target: NotificationSettings.Target, by client: HTTPClient
    ) async -> (Delivery, output: String) {
        switch target {
        case .command(let words):
            let (delivery, output) = await NotificationCommand(words: words).deliver(
                notification, environment: environment, time: time)
            return (delivery, delivery == .delivered ? "" : output)
        case .webhook(let url, let urlFile, let tokenFile, let format):
            let webhook = Webhook(url: url, urlFile: urlFile, tokenFile: tokenFile, format: format)
            return (await webhook.deliver(notification, by: client), "")
        }
    }

    // MARK: Digests

    private func makeDigests() async {
        while !Task.isCancelled {
            let now = time.wall()
            let due = state.withLock { state in
                state.queues.indices.filter { state.queues[$0].takesDigest(at: now) }.map { state.queues[$0].id }
            }
            if !due.isEmpty, let notification = await digest() {
                add(notification) { due.contains($0.id) }
            }
            try? await time.sleep(time.now() + Self.digestStep)
        }
    }
}

extension NotificationSettings.Target {
    /// What it is called in the log: without addresses and arguments, which may be secrets.
    var name: String {
        switch self {
        case .command(let words): NotificationCommand(words: words).name
        case .webhook(let url, let urlFile, let tokenFile, let format):
            Webhook(url: url, urlFile: urlFile, tokenFile: tokenFile, format: format).name
        }
    }
}
