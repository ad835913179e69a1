internal import NightjarCore
internal import Synchronization

/// What a run knows in memory: counts, free slots, money, and whether it is over. The store knows the rest.
///
/// Counts move with each recorded change, so that no question about progress asks the database.
final class RunState: Sendable {
    /// A slot that a job holds whose answer was lost, until `until` (of `time.now`).
    struct HeldSlot {
        var batch: BatchID
        var model: String
        var until: Duration
    }

    struct State {
        var settings: RunSettings
        var batches: [BatchID: Batch]
        var order: [BatchID]
        /// Jobs of each model that are unfinished at the API, or may be.
        var models: [String: Int] = [:]
        /// `nil` where no day is limited.
        var day: DayLedger?
        /// Why nothing can be written, where that is waited out.
        var diskTrouble: String?
        /// Submissions that are reserved and not claimed yet.
        var admitted = 0
        var submitted = 0
        var committed: Money = .zero
        /// Jobs that are unfinished at the API, or may be.
        var unfinished = 0
        /// Unknown jobs that still hold a slot.
        var heldSlots: [JobID: HeldSlot] = [:]
        var saidStandstill: Standstill?
        /// Counts the times that a seed may have come free.
        var seedsFreed = 0
        /// Something may still be learnt about the unknown jobs.
        var waitsForUnknown = false
        /// Images that were paid for twice and are being fetched.
        var duplicatesOut = 0
        /// Completed jobs that an earlier process left, and that have not been fetched once: before anything is submitted.
        var firstDownloads = 0
        var stops: [StopReason] = []
        /// Questions are refused too: nothing more is asked.
        var refusesQuestions = false

        var allowsRequests: Bool { stops.allSatisfy(\.allowsRequests) && !refusesQuestions }
        var isCut = false
        /// What is under way may bring more to do: the run is not over before it has ended.
        var holdsOpen = 0
        /// The pumps are at work.
        var isRunning = false
        /// Once over, a run stays so: its pumps end one after the other, and nobody would do what came to be done later.
        var hasEnded = false
        /// The state or a part of the run failed: it ends as soon as no submission is out.
        var isBroken = false
        /// Submissions whose answer is not on record yet.
        var submissionsOut = 0
        /// Finished jobs whose file is left to the next run.
        var leftForLater = 0
        var ranks: [Rank]
        /// No list has been read yet, and nothing is submitted before.
        var needsFirstList = false
    }

    let time: Timekeeper
    private let observer: any RunObserver
    let state: Mutex<State>
    let changed = Signal()

    let health: PumpHealth

    /// As they are now: a daemon's change while it runs.
    var settings: RunSettings { state.withLock { $0.settings } }

    /// - Parameter haveImages: Batches that need no pilot any more.
    init(
        settings: RunSettings, batches: [BatchSummary], asked: Set<BatchID>, haveImages: Set<BatchID>,
        time: Timekeeper, observer: any RunObserver
    ) {
        self.time = time
        health = PumpHealth(time: time)
        self.observer = observer
        var known: [BatchID: Batch] = [:]
        for summary in batches {
            known[summary.id] = Batch(
                summary, isAsked: asked.contains(summary.id),
                pilot: haveImages.contains(summary.id) ? 0 : settings.pilot, staysHalted: settings.isService,
                at: time.wall())
        }
        state = Mutex(
            State(
                settings: settings, batches: known, order: batches.map(\.id),
                day: DayLedger(settings.daily, at: time.wall()), ranks: Self.ranks(Array(known.values))))
    }

    // MARK: Changes and events

    /// The counts after a start has put in order what an earlier process left.
    func recovered(_ summaries: [BatchSummary]) {
        state.withLock { state in
            for summary in summaries {
                state.batches[summary.id]?.counts = summary.counts
                state.batches[summary.id]?.spent = summary.spent
            }
        }
    }

    /// The models that a batch may still submit to.
    func usesModels(_ models: [String], batch: BatchID) {
        state.withLock { $0.batches[batch]?.uses(models, prices: $0.settings.prices) }
        changed.notify()
    }

    /// - Parameter due: When a job that is `waiting` now may be submitted again.
    func moved(_ id: BatchID, from: JobState, to: JobState, spent: Money = .zero, due: WallTime? = nil) {
        let now = time.now()
        let halted: String? = state.withLock { state in
            state.batches[id]?.counts[from, default: 0] -= 1
            state.batches[id]?.counts[to, default: 0] += 1
            state.batches[id]?.spent += spent
            if to == .waiting { state.batches[id]?.isWaiting(until: due) }
            // An answer that is found later, after the end, makes for another end.
            if from == .unknown { state.batches[id]?.hasEnded = false }
            if to == .done || to == .filtered { state.batches[id]?.pace.add(at: now) }
            guard state.batches[id]?.halted == nil else { return nil }
            state.batches[id]?.jobEnded(to, failFast: state.settings.failFast)
            return state.batches[id]?.halted
        }
        changed.notify()
        if let halted { emit(.gate(reason: "stopped: \(halted)", until: nil), batch: id) }
    }

    /// Jobs that waited for another of their model and seed may be claimed.
    func seedsFreed() {
        let someWait = state.withLock { Self.freeSeeds(in: &$0) }
        if someWait { changed.notify() }
    }

    /// - Returns: Whether someone has waited for that.
    @discardableResult
    static func freeSeeds(in state: inout State) -> Bool {
        state.seedsFreed += 1
        let waiting = state.batches.values.filter(\.waitsForSeeds).map(\.id)
        for id in waiting { state.batches[id]?.waitsForSeeds = false }
        return !waiting.isEmpty
    }

    var seedsFreedCount: Int { state.withLock { $0.seedsFreed } }

    /// All that is left of a batch has the model and seed of a submission that is out or lost.
    /// - Parameter mark: `seedsFreedCount` before that was looked up.
    func waitsForSeeds(_ id: BatchID, since mark: Int) {
        let now = time.now()
        state.withLock { state in
            if state.batches[id]?.waitsForSeedsSince == nil { state.batches[id]?.waitsForSeedsSince = now }
            if state.seedsFreed == mark { state.batches[id]?.waitsForSeeds = true }
        }
    }

    /// Whether a run that has nothing else left goes on for the unknown jobs.
    func waitForUnknown(_ waits: Bool) {
        let isNew = state.withLock { state in
            defer { state.waitsForUnknown = waits }
            return state.waitsForUnknown != waits
        }
        if isNew { changed.notify() }
    }

    /// Unknown jobs of the batches of this run.
    var unknownLeft: Int {
        state.withLock { state in
            state.batches.values.filter(\.isAsked).reduce(0) { $0 + $1.count(.unknown) }
        }
    }

    func duplicatesOut(_ change: Int) {
        state.withLock { $0.duplicatesOut += change }
        changed.notify()
    }

    func firstDownloads(_ change: Int) {
        state.withLock { $0.firstDownloads += change }
        changed.notify()
    }

    /// Paid besides what the jobs themselves cost.
    func spent(_ price: Money, by id: BatchID) {
        state.withLock { $0.batches[id]?.spent += price }
    }

    func counted(_ requests: RequestCounts, for id: BatchID) {
        state.withLock { $0.batches[id]?.requests += requests }
    }

    /// Requests counted since the last call, with the present pace.
    /// - Parameter isLast: The run ends: every batch is named, and none has a pace any more.
    func takeRequests(isLast: Bool) -> [(batch: BatchID, requests: RequestCounts, throughput: Double?)] {
        let now = time.now()
        return state.withLock { state in
            state.order.compactMap { id in
                guard let batch = state.batches[id], batch.requests != RequestCounts() || isLast && batch.isAsked else {
                    return nil
                }
                state.batches[id]?.requests = RequestCounts()
                return (id, batch.requests, isLast ? nil : batch.pace.throughput(at: now))
            }
        }
    }

    func emit(_ kind: RunEvent.Kind, batch: BatchID? = nil) {
        let name = batch.flatMap { id in state.withLock { $0.batches[id]?.name } }
        observer.observe(RunEvent(time: time.wall(), batch: name, kind: kind))
    }

    func batch(_ id: BatchID) -> Batch? {
        state.withLock { $0.batches[id] }
    }

    /// The batches of this run and those with something left at the API.
    var progress: [(id: BatchID, isAsked: Bool, progress: BatchProgress)] {
        let now = time.now()
        return state.withLock { state in
            state.order.compactMap { state.batches[$0] }.filter { $0.isAsked || $0.count(.submitted, .ready) > 0 }.map {
                batch in
                let throughput = batch.pace.throughput(at: now)
                let left = batch.count(.pending, .submitting, .submitted, .ready, .waiting)
                let eta = left == 0 ? 0 : throughput.map { Int((Double(left) / $0).rounded(.up)) }
                return (
                    batch.id, batch.isAsked,
                    BatchProgress(
                        batch: batch.name, counts: batch.counts.filter { $0.value > 0 }, throughput: throughput,
                        etaSeconds: eta, spent: batch.spent)
                )
            }
        }
    }

    // MARK: The end

    func stop(_ reason: StopReason) {
        let isNew = state.withLock { state in
            guard !state.stops.contains(reason) else { return false }
            state.stops.append(reason)
            // A daemon begins anew as soon as it can write again: nothing is gained by waiting for what runs.
            if case .cannotWrite = reason, state.settings.isService { state.isBroken = true }
            return true
        }
        if isNew { changed.notify() }
    }

    /// Nothing more is asked; what is completed is still fetched.
    func stopQuestions() {
        state.withLock { $0.refusesQuestions = true }
        changed.notify()
    }

    /// Ends everything at once: the drain has taken too long.
    func cut() {
        state.withLock { $0.isCut = true }
        changed.notify()
    }

    /// Does a part of the run. An error of the state or the output ends the run: no task is left waiting for a job that
    /// nobody works on any more.
    func guarding(_ part: () async throws -> Void) async {
        do {
            try await part()
        } catch is CancellationError {
            // Only a run that is over is cancelled; the job is found again by the next one.
        } catch {
            stop(Runner.stopReason(for: error))
            // Submissions that are out are not cut off: their answers are worth more than a quick end.
            state.withLock { $0.isBroken = true }
            changed.notify()
        }
    }

    /// Counts a submission from before it leaves until its answer is on record.
    func submissionsOut(_ change: Int) {
        let mayBeOver = state.withLock { state in
            state.submissionsOut += change
            return state.isBroken
        }
        if mayBeOver { changed.notify() }
    }

    /// Whether no request is out, and no file under way: what is at the API can only be asked for.
    var hasNothingUnderWay: Bool {
        state.withLock { state in
            state.submissionsOut == 0 && state.batches.values.allSatisfy { $0.count(.submitting, .ready) == 0 }
        }
    }

    var isCut: Bool { state.withLock { $0.isCut } }
    /// Whether what is still under way is to be cancelled.
    var isCutShort: Bool { state.withLock { $0.isCut || $0.isBroken } }
    var isStopping: Bool { state.withLock { !$0.stops.isEmpty } }
    /// Whether what runs is seen home for `--drain-timeout` only.
    var hasLimitedDrain: Bool { state.withLock { $0.stops.contains(where: \.limitsDrain) } }
    var allowsRequests: Bool { state.withLock { $0.allowsRequests && !$0.isCut } }
    var allowsDownloads: Bool { state.withLock { $0.stops.allSatisfy(\.allowsDownloads) && !$0.isCut } }

    /// Whether nothing will be submitted any more.
    var submissionsAreOver: Bool {
        state.withLock { state in
            !state.stops.isEmpty || state.isCut
                || (!state.settings.isService && state.holdsOpen == 0 && state.admitted == 0 && !hasRunning(state)
                    && !mayStillSubmit(state)
                    && !mayStillDecide(state))
        }
    }

    /// Whether the run is over, all pumps included.
    var isOver: Bool { state.withLock { isOver(&$0) } }

    /// The pumps begin their work.
    func begin() {
        state.withLock { $0.isRunning = true }
    }

    /// Keeps the run from being over until `letGo`, but for a stop.
    /// - Returns: `false` where it is over already: then nothing new is begun, and `letGo` must not follow.
    func holdOpen() -> Bool {
        state.withLock { state in
            if isOver(&state) { return false }
            state.holdsOpen += 1
            return true
        }
    }

    func letGo() {
        state.withLock { $0.holdsOpen -= 1 }
        changed.notify()
    }

    /// Whether a request that has not left yet is still wanted: nothing waits at the gate only since the run is held open.
    var wantsRequests: Bool {
        state.withLock { state in
            !state.hasEnded && !looksOver(state, evenIfHeld: true) && state.allowsRequests
        }
    }

    private func isOver(_ state: inout State) -> Bool {
        let isOver = state.hasEnded || looksOver(state)
        if isOver, state.isRunning { state.hasEnded = true }
        return isOver
    }

    private func looksOver(_ state: State, evenIfHeld: Bool = false) -> Bool {
        if state.isCut { return true }
        if state.isBroken { return state.submissionsOut == 0 }
        let all = state.batches.values
        let submitting = all.contains { $0.count(.submitting) > 0 }
        // What is admitted is on its way to being claimed, or to being dismissed at once.
        if submitting || state.admitted > 0 { return false }
        guard state.stops.isEmpty else {
            let ready = all.reduce(0) { $0 + $1.count(.ready) }
            let asks = state.allowsRequests && all.contains { $0.count(.submitted) > 0 }
            let fetches = state.stops.allSatisfy(\.allowsDownloads) && ready > state.leftForLater
            return !asks && !fetches
        }
        guard evenIfHeld || state.holdsOpen == 0, !state.settings.isService else { return false }
        return !hasRunning(state) && !mayStillSubmit(state) && !mayStillDecide(state)
    }

    private func mayStillDecide(_ state: State) -> Bool {
        state.duplicatesOut > 0
            || state.waitsForUnknown && state.batches.values.contains { $0.isAsked && $0.count(.unknown) > 0 }
    }

    private func hasRunning(_ state: State) -> Bool {
        state.batches.values.contains { $0.count(.submitting, .submitted, .ready) > 0 }
    }

    private func mayStillSubmit(_ state: State) -> Bool {
        state.batches.values.contains { mayStillSubmit($0, in: state) }
    }

    /// Now, or when its time has come. A daemon waits for another day, and until what is paused is resumed; a run does not.
    func mayStillSubmit(_ batch: Batch, in state: State) -> Bool {
        guard batch.isAsked, batch.halted == nil, !batch.times.isOver, allowance(for: batch, in: state) > 0 else {
            return false
        }
        if state.settings.isService { return batch.count(.pending, .waiting) > 0 }
        return batch.unpaused > 0 && !dayIsUsedUp(for: batch, in: state)
    }
}
