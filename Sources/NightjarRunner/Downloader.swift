internal import NightjarCore
internal import Synchronization

/// Fetches finished images and puts them into the output tree.
final class Downloader: Sendable {
    private struct Item: Sendable {
        var job: RunningJob
        var attempt = 0
        /// An earlier process may have got as far as naming the file.
        var wasInterrupted = false
    }

    private struct Queue {
        var items: [Item] = []
        var first = 0
        var waiting: [(item: Item, at: Duration)] = []
    }

    private let state: RunState
    private let store: any JobStore
    private let service: any ImageService
    private let tree: any OutputTree
    private let budget: RequestBudget
    private let gate: Gate
    private let jitter: @Sendable () -> Double
    private let queue = Mutex(Queue())
    private let changed = Signal()

    private static let retry = RetryPolicy(attempts: 6, base: .seconds(1), cap: .seconds(30))

    init(
        state: RunState, store: any JobStore, service: any ImageService, tree: any OutputTree, budget: RequestBudget,
        gate: Gate, jitter: @escaping @Sendable () -> Double
    ) {
        self.state = state
        self.store = store
        self.service = service
        self.tree = tree
        self.budget = budget
        self.gate = gate
        self.jitter = jitter
    }

    /// - Parameter wasInterrupted: The job was already `ready` when this process began.
    func fetch(_ job: RunningJob, wasInterrupted: Bool = false) {
        queue.withLock { $0.items.append(Item(job: job, wasInterrupted: wasInterrupted)) }
        changed.notify()
    }

    /// Ends the waiting, since the run may be over.
    func wake() {
        changed.notify()
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var inFlight = 0
            while !state.isOver, state.allowsDownloads, !Task.isCancelled {
                if inFlight == state.settings.downloads {
                    try await group.next()
                    inFlight -= 1
                }
                let mark = changed.mark
                guard let item = next() else {
                    await changed.wait(since: mark, until: nextWake, on: state.time)
                    continue
                }
                group.addTask { try await self.process(item) }
                inFlight += 1
            }
            try await group.waitForAll()
        }
    }

    private func next() -> Item? {
        let now = state.time.now()
        return queue.withLock { queue in
            if let place = queue.waiting.firstIndex(where: { $0.at <= now }) {
                return queue.waiting.remove(at: place).item
            }
            guard queue.first < queue.items.count else { return nil }
            defer {
                queue.first += 1
                if queue.first > 256, queue.first * 2 > queue.items.count {
                    queue.items.removeFirst(queue.first)
                    queue.first = 0
                }
            }
            return queue.items[queue.first]
        }
    }

    private var nextWake: Duration {
        let next = queue.withLock { $0.waiting.map(\.at).min() }
        return min(next ?? .seconds(Int64.max / 4), state.time.now() + .seconds(1))
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
            let file = try await output.finish(result)
            try await delivered(file, item)
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

    private func delivered(_ file: OutputFile, _ item: Item) async throws {
        var job = item.job
        job.lifecycle.delivered(file)
        guard try await record(job) else { return }
        state.emit(.done(job.reference, file), batch: job.batch)
    }

    private func handle(_ failure: DownloadFailure, _ item: Item) async throws {
        switch failure {
        case .transient(let words): try await tryAgain(item, words, .download)
        case .gone(let words):
            guard let refreshed = try await withFreshAddress(item) else { return }
            try await tryAgain(refreshed, words, .download)
        case .tooLarge(let words): try await giveUp(item, FailureCause(.download, words))
        case .blocked(let words): try await giveUp(item, FailureCause(.blockedURL, words))
        }
    }

    private func handle(_ failure: OutputFailure, _ item: Item) async throws {
        switch failure {
        case .unwritable(let words):
            // Paid for, and it stays `ready`: the next run fetches it.
            state.stop(.cannotWrite(words))
        case .notAnImage(let words): try await tryAgain(item, service.redacted(words), .invalidImage)
        case .wrongSize(let words): try await giveUp(item, FailureCause(.wrongSize, words))
        }
    }

    private func tryAgain(_ item: Item, _ words: String, _ kind: FailureCause.Kind) async throws {
        var item = item
        item.attempt += 1
        guard let pause = Self.retry.delay(afterAttempt: item.attempt, jitter: jitter()) else {
            return try await giveUp(item, FailureCause(kind, words))
        }
        // From the second failure on, the address itself is in doubt: a restarted server may have moved.
        if item.attempt > 1, let refreshed = try await withFreshAddress(item) { item = refreshed }
        let at = state.time.now() + pause
        queue.withLock { $0.waiting.append((item, at)) }
        changed.notify()
    }

    /// Asks the job for the address of its result.
    /// - Returns: `nil` when the API no longer knows the job, which has then failed.
    private func withFreshAddress(_ item: Item) async throws -> Item? {
        guard let id = item.job.remoteID else { return item }
        let isOver = { [state] in state.isOver || !state.allowsRequests }
        guard try await gate.pass(taking: budget, for: item.job.batch, isOver: isOver) else { return item }
        defer {
            budget.end(for: item.job.batch)
            state.counted(RequestCounts(get: 1), for: item.job.batch)
        }
        do {
            let remote = try await service.job(id)
            gate.answered()
            guard case .completed(let result?) = remote.status else { return item }
            var refreshed = item
            refreshed.job.lifecycle.refreshed(result)
            return try await record(refreshed.job) ? refreshed : nil
        } catch let failure as RequestFailure {
            if failure == .notFound {
                gate.answered()
                try await giveUp(
                    item, FailureCause(.download, "the result is gone, and the API no longer knows the job"))
                return nil
            }
            // The poller and the submitter meet the same trouble and act on it.
            gate.abstain(1)
            return item
        }
    }

    private func giveUp(_ item: Item, _ cause: FailureCause) async throws {
        var job = item.job
        job.lifecycle.gaveUp(cause)
        guard try await record(job) else { return }
        state.emit(.failed(job.reference, cause), batch: job.batch)
    }

    private func record(_ job: RunningJob) async throws -> Bool {
        let to = job.lifecycle.state
        let outcome = try await store.record(
            JobChange(job: job.id, batch: job.batch, from: .ready, to: to, at: state.time.wall()))
        guard outcome == .recorded else { return false }
        state.moved(job.batch, from: .ready, to: to.name)
        return true
    }
}
