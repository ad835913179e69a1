package import NightjarCore
internal import Synchronization

/// What people say, and what comes, while it runs.
extension Runner {
    // MARK: Decisions and orders

    /// Carries out what is left in the state each time that the bell rings.
    func answerBell() async {
        for await _ in bell {
            await state.guarding {
                try await steering.taken {
                    try await carryOutDecisions()
                    try await carryOutOrders()
                }
            }
        }
    }

    /// Carries out what a person has decided about jobs in another process.
    private func carryOutDecisions() async throws {
        // What is decided later is the next run's.
        guard state.holdOpen() else { return }
        defer { state.letGo() }
        let outcomes = try await store.carryOutDecisions(now: state.time.wall())
        guard !outcomes.isEmpty else { return }
        let moves = outcomes.compactMap { outcome -> (DecisionOutcome, from: JobState, to: JobState)? in
            guard case .moved(let from, let to) = outcome.result, from != to else { return nil }
            return (outcome, from, to)
        }
        // A daemon lets go of what has ended: what is taken up again comes with its counts as they are now.
        let unknown = Set(moves.map(\.0.batch).filter { !state.isKnown($0) })
        for batch in unknown.sorted() where state.settings.isService {
            try await takeUp(batch, changes: [:], isAsked: nil)
        }
        // Of other models than those that were left, perhaps.
        let again = Set(moves.filter { $0.to == .pending }.map(\.0.batch)).subtracting(unknown)
        for batch in again.sorted() { try await readPrices(of: batch) }
        for (outcome, from, to) in moves {
            Failpoint.decided.reach()
            if !unknown.contains(outcome.batch) { state.moved(outcome.batch, from: from, to: to) }
            reconciliation.moved(outcome.job, to: to)
            if to != .cancelled { state.beginAgain(outcome.batch) }
            if to == .submitted, let job = try await store.runningJob(outcome.job) {
                state.takeOverSlot(outcome.job, of: outcome.batch, model: job.model)
                poller.follow(job, isOurs: false)
            } else if from == .unknown {
                state.freeHeldSlot(outcome.job)
            }
        }
        // Which jobs are paused by themselves.
        state.update(try await store.batches(), cancelled: [:])
    }

    private func carryOutOrders() async throws {
        guard state.holdOpen() else { return }
        defer { state.letGo() }
        let outcomes = try await store.carryOutOrders(now: state.time.wall())
        guard !outcomes.isEmpty else { return }
        var cancelled: [BatchID: [JobState: Int]] = [:]
        for outcome in outcomes {
            guard let batch = outcome.batch, case .carriedOut(_, let jobs, _) = outcome.result else { continue }
            cancelled[batch, default: [:]].merge(jobs, uniquingKeysWith: +)
        }
        let summaries = try await store.batches()
        state.update(summaries, cancelled: cancelled)
        try await settingsChanged()
        for summary in summaries where state.isKnown(summary.id) { Self.setRates(of: summary, state.settings, budget) }
    }

    // MARK: Settings

    /// Puts another configuration in place: limits, prices, days, the key. What is under way is not touched.
    package func apply(_ settings: RunSettings) async throws {
        configured.withLock { $0 = settings }
        await service.readKeyAnew()
        gate.accountMayBeWell()
        try await steering.taken {
            try await settingsChanged()
            for batch in try await store.batches() where state.isKnown(batch.id) {
                Self.setRates(of: batch, state.settings, budget)
                try await readPrices(of: batch.id)
            }
        }
    }

    private func settingsChanged() async throws {
        let settings = configured.withLock { $0 }.replaced(by: try await store.limitOverrides())
        var fresh: DayLedger?
        if state.needsOtherDay(for: settings.daily), let day = DayLedger(settings.daily, at: state.time.wall()) {
            let committed = try await store.committed(since: day.start)
            fresh = day
            fresh?.restore(submissions: committed.submissions, money: committed.money)
        }
        state.set(settings, day: fresh)
        budget.set(settings.rate)
    }

    static func setRates(of batch: BatchSummary, _ settings: RunSettings, _ budget: RequestBudget) {
        budget.set(batch.overrides.rate ?? batch.settings.limits.rate, of: batch.id)
        guard let inbox = batch.settings.origin?.inbox else { return }
        budget.set(settings.inboxLimits[inbox]?.rate, ofInbox: inbox, for: batch.id)
    }

    func readPrices(of batch: BatchID) async throws {
        guard needsModels else { return }
        state.usesModels(try await store.modelsToSubmit([batch]), batch: batch)
    }

    /// Whether it matters which models a batch has.
    private var needsModels: Bool {
        let settings = state.settings
        return settings.isService || !settings.prices.isEmpty || !settings.modelConcurrency.isEmpty
    }

    // MARK: Batches that come

    /// Takes up a batch that the store has taken in while this runs, or an edit of one.
    /// - Parameter changes: By how much its counts have changed; `nil` where it is not known here.
    package func add(_ id: BatchID, changes: [JobState: Int] = [:]) async throws {
        try await steering.taken { try await takeUp(id, changes: changes, isAsked: true) }
    }

    /// - Parameter isAsked: `nil`: where it came from an inbox.
    private func takeUp(_ id: BatchID, changes: [JobState: Int], isAsked: Bool?) async throws {
        guard let summary = try await store.batch(id) else { return }
        let isKnown = state.isKnown(id)
        let committed = isKnown ? nil : try await store.committed(by: id)
        let hasImages = summary.count(.done) > 0 ? try await !store.haveImages([id]).isEmpty : false
        let models = needsModels ? try await store.modelsToSubmit([id]) : []
        // All of this before it may submit anything.
        Self.setRates(of: summary, state.settings, budget)
        if !isKnown { try await budget.restore(id) }
        state.take(
            summary, isAsked: isAsked ?? (summary.settings.origin != nil), changes: changes, committed: committed,
            hasImages: hasImages, models: models, beginsAgain: true)
        if !isKnown, let progress = state.progress.first(where: { $0.id == id })?.progress {
            state.emit(.started(progress), batch: id)
        }
    }

    package func knows(_ batch: BatchID) -> Bool { state.isKnown(batch) }

    package func fate(of batch: BatchID) -> BatchFate { state.fate(of: batch) }

    /// Tells of batches that have come to their end, and lets go of them.
    func sayEnds() async {
        await steering.taken {
            for end in state.takeEnds() { ended(end) }
            for batch in state.retire(unless: reconciliation.watchedBatches) { budget.forget(batch) }
        }
    }

    /// Keeps why batches were stopped, for the next start.
    func noteHalts() async throws {
        for (batch, words) in state.takeHalts() { try await store.noteHalt(words, of: batch) }
    }

    // MARK: For people

    /// Why each batch waits, by its name, with the limits as they are now.
    package var view: (waits: [String: RunSnapshot.Wait], concurrency: Int, rate: Rate, unfinished: Int) {
        let standstill = state.standstill(seedsFree: reconciliation.seedsFree)
        let (settings, unfinished) = state.state.withLock { ($0.settings, $0.unfinished) }
        return (
            state.waits(closure: gate.closure, standstill: standstill), settings.concurrency, settings.rate, unfinished
        )
    }

    /// What the process that runs this tells of itself.
    package func snapshot(_ command: RunSnapshot.Command, pid: Int32, startedAt: WallTime) -> RunSnapshot {
        let view = view
        return RunSnapshot(
            command: command, pid: pid, startedAt: startedAt, writtenAt: state.time.wall(),
            concurrency: view.concurrency, rate: view.rate, unfinished: view.unfinished, waits: view.waits)
    }

    /// How far the batches are that are known here.
    package var progress: [BatchProgress] { state.progress.map(\.progress) }

    // MARK: Health

    /// Whether the pumps move or have good reason to wait, and the state can be written.
    /// - Returns: In words, what is wrong; `nil`: nothing.
    package func illness() async -> String? {
        // No request takes longer than a few silences.
        let limit = max(state.settings.timeout * 4, .seconds(10))
        if let words = state.health.stuck(longerThan: limit) { return words }
        let since = state.time.now() - lastTick.withLock { $0 }
        if since > limit + RunState.longestSleep { return "the clock of the run stands still since \(since.spoken)" }
        do {
            try await store.checkWritable(now: state.time.wall())
            return nil
        } catch {
            return Self.words(for: error)
        }
    }
}
