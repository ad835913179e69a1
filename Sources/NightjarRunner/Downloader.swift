internal import NightjarCore
internal import Synchronization

/// Fetches finished images and puts them into the output tree.
final class Downloader: Sendable {
    struct Item: Sendable {
        var job: RunningJob
        var attempt = 0
        /// An earlier process may have got as far as naming the file.
        var wasInterrupted = false
        var isFirst = true
        var vanishing = Vanishing()
        /// Questions for its address in a row while the API answered nothing at all.
        var timesUnanswered = 0
    }

    let state: RunState
    let store: any JobStore
    let service: any ImageService
    let tree: any OutputTree
    let requests: RequestPath
    private let reconciliation: ReconciliationPump
    let jitter: @Sendable () -> Double
    let queue = Mutex(Queue())
    let changed = Signal()

    /// Some four minutes: an image is paid for, and a host may be away for a while.
    static let retry = RetryPolicy(attempts: 10, base: .seconds(1), cap: .seconds(60))
    /// What is there, but is no image, will hardly become one.
    static let contentRetry = RetryPolicy(attempts: 4, base: .seconds(1), cap: .seconds(30))

    init(
        state: RunState, store: any JobStore, service: any ImageService, tree: any OutputTree, requests: RequestPath,
        reconciliation: ReconciliationPump, jitter: @escaping @Sendable () -> Double
    ) {
        self.reconciliation = reconciliation
        self.state = state
        self.store = store
        self.service = service
        self.tree = tree
        self.requests = requests
        self.jitter = jitter
    }

    /// - Parameter wasInterrupted: The job was already `ready` when this process began.
    func fetch(_ job: RunningJob, wasInterrupted: Bool = false) {
        if wasInterrupted { state.firstDownloads(1) }
        queue.withLock { $0.add(Item(job: job, wasInterrupted: wasInterrupted)) }
        changed.notify()
    }

    /// Ends the waiting, since the run may be over.
    func wake() {
        changed.notify()
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            while !state.isOver, state.allowsDownloads, !Task.isCancelled {
                let mark = changed.mark
                guard let work = next() else {
                    await changed.wait(since: mark, until: nextWake, on: state.time)
                    continue
                }
                group.addTask {
                    await self.state.guarding {
                        switch work {
                        case .file(let item):
                            try await self.state.health.step(.downloader) { try await self.process(item) }
                        case .duplicate(let duplicate):
                            try await self.state.health.step(.downloader) { try await self.process(duplicate) }
                        }
                    }
                    if case .file(let item) = work, item.wasInterrupted, item.isFirst { self.state.firstDownloads(-1) }
                    self.queue.withLock { $0.ended(work) }
                    self.changed.notify()
                }
            }
        }
    }

    /// The next file to fetch, if another may be under way.
    private func next() -> Work? {
        let now = state.time.now()
        return queue.withLock { $0.inFlight < state.settings.downloads ? $0.begin(at: now) : nil }
    }

    private var nextWake: Duration {
        let now = state.time.now()
        let next = queue.withLock { $0.inFlight < state.settings.downloads ? $0.nextDue : nil }
        return min(next ?? .seconds(Int64.max / 4), now + .seconds(1))
    }

    // MARK: One file

    private func process(_ item: Item) async throws {
        guard case .ready(_, let result, _) = item.job.lifecycle.state,
            var description = try await store.outputJob(item.job.id)
        else { return }
        description.mayBeInPlace = item.wasInterrupted
        state.counted(RequestCounts(download: 1), for: item.job.batch)
        let output = tree.begin(description)
        do {
            try await service.download(result.url) { piece in try output.write(piece) }
            let delivery = try await output.finish(result)
            try await delivered(delivery, item)
        } catch let failure as DownloadFailure {
            output.abandon()
            try await handle(failure, item)
        } catch let failure as OutputFailure {
            output.abandon()
            try await handle(failure, item)
        } catch {
            output.abandon()
            throw error
        }
    }

    private func delivered(_ delivery: Delivery, _ item: Item) async throws {
        var job = item.job
        switch delivery {
        case .image(let file): job.lifecycle.delivered(file)
        case .blank(let file): job.lifecycle.deliveredBlank(file)
        }
        guard try await record(job) else { return }
        Failpoint.delivered.reach()
        switch delivery {
        case .image(let file): state.emit(.done(job.reference, file), batch: job.batch)
        case .blank(let file): state.emit(.filtered(job.reference, file), batch: job.batch)
        }
    }

    private func handle(_ failure: DownloadFailure, _ item: Item) async throws {
        switch failure {
        case .transient(let words): try await tryAgain(item, FailureCause(.download, words), needsAddress: false)
        case .gone(let words): try await tryAgain(item, FailureCause(.download, words), needsAddress: true)
        case .unfetchable(let words): try await giveUp(item, FailureCause(.download, words))
        case .blocked(let words): try await giveUp(item, FailureCause(.blockedURL, words))
        }
    }

    private func handle(_ failure: OutputFailure, _ item: Item) async throws {
        switch failure {
        case .unwritable(let words):
            // Paid for, and it stays `ready`: the next run fetches it.
            state.stop(.cannotWrite(words))
        case .notAnImage(let words):
            try await tryAgain(item, FailureCause(.invalidImage, words), needsAddress: false)
        case .wrongSize(let words): try await giveUp(item, FailureCause(.wrongSize, words))
        }
    }

    private func tryAgain(_ item: Item, _ cause: FailureCause, needsAddress: Bool) async throws {
        var item = item
        item.isFirst = false
        item.attempt += 1
        // From the second failure on, the address itself is in doubt: a restarted server may have moved.
        if needsAddress || item.attempt > 1 {
            switch try await freshAddress(of: item) {
            case .asked(let refreshed):
                item = refreshed
                item.timesUnanswered = 0
            case .unanswered:
                // The network is what fails. That is no fault of this result, which is paid for.
                item.attempt -= 1
                item.timesUnanswered += 1
            case .notAsked: return state.leaveForLater()
            case .ended: return
            }
        }
        let retry = cause.kind == .invalidImage ? Self.contentRetry : Self.retry
        guard var pause = retry.delay(afterAttempt: max(item.attempt, 1), jitter: jitter()) else {
            return try await giveUp(item, cause)
        }
        if item.timesUnanswered > 0 {
            let tries = min(item.attempt + item.timesUnanswered, Self.retry.attempts - 1)
            pause = Self.retry.delay(afterAttempt: tries, jitter: jitter()) ?? pause
        }
        let at = state.time.now() + pause
        queue.withLock { [item] in $0.add(item, at: at) }
        changed.notify()
    }

    func giveUp(_ item: Item, _ cause: FailureCause) async throws {
        var job = item.job
        job.lifecycle.gaveUp(cause)
        guard try await record(job) else { return }
        state.emit(.failed(job.reference, cause), batch: job.batch)
    }

    func record(_ job: RunningJob) async throws -> Bool {
        let to = job.lifecycle.state
        let outcome = try await store.record(
            JobChange(job: job.id, batch: job.batch, from: .ready, to: to, at: state.time.wall()))
        guard outcome == .recorded else { return false }
        state.moved(job.batch, from: .ready, to: to.name)
        if to.name != .ready { reconciliation.moved(job.id, to: to.name) }
        return true
    }
}
