package import Logging
package import NightjarCore
package import NightjarFiles
internal import ServiceLifecycle

/// Watches one folder: takes the manifests that are dropped there, and puts their results beside them.
///
/// What it has begun is in the folder and in the state, never only here, so it may be ended at any moment.
package final class Inbox: Service {
    /// When manifests are taken.
    package struct Timing: Equatable, Sendable {
        /// How long a file that is written in place must have been the same.
        package var settle: Duration
        /// How often the folder is looked at, whatever is heard of it; also, how long a file may be there that cannot be read.
        package var rescan: Duration

        package init(settle: Duration = .seconds(2), rescan: Duration = .seconds(30)) {
            self.settle = settle
            self.rescan = rescan
        }
    }

    /// Watches folders, the first of which is the inbox.
    package typealias Watch = @Sendable ([Folder]) throws(FolderEvents.Failure) -> FolderEvents

    private let settings: InboxSettings
    private let timing: Timing
    private let store: any DropStore
    private let host: any DropHost
    private let logger: Logger
    private let time: Timekeeper
    private let watch: Watch
    private let mailbox = InboxMailbox()
    private let executor: BlockingExecutor

    package init(
        _ settings: InboxSettings, timing: Timing = Timing(), store: any DropStore, host: any DropHost,
        logger: Logger, time: Timekeeper,
        watch: @escaping Watch = { folders throws(FolderEvents.Failure) in try FolderEvents(folders) }
    ) {
        self.settings = settings
        self.timing = timing
        self.store = store
        self.host = host
        var logger = logger
        logger[metadataKey: "inbox"] = "\(settings.path)"
        self.logger = logger
        self.time = time
        self.watch = watch
        executor = BlockingExecutor(label: "nightjar.inbox")
    }

    /// Runs until it is cancelled or shut down. A manifest that is being taken then is taken to its end.
    package func run() async {
        await withTaskExecutorPreference(executor) {
            await withGracefulShutdownHandler {
                await work().run()
            } onGracefulShutdown: {
                self.mailbox.stop()
            }
        }
    }

    /// A batch has ended, or has ended once more after a person had jobs tried again.
    package func ended(_ batch: BatchID) {
        mailbox.put(ended: batch)
    }

    /// Puts in place the results of all that has ended, once more after `run` has returned: what is seen home at the end of
    /// the process has its result then, and not with the next start.
    package func finish() async {
        await withTaskExecutorPreference(executor) { await work().finish() }
    }

    private func work() -> InboxWork {
        InboxWork(
            settings: settings, timing: timing, store: store, host: host, logger: logger, time: time, watch: watch,
            mailbox: mailbox)
    }
}
