internal import NightjarDaemon
internal import NightjarRunner
internal import ServiceLifecycle
internal import Synchronization

/// The inboxes that are watched now; a configuration that is read anew may bring others.
final class InboxGroup: Service {
    private struct Watched {
        let settings: InboxSettings
        let inbox: Inbox
    }

    private let make: @Sendable (InboxSettings) -> Inbox
    private let wanted: Mutex<[InboxSettings]>
    private let watched = Mutex<[Watched]>([])
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    init(_ settings: [InboxSettings], make: @escaping @Sendable (InboxSettings) -> Inbox) {
        self.make = make
        wanted = Mutex(settings)
        (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        change.yield()
    }

    /// Those that are not named any more are left alone from now on, with what runs of them going on.
    func watch(_ settings: [InboxSettings]) {
        wanted.withLock { $0 = settings }
        change.yield()
    }

    /// A batch has ended: the inbox that it came from puts its result in place.
    func ended(_ end: BatchEnd, of inbox: String?) {
        for item in watched.withLock({ $0 }) where item.settings.path == inbox { item.inbox.ended(end.batch) }
    }

    /// Puts the results of what has ended since in place.
    func finish() async {
        for item in watched.withLock({ $0 }) { await item.inbox.finish() }
    }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            var running: [String: (settings: InboxSettings, task: Task<Void, Never>)] = [:]
            for await _ in changes.cancelOnGracefulShutdown() {
                let wanted = wanted.withLock { $0 }
                for (path, item) in running where !wanted.contains(item.settings) {
                    item.task.cancel()
                    // No two look after one folder.
                    await item.task.value
                    running[path] = nil
                    watched.withLock { $0.removeAll { $0.settings.path == path } }
                }
                for settings in wanted where running[settings.path] == nil {
                    let inbox = make(settings)
                    // It hears of a graceful shutdown by itself.
                    let task = Task { await inbox.run() }
                    running[settings.path] = (settings, task)
                    watched.withLock { $0.append(Watched(settings: settings, inbox: inbox)) }
                    group.addTask {
                        await withTaskCancellationHandler {
                            await task.value
                        } onCancel: {
                            task.cancel()
                        }
                    }
                }
            }
        }
    }
}
