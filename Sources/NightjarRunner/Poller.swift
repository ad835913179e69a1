internal import NightjarCore
internal import Synchronization

/// Looks after the jobs at the API until they are at their end there.
///
/// One list covers many jobs that were still running at their last look; a job that should be done, or that the list
/// does not show, is asked for by itself.
final class Poller: Sendable {
    private struct Entry: Sendable {
        var job: RunningJob
        var looks = 0
        /// On the clock of `Timekeeper.now`.
        var nextLook: Duration
        var submitted: Duration
        var isOut = false
        /// Submitted by this run, and known since.
        var isOurs: Bool
        /// This run has counted its money.
        var isCommitted: Bool
        var vanishing = Vanishing()
        /// Looks in a row that were not answered.
        var timesUnanswered = 0
        var hasSaid = false
    }

    private struct Watch {
        var entries: [JobID: Entry] = [:]
        var cadence = PollCadence()
    }

    private let state: RunState
    private let store: any JobStore
    private let service: any ImageService
    private let requests: RequestPath
    private let downloader: Downloader
    private let reconciliation: ReconciliationPump
    private let jitter: @Sendable () -> Double
    private let watch = Mutex(Watch())
    private let changed = Signal()

    /// So many jobs that are due and were running at their last look are worth a list.
    private static let worthAList = 4
    /// A job past its time, of which the API says nothing, is asked for so often before it is given up.
    private static let timesUnanswered = 8

    init(
        state: RunState, store: any JobStore, service: any ImageService, requests: RequestPath,
        downloader: Downloader, reconciliation: ReconciliationPump, jitter: @escaping @Sendable () -> Double
    ) {
        self.reconciliation = reconciliation
        self.state = state
        self.store = store
        self.service = service
        self.requests = requests
        self.downloader = downloader
        self.jitter = jitter
    }

    /// Takes a job over. Its slot is already occupied.
    /// - Parameters:
    ///   - isOurs: This run has submitted it just now.
    ///   - isCommitted: This run has counted its money.
    func follow(_ job: RunningJob, isOurs: Bool, isCommitted: Bool? = nil) {
        let now = state.time.now()
        let age = max(state.time.wall() - job.submittedAt, .zero)
        watch.withLock { watch in
            let look = watch.cadence.nextLook(model: job.model, looks: 0, age: age)
            // A job found at the start may be done long since.
            let wait = age > .seconds(1) ? .zero : look - age
            watch.entries[job.id] = Entry(
                job: job, nextLook: now + wait, submitted: now - age, isOurs: isOurs,
                isCommitted: isCommitted ?? isOurs)
        }
        changed.notify()
    }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            while !state.isOver, state.allowsRequests, !Task.isCancelled {
                let mark = changed.mark
                let due = takeDue()
                if due.isEmpty {
                    await changed.wait(since: mark, until: nextWake, on: state.time)
                    continue
                }
                for jobs in dividedByRate(due) {
                    group.addTask { await self.state.guarding { try await self.lookAfter(jobs) } }
                }
            }
        }
    }

    /// A batch that has a rate of its own waits for it alone.
    private func dividedByRate(_ due: [RunningJob]) -> [[RunningJob]] {
        Array(Dictionary(grouping: due) { requests.budget.isLimited($0.batch) ? $0.batch : nil }.values)
    }

    private func lookAfter(_ jobs: [RunningJob]) async throws {
        let left = try await lookAtList(jobs)
        try await withThrowingDiscardingTaskGroup { group in
            for job in left {
                guard try await requests.permission(for: job.batch) else {
                    putBack(job.id)
                    continue
                }
                group.addTask {
                    await self.state.guarding {
                        try await self.state.health.step(.poller) { try await self.look(at: job) }
                    }
                }
            }
        }
    }

    /// Ends the waiting, since the run may be over.
    func wake() {
        changed.notify()
    }

    // MARK: Choosing

    private func takeDue() -> [RunningJob] {
        let now = state.time.now()
        return watch.withLock { watch in
            let due = watch.entries.values.filter { !$0.isOut && $0.nextLook <= now }.sorted {
                $0.nextLook < $1.nextLook
            }
            for entry in due { watch.entries[entry.job.id]?.isOut = true }
            return due.map(\.job)
        }
    }

    private var nextWake: Duration {
        let next = watch.withLock { $0.entries.values.filter { !$0.isOut }.map(\.nextLook).min() }
        return min(next ?? .seconds(Int64.max / 4), state.time.now() + .seconds(1))
    }

    private func putBack(_ id: JobID) {
        watch.withLock { $0.entries[id]?.isOut = false }
    }

    // MARK: Looking

    /// Reads one list where that saves requests.
    /// - Returns: The jobs that must be asked for by themselves.
    private func lookAtList(_ due: [RunningJob]) async throws -> [RunningJob] {
        let running = watch.withLock { watch in due.filter { (watch.entries[$0.id]?.looks ?? 0) > 0 } }
        guard running.count >= Self.worthAList, let first = running.first else { return due }
        let listed: [JobList.Row]
        switch try await reconciliation.readList(for: first.batch) {
        case .rows(let rows): listed = rows
        // Where a list is not to be had, each job is asked for by itself.
        case .failed: return due
        case .notAllowed:
            for job in due { putBack(job.id) }
            return []
        }
        let statuses = Dictionary(listed.map { ($0.id, $0.status) }) { first, _ in first }
        var left: [RunningJob] = []
        for job in due {
            let status = job.remoteID.flatMap { statuses[$0] }
            // A list may be stale: what would end a job is asked for by itself.
            let isRunning = status == .queued || status == .processing
            if isRunning, timeoutPassed(by: job) == nil { lookLater(job) } else { left.append(job) }
        }
        return left
    }

    private func look(at job: RunningJob) async throws {
        guard let id = job.remoteID else { return }
        let reply: RemoteJob
        do {
            reply = try await service.job(id)
        } catch {
            requests.ended(RequestCounts(get: 1), batch: job.batch, failure: error)
            switch error {
            case .notFound: return try await missing(job)
            case .unavailable(let words), .rejected(let words): return try await unanswered(words, job)
            case .throttled, .refused: return lookLater(job)
            }
        }
        requests.ended(RequestCounts(get: 1), batch: job.batch, failure: nil)
        watch.withLock { watch in
            watch.entries[job.id]?.vanishing.seen()
            watch.entries[job.id]?.timesUnanswered = 0
        }
        try await found(reply, job)
    }

    // MARK: What was found

    private func found(_ reply: RemoteJob, _ job: RunningJob) async throws {
        switch reply.status {
        case .queued, .processing: try await stillRunning(job)
        case .unheardOf(let name):
            sayOnce("the API gives the status `\(name)`, which is taken for still running", job)
            try await stillRunning(job)
        case .completed(let result?):
            learn(from: reply, job)
            try await completed(result, job)
        case .completed(nil):
            sayOnce("the API says COMPLETED without an address of the image, and is asked again", job)
            try await stillRunning(job)
        case .failed(let words): try await failed(words, job)
        }
    }

    /// What the reply says of this API's ways: whether it echoes seeds, and how long its models take.
    private func learn(from reply: RemoteJob, _ job: RunningJob) {
        let now = state.time.now()
        let took = watch.withLock { watch in
            watch.entries[job.id].flatMap { $0.isOurs || $0.looks > 0 ? now - $0.submitted : nil }
        }
        reconciliation.learned(from: reply, of: job.request, took: took)
    }

    private func stillRunning(_ job: RunningJob) async throws {
        if let timeout = timeoutPassed(by: job) {
            return try await giveUp(job, FailureCause(.timeout, "not done within \(timeout.spoken)"))
        }
        lookLater(job)
    }

    private func timeoutPassed(by job: RunningJob) -> Duration? {
        let timeout = state.batch(job.batch)?.settings.retry.jobTimeout ?? .seconds(7200)
        // Not by the wall clock, which someone may set while the job runs.
        guard let submitted = watch.withLock({ $0.entries[job.id]?.submitted }) else { return nil }
        return state.time.now() - submitted > timeout ? timeout : nil
    }

    /// The API may be well and this job alone unreadable: it must not hold up the run for ever.
    private func unanswered(_ words: String, _ job: RunningJob) async throws {
        let times = watch.withLock { watch in
            watch.entries[job.id]?.timesUnanswered += 1
            return watch.entries[job.id]?.timesUnanswered ?? 0
        }
        guard times >= Self.timesUnanswered, let timeout = timeoutPassed(by: job) else { return lookLater(job) }
        let message = "not seen to be done within \(timeout.spoken), and the API does not tell (\(words))"
        try await giveUp(job, FailureCause(.timeout, message))
    }

    /// - Parameter pause: The shortest time until the next look.
    private func lookLater(_ job: RunningJob, notBefore pause: Duration = .zero) {
        let now = state.time.now()
        watch.withLock { watch in
            guard var entry = watch.entries[job.id] else { return }
            entry.looks += 1
            entry.isOut = false
            let age = now - entry.submitted
            let look = watch.cadence.nextLook(model: job.model, looks: entry.looks, age: age)
            entry.nextLook = now + max(look - age, pause)
            watch.entries[job.id] = entry
        }
        changed.notify()
    }

    private func missing(_ job: RunningJob) async throws {
        let now = state.time.now()
        let isGone = watch.withLock { $0.entries[job.id]?.vanishing.missed(at: now) ?? false }
        guard isGone else { return lookLater(job, notBefore: Vanishing.pause) }
        if job.isWanted { return try await goneButWanted(job) }
        try await giveUp(job, FailureCause(.vanished, "the API no longer knows the job"))
    }

    /// A person wants it all the same: it is submitted again.
    private func goneButWanted(_ job: RunningJob) async throws {
        var job = job
        job.lifecycle.goneButWanted()
        guard let left = try await record(job, note: "the API no longer knows the job") else { return }
        forget(job)
        state.freeSlot(of: job.batch, model: job.model)
        reconciliation.moved(job.id, to: left)
    }

    private func completed(_ result: RemoteResult, _ job: RunningJob) async throws {
        var job = job
        job.lifecycle.completed(result)
        guard try await record(job) != nil else { return }
        Failpoint.ready.reach()
        reconciliation.moved(job.id, to: .ready)
        let now = state.time.now()
        watch.withLock { watch in
            guard let entry = watch.entries.removeValue(forKey: job.id) else { return }
            // One that an earlier run submitted may have been done for long: its age tells no duration.
            guard entry.isOurs || entry.looks > 0 else { return }
            watch.cadence.done(model: job.model, looks: entry.looks + 1, age: now - entry.submitted)
        }
        state.freeSlot(of: job.batch, model: job.model)
        if let id = job.remoteID { state.emit(.ready(job.reference, id), batch: job.batch) }
        downloader.fetch(job)
    }

    private func failed(_ words: String, _ job: RunningJob) async throws {
        var job = job
        let attempts = state.batch(job.batch)?.settings.retry.attempts ?? 1
        // What the manifest no longer names is not asked for again; since when it does not may be news to us.
        if try await store.runningJob(job.id)?.isRemoved ?? job.isRemoved {
            job.lifecycle.gaveUp(FailureCause(.remoteFailed, words))
        } else {
            job.lifecycle.remoteFailed(
                words, retry: RetryPolicy(attempts: attempts), now: state.time.wall(), jitter: jitter())
        }
        // Before the job counts as waiting, or the run could look over for a moment. What an earlier run has paid for is
        // no money of this one.
        state.refund(job.price, of: job.id, in: job.batch, isCommitted: isCommitted(job))
        guard let left = try await record(job, spent: .zero - job.price, note: words) else { return }
        if case .waiting = job.lifecycle.state { Failpoint.waiting.reach() } else { Failpoint.failed.reach() }
        forget(job)
        state.freeSlot(of: job.batch, model: job.model)
        reconciliation.moved(job.id, to: left)
        guard left != .cancelled else { return }
        let cause = FailureCause(.remoteFailed, words)
        switch job.lifecycle.state {
        case .waiting(let until, _): state.emit(.waiting(job.reference, until: until, cause), batch: job.batch)
        default: state.emit(.failed(job.reference, cause), batch: job.batch)
        }
    }

    private func giveUp(_ job: RunningJob, _ cause: FailureCause) async throws {
        var job = job
        job.lifecycle.gaveUp(cause)
        guard try await record(job) != nil else { return }
        forget(job)
        state.freeSlot(of: job.batch, model: job.model)
        reconciliation.moved(job.id, to: .failed)
        state.emit(.failed(job.reference, cause), batch: job.batch)
    }

    /// - Returns: The state that the job is in now; `nil` where someone else has moved it.
    private func record(_ job: RunningJob, spent: Money = .zero, note: String? = nil) async throws -> JobState? {
        let to = job.lifecycle.state
        let outcome = try await store.record(
            JobChange(
                job: job.id, batch: job.batch, from: .submitted, to: to, at: state.time.wall(), spent: spent, note: note
            ))
        guard outcome == .recorded || outcome == .setAside else {
            forget(job)
            return nil
        }
        let left = outcome == .setAside ? .cancelled : to.name
        let due: WallTime? = if case .waiting(let until, _) = to { until } else { nil }
        state.moved(job.batch, from: .submitted, to: left, spent: spent, due: due)
        return left
    }

    private func forget(_ job: RunningJob) {
        watch.withLock { _ = $0.entries.removeValue(forKey: job.id) }
    }

    private func isCommitted(_ job: RunningJob) -> Bool {
        watch.withLock { $0.entries[job.id]?.isCommitted == true }
    }

    /// What is strange about a job is told once.
    private func sayOnce(_ words: String, _ job: RunningJob) {
        let isFirst = watch.withLock { watch in
            defer { watch.entries[job.id]?.hasSaid = true }
            return watch.entries[job.id]?.hasSaid == false
        }
        guard isFirst else { return }
        state.emit(.gate(reason: words, until: nil), batch: job.batch)
    }
}

extension RunningJob {
    /// The API's id, while the job is there or completed.
    var remoteID: RemoteJobID? {
        switch lifecycle.state {
        case .submitted(let id, _), .ready(let id, _, _): id
        case .pending, .submitting, .unknown, .waiting, .done, .filtered, .failed, .cancelled: nil
        }
    }
}
