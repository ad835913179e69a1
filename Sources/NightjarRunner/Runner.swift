package import NightjarCore
internal import Synchronization

/// Runs batches that the store has taken in until they are done or something stops them.
///
/// Three pumps share one allowance of requests and one gate; the store is the queue between them, so a start after a
/// crash is only this: recover, and start the pumps.
package final class Runner: Sendable {
    let state: RunState
    let store: any JobStore
    let service: any ImageService
    private let tree: any OutputTree
    let budget: RequestBudget
    let gate: Gate
    private let downloader: Downloader
    let poller: Poller
    private let submitter: Submitter
    let reconciliation: ReconciliationPump
    private let batches: [BatchSummary]
    let bell: AsyncStream<Void>
    let ended: @Sendable (BatchEnd) -> Void
    /// Without what a person has set while it runs.
    let configured: Mutex<RunSettings>
    let lastTick: Mutex<Duration>
    private let isPrepared = Atomic(false)
    private let told: Set<BatchID>
    /// What people say, what comes and what ends, one after the other: counts move as in the store.
    let steering = OneAtATime()

    /// - Parameters:
    ///   - asked: The batches to run; of the others in the store only what is already at the API is brought home.
    ///   - told: Of these, the batches whose ends an earlier process has told.
    ///   - bell: Rings when someone has left a decision or an order in the state.
    ///   - jitter: Random numbers in 0..<1.
    ///   - ended: Told of each batch that comes to its end while others go on (in a daemon only).
    package init(
        settings configured: RunSettings, asked: [BatchID], told: Set<BatchID> = [], store: any JobStore,
        service: any ImageService,
        tree: any OutputTree, observer: any RunObserver, time: Timekeeper,
        bell: AsyncStream<Void> = AsyncStream { $0.finish() },
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        ended: @escaping @Sendable (BatchEnd) -> Void = { _ in }
    ) async throws {
        self.configured = Mutex(configured)
        self.bell = bell
        self.ended = ended
        self.told = told
        lastTick = Mutex(time.now())
        // What was left before is carried out before anything is read: it may be another thing then.
        _ = try await store.carryOutDecisions(now: time.wall())
        _ = try await store.carryOutOrders(now: time.wall())
        let settings = configured.replaced(by: try await store.limitOverrides())
        let mayMatter = Set(asked)
        // A daemon's state may hold the batches of years.
        batches = try await store.batches().filter { batch in
            !settings.isService || mayMatter.contains(batch.id)
                || batch.count(.pending, .waiting, .submitting, .submitted, .ready, .unknown) > 0
        }
        let mayHaveImages = settings.pilot > 0 ? batches.filter { $0.count(.done) > 0 }.map(\.id) : []
        // A daemon runs whatever came from an inbox: what a decision has taken back just now, too.
        let own = settings.isService ? batches.filter { $0.settings.origin != nil }.map(\.id) : []
        let state = RunState(
            settings: settings, batches: batches, asked: Set(asked + own),
            haveImages: try await store.haveImages(mayHaveImages), time: time, observer: observer)
        budget = RequestBudget(rate: settings.rate, batches: [:], store: store, time: time, changed: state.changed)
        for batch in batches { Self.setRates(of: batch, settings, budget) }
        gate = Gate(time: time, jitter: jitter) { closure in
            // An open gate does not end what else is waited for.
            if closure == nil, let standstill = state.saidStandstill {
                return state.say(standstill, of: standstill.batch)
            }
            let until = closure.map { time.wall() + ($0.until - time.now()) }
            state.emit(.gate(reason: closure?.reason, until: until))
        }
        let requests = RequestPath(state: state, service: service, budget: budget, gate: gate)
        reconciliation = ReconciliationPump(
            state: state, store: store, service: service, requests: requests,
            knowledge: try await store.apiKnowledge())
        downloader = Downloader(
            state: state, store: store, service: service, tree: tree, requests: requests,
            reconciliation: reconciliation, jitter: jitter)
        poller = Poller(
            state: state, store: store, service: service, requests: requests, downloader: downloader,
            reconciliation: reconciliation, jitter: jitter)
        submitter = Submitter(
            state: state, store: store, service: service, budget: budget, gate: gate, poller: poller,
            reconciliation: reconciliation)
        reconciliation.connect(
            .init(
                follow: { [poller] in poller.follow($0, isOurs: false, isCommitted: $1) },
                fetchDuplicate: { [downloader] id, job, batch in downloader.fetchDuplicate(id, of: job, in: batch) }))
        self.state = state
        self.store = store
        self.service = service
        self.tree = tree
    }

    /// Stops submitting, sees what runs home as far as the reason allows, and ends.
    package func stop(_ reason: StopReason) {
        state.stop(reason)
        guard reason == .interrupted || reason == .terminated else { return }
        let running = state.progress.reduce(0) { $0 + $1.progress.count(.submitting, .submitted, .ready) }
        let words = "stopping: \(running) jobs are seen home first; a second signal stops at once"
        if running > 0 { state.emit(.gate(reason: words, until: nil)) }
    }

    /// Puts in order what an earlier process left; what the store takes in from then on must be `add`ed.
    /// - Throws: Errors of the state.
    package func prepare() async throws {
        guard !isPrepared.exchange(true, ordering: .relaxed) else { return }
        try await recover()
        state.haveTold(told)
    }

    /// Runs to the end. Errors of the state become part of the outcome.
    package func run() async -> RunOutcome {
        do {
            try await prepare()
            for (id, isAsked, progress) in state.progress where isAsked { state.emit(.started(progress), batch: id) }
            try tree.checkWritable(batches: state.progress.filter(\.isAsked).map(\.progress.batch))
            try checkFreeSpace()
            await readFirstList()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.watchClock() }
                group.addTask { await self.answerBell() }
                await runPumps()
                group.cancelAll()
            }
        } catch {
            state.stop(Self.stopReason(for: error))
        }
        for (id, _, progress) in state.progress { state.emit(.progress(progress), batch: id) }
        // What came home at the very end.
        if state.settings.isService { await sayEnds() }
        await checkInvariants()
        // Even the state may be what failed; the counts of requests are the least of it then.
        try? await reconciliation.noteAll()
        try? await flushRequests(isLast: true)
        return state.outcome()
    }

    /// Thrown when the drain has taken too long, or a part of the run has failed and no submission is out any more: what is
    /// still under way is cancelled, and found again by the next run.
    private struct CutShort: Error {}

    private func runPumps() async {
        state.begin()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.submitter.run() }
            group.addTask { await self.state.guarding { try await self.poller.run() } }
            group.addTask { await self.downloader.run() }
            group.addTask { await self.state.guarding { try await self.reconciliation.run() } }
            group.addTask {
                await self.wakeAtTheEnd()
                if self.state.isCutShort { throw CutShort() }
            }
            do {
                try await group.waitForAll()
            } catch {
                group.cancelAll()
            }
        }
    }

    /// Every change may be the last one: the pumps that sleep must hear of it.
    private func wakeAtTheEnd() async {
        while true {
            let mark = state.changed.mark
            let isOver = state.isOver || Task.isCancelled
            if state.isStopping || isOver {
                gate.wake()
                poller.wake()
                downloader.wake()
                reconciliation.wake()
            }
            if isOver { return }
            await state.changed.wait(since: mark, on: state.time)
        }
    }

    static func stopReason(for error: any Error) -> StopReason {
        switch error {
        case OutputFailure.unwritable(let words), StoreFailure.unwritable(let words), StoreFailure.damaged(let words):
            .cannotWrite(words)
        case let violation as InvariantViolation: .internalError(violation.words)
        default: .internalError("\(error)")
        }
    }

    /// How a run ends that an error of the state or the output has kept from beginning.
    package static func ending(for error: any Error) -> (couldNotWrite: Bool, reason: String) {
        let reason = stopReason(for: error)
        if case .cannotWrite = reason { return (true, reason.words) }
        return (false, reason.words)
    }

    /// An error of the state or the output in words.
    package static func words(for error: any Error) -> String {
        stopReason(for: error).words
    }

    // MARK: Start

    private func recover() async throws {
        try await budget.restore()
        let accepted = try await reconciliation.resumeClock()
        let recovery = try await store.recover(at: reconciliation.now, now: state.time.wall())
        Failpoint.recovered.reach()
        state.recovered(try await store.batches())
        for batch in batches { try await readPrices(of: batch.id) }
        if let day = state.state.withLock({ $0.day }) {
            let committed = try await store.committed(since: day.start)
            state.restoreDay(submissions: committed.submissions, money: committed.money)
        }
        if state.settings.isService {
            for batch in batches {
                state.restoreCommitted(try await store.committed(by: batch.id), of: batch.id)
            }
        }
        try await reconciliation.restore(accepted: accepted)
        for job in recovery.running { try await takeUp(job) }
        for (id, job, batch) in try await store.duplicatesToFetch() {
            downloader.fetchDuplicate(id, of: job, in: batch)
        }
    }

    private func takeUp(_ job: RunningJob) async throws {
        if case .ready = job.lifecycle.state {
            if let description = try await store.outputJob(job.id) { try tree.removePartial(of: description) }
            downloader.fetch(job, wasInterrupted: true)
        } else {
            state.occupySlot(of: job.batch, model: job.model)
            poller.follow(job, isOurs: false)
        }
    }

    /// The list that tells the API's clock and the account, where anything is to be submitted or decided.
    private func readFirstList() async {
        let asked = state.progress.filter(\.isAsked)
        let first = asked.first { item in
            item.progress.count(.unknown) > 0
                || item.progress.count(.pending, .waiting) > 0 && state.isOpen(item.id) && !state.isPaused(item.id)
        }
        guard let first else {
            // Nothing is asked of the API while all waits for its time, or for a person.
            if state.waitsForTime { return state.firstListIsDue() }
            if asked.contains(where: { state.isPaused($0.id) }) { state.firstListIsDue() }
            // What was submitted again in the last run may have been accepted twice since.
            guard let batch = asked.first?.id, reconciliation.isWatching else {
                // What comes while a daemon runs has a list before it, too.
                if state.settings.isService { state.firstListIsDue() }
                return
            }
            // The run is not over before it has looked.
            state.duplicatesOut(1)
            defer { state.duplicatesOut(-1) }
            return await state.guarding {
                try await reconciliation.readFirstList(for: batch)
                try await reconciliation.lookAtWatched(for: batch)
            }
        }
        guard state.settings.maxJobs != 0 || first.progress.count(.unknown) > 0 else { return }
        await state.guarding { try await reconciliation.readFirstList(for: first.id) }
    }

    /// What may never happen, seen at the end at the latest.
    private func checkInvariants() async {
        do {
            try await store.checkInvariants()
        } catch let violation as InvariantViolation {
            state.stop(.internalError(violation.words))
        } catch {
            // A state that cannot be read has stopped the run by itself.
        }
    }

    // MARK: Clock

    /// Once a second: progress, requests to the state, and every limit in time. A daemon that has nothing to do looks once
    /// a minute, and when something comes.
    private func watchClock() async {
        let start = state.time.now()
        var drainEnd: Duration?
        var reported: [BatchID: BatchProgress] = [:]
        var next = start
        while !Task.isCancelled {
            // After the machine has slept, the seconds that it missed are not made up for.
            next = max(next + .seconds(1), state.time.now())
            // Only a cancelled sleep throws: the run is over.
            guard (try? await state.time.sleep(next)) != nil else { return }
            let mark = state.changed.mark
            if state.isResting {
                await state.changed.wait(since: mark, until: next + RunState.longestSleep, on: state.time)
                next = state.time.now()
            }
            let now = state.time.now()
            lastTick.withLock { $0 = now }
            await state.guarding {
                try await reconciliation.tick(isUnanswered: gate.failing.map { !$0.hasAnswered } ?? false)
                try checkFreeSpace()
            }
            do {
                try await flushRequests()
            } catch {
                state.stop(Self.stopReason(for: error))
            }
            for (id, _, progress) in state.progress where reported[id] != progress {
                reported[id] = progress
                state.emit(.progress(progress), batch: id)
            }
            if reported.count > state.progress.count {
                let here = Set(state.progress.map(\.id))
                reported = reported.filter { here.contains($0.key) }
            }
            state.refreshTimes()
            if state.waitsForTime { gate.rest(asks: state.hasJobsAtAPI) }
            state.sayWhatIsOver()
            sayIfItStands()
            if state.settings.isService {
                await state.guarding { try await noteHalts() }
                await sayEnds()
            } else {
                giveUpIfSilent()
            }
            if let limit = state.settings.maxDuration, now - start >= limit {
                state.stop(.timeLimit)
                if !state.settings.drainsAtTimeLimit { state.cut() }
            }
            if state.hasLimitedDrain {
                let end = drainEnd ?? now + state.settings.drainTimeout
                drainEnd = end
                // A pause that the API asked for outlasts the drain: nothing will come home any more.
                let isPaused = gate.pausesQuestions(until: end) && state.hasNothingUnderWay
                if now >= end || isPaused { state.cut() }
            }
        }
    }

    private func sayIfItStands() {
        let said = state.saidStandstill
        let now = state.standstill(seedsFree: reconciliation.seedsFree)
        // The moment moves as more is learnt: it is told once.
        if let now, now.isLike(said) || now.until.map({ $0 <= state.time.now() }) ?? false { return }
        guard now != nil || said != nil else { return }
        let batch = now?.batch ?? said?.batch
        state.saidStandstill = now
        state.say(now, of: batch)
    }

    /// What is paid for needs a place to go.
    private func checkFreeSpace() throws {
        guard state.settings.minFree > 0 else { return }
        let free = try tree.freeBytes()
        let isLow = free < state.settings.minFree
        let words =
            "only \(ByteCount(bytes: free)) are free in the output folder, less than `--min-free "
            + "\(ByteCount(bytes: state.settings.minFree))`"
        if state.settings.isService {
            guard state.setDiskTrouble(isLow ? words : nil) else { return }
            state.emit(.gate(reason: isLow ? words : nil, until: nil))
        } else if isLow {
            state.stop(.lowOnSpace(words + "; make room and run again"))
        }
    }

    private func giveUpIfSilent() {
        guard let failing = gate.failing else { return }
        let patience = failing.hasAnswered ? state.settings.giveUpAfter : min(state.settings.giveUpAfter, .seconds(60))
        if failing.duration >= patience { state.stop(.unavailable(failing.words)) }
    }

    private func flushRequests(isLast: Bool = false) async throws {
        for (batch, requests, throughput) in state.takeRequests(isLast: isLast) {
            try await store.addRequests(requests, throughput: throughput, to: batch, now: state.time.wall())
        }
    }
}
