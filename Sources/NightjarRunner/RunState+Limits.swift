internal import NightjarCore
internal import Synchronization

/// Slots, money and submissions: what is reserved before a job is claimed, and given back when it comes to nothing.
extension RunState {
    struct Admission: Sendable {
        let batch: BatchID
        let count: Int
        /// What was reserved for each, and the day that it was reserved on.
        let price: Money
        let day: WallTime?
    }

    /// What the submitter may do next.
    enum Turn: Sendable {
        case admitted(Admission)
        /// The list that comes before the first submission.
        case list(for: BatchID)
        /// Nothing before this moment (on the clock of `time.now`), or before something changes.
        case wait(until: Duration?)
    }

    /// Reserves slots, money and submissions for a batch that has something to submit: the highest priority first; within
    /// one, whoever has least for its weight.
    /// - Parameter budget: A batch that may not ask for anything now does not hold up the others.
    func admit(upTo most: Int, by budget: RequestBudget) -> Turn {
        refreshTimes()
        let wall = time.wall()
        let now = time.now()
        return state.withLock { state in
            var next: Duration?
            func wait(until moment: Duration) { next = min(next ?? moment, moment) }
            for rank in state.ranks {
                var candidates: [FairShares.Candidate] = []
                for id in rank.batches {
                    guard let batch = state.batches[id], batch.isAsked else { continue }
                    if let opens = batch.times.opens, mayStillSubmit(batch, in: state) {
                        wait(until: now + min(max(opens - wall, .milliseconds(10)), Self.longestSleep))
                    }
                    // Before the room is looked at: a pilot has none while all its jobs wait for another attempt.
                    if let due = batch.nextDue, due > wall, batch.halted == nil, batch.times.isOpen,
                        batch.count(.waiting) > 0
                    {
                        wait(until: now + max(due - wall, .milliseconds(10)))
                    }
                    if let day = state.day, dayIsUsedUp(for: batch, in: state), mayStillSubmit(batch, in: state) {
                        wait(until: now + min(max(day.end - wall, .milliseconds(10)), Self.longestSleep))
                    }
                    let room = min(room(for: batch, in: state), most)
                    guard room > 0 else { continue }
                    let claimable = min(room, batch.claimable(at: wall))
                    guard claimable > 0 else { continue }
                    let count = min(claimable, budget.available(for: id))
                    guard count > 0 else {
                        // One that is past waits for a reservation, whose end is told.
                        if let release = budget.nextRelease(for: id), release > now { wait(until: release) }
                        continue
                    }
                    candidates.append(
                        .init(
                            batch: id, weight: batch.weight, unfinished: batch.unfinished, served: batch.served,
                            wanted: count))
                }
                guard let (id, count) = FairShares.next(candidates) else { continue }
                if state.needsFirstList {
                    state.needsFirstList = false
                    return .list(for: id)
                }
                return .admitted(reserve(count, for: id, in: &state))
            }
            return .wait(until: next)
        }
    }

    /// All that is left of a batch waits, until `time` at least.
    func waits(_ id: BatchID, until time: WallTime?) {
        state.withLock { $0.batches[id]?.nextDue = time }
    }

    private func reserve(_ count: Int, for id: BatchID, in state: inout State) -> Admission {
        let price = state.batches[id]?.highestPrice ?? .zero
        state.admitted += count
        state.unfinished += count
        state.submitted += count
        state.batches[id]?.unfinished += count
        state.batches[id]?.submitted += count
        let weight = state.batches[id]?.weight ?? 1
        state.batches[id]?.served += Double(count) / Double(weight)
        state.committed += price * count
        state.batches[id]?.committed += price * count
        state.day?.reserve(count, price: price)
        return Admission(batch: id, count: count, price: price, day: state.day?.start)
    }

    /// Takes back some of what was admitted and not claimed.
    func dismiss(_ count: Int, of admission: Admission) {
        guard count > 0 else { return }
        state.withLock { state in
            state.admitted -= count
            release(count, of: admission.batch, price: admission.price, in: &state)
            if let day = admission.day { state.day?.dismiss(count, price: admission.price, day: day) }
        }
        changed.notify()
    }

    /// What was admitted is claimed: its model is known now, and what was reserved too much is freed.
    func claimed(_ job: ClaimedJob, of admission: Admission) {
        let id = job.batch
        state.withLock { state in
            state.admitted -= 1
            let excess = admission.price - job.price
            state.committed -= excess
            state.batches[id]?.committed -= excess
            state.batches[id]?.counts[job.from, default: 0] -= 1
            state.batches[id]?.counts[.submitting, default: 0] += 1
            state.batches[id]?.waitsForSeedsSince = nil
            state.models[job.request.parameters.model, default: 0] += 1
            if let day = admission.day {
                state.day?.claimed(job.id, reserved: admission.price, price: job.price, day: day)
            }
        }
        changed.notify()
    }

    /// Takes back what was claimed and certainly not accepted.
    func turnedAway(_ job: ClaimedJob) {
        state.withLock { state in
            release(1, of: job.batch, price: job.price, in: &state)
            Self.leave(job.request.parameters.model, in: &state)
            state.day?.turnedAway(job.id, price: job.price)
        }
        changed.notify()
    }

    private func release(_ count: Int, of id: BatchID, price: Money, in state: inout State) {
        state.unfinished -= count
        state.submitted -= count
        state.batches[id]?.unfinished -= count
        state.batches[id]?.submitted -= count
        state.committed -= price * count
        state.batches[id]?.committed -= price * count
    }

    /// How many more jobs of each model may be claimed, of those that are limited.
    var modelRoom: [String: Int] {
        state.withLock { state in
            state.settings.modelConcurrency.reduce(into: [:]) { room, limit in
                room[limit.key] = max(limit.value - state.models[limit.key, default: 0], 0)
            }
        }
    }

    /// A slot of a model is free: what could not be claimed for want of one may be.
    static func leave(_ model: String, in state: inout State) {
        state.models[model, default: 0] -= 1
        if state.settings.modelConcurrency[model] != nil { freeSeeds(in: &state) }
    }

    private func room(for batch: Batch, in state: State) -> Int {
        guard batch.halted == nil, batch.times.isOpen, !batch.isPaused, state.diskTrouble == nil,
            !isBehindWithDownloads(state), missingPrice(of: batch, in: state) == nil
        else { return 0 }
        var room = min(
            state.settings.concurrency - state.unfinished,
            (batch.limits.concurrency ?? .max) - batch.unfinished)
        if let inbox = batch.inbox, let most = state.settings.inboxLimits[inbox]?.concurrency {
            room = min(room, most - state.batches.values.reduce(0) { $0 + ($1.inbox == inbox ? $1.unfinished : 0) })
        }
        let limits = state.settings.modelConcurrency
        if !limits.isEmpty, !batch.models.isEmpty, batch.models.allSatisfy({ limits[$0] != nil }) {
            // More would be looked for among all of its jobs in vain.
            room = min(
                room,
                batch.models.reduce(0) { $0 + max((limits[$1] ?? 0) - state.models[$1, default: 0], 0) })
        }
        if let day = state.day { room = min(room, day.allowance(price: batch.highestPrice)) }
        room = min(room, allowance(for: batch, in: state), batch.pilotRoom(at: time.wall()))
        return max(room, 0)
    }

    /// Results perish, and are paid for: they come home before more is submitted.
    func isBehindWithDownloads(_ state: State) -> Bool {
        let ready = state.batches.values.reduce(0) { $0 + $1.count(.ready) }
        return state.firstDownloads > 0 || ready >= state.settings.downloads * Self.mostReadyForEachDownload
    }

    private static let mostReadyForEachDownload = 16

    /// What money and `max_jobs` still allow, whatever the day.
    func allowance(for batch: Batch, in state: State) -> Int {
        var allowance = Int.max
        if let most = state.settings.maxJobs { allowance = min(allowance, most - state.submitted) }
        if let most = batch.limits.maxJobs { allowance = min(allowance, most - batch.submitted) }
        let price = batch.highestPrice.micros
        if price > 0 {
            if let budget = state.settings.budget {
                allowance = min(allowance, Int((budget - state.committed).micros / price))
            }
            if let budget = batch.limits.budget {
                allowance = min(allowance, Int((budget - batch.committed).micros / price))
            }
        }
        return max(allowance, 0)
    }

    /// A model that could spend any amount of a limited one. A run is refused before it begins; in a daemon the batch waits.
    func missingPrice(of batch: Batch, in state: State) -> String? {
        let isLimited = batch.limits.budget != nil || state.settings.daily?.budget != nil
        return state.settings.isService && isLimited ? batch.unpriced.first : nil
    }

    /// What the day still allows; a run does not wait for another.
    func dayIsUsedUp(for batch: Batch, in state: State) -> Bool {
        state.day.map { $0.allowance(price: batch.highestPrice) == 0 } ?? false
    }

    /// What keeps the rest from being submitted, as a person typed it.
    func reachedLimits(_ state: State) -> [String] {
        var limits: [String] = []
        if let most = state.settings.maxJobs, state.submitted >= most { limits.append("`--max-jobs \(most)`") }
        let left = state.order.compactMap { state.batches[$0] }.filter {
            $0.isAsked && $0.unpaused > 0
        }
        if let budget = state.settings.budget, left.contains(where: { $0.highestPrice > budget - state.committed }) {
            limits.append("`--budget \(budget)`")
        }
        if let day = state.day, left.contains(where: { dayIsUsedUp(for: $0, in: state) }) {
            limits.append(day.name)
        }
        for batch in left {
            if let most = batch.limits.maxJobs, batch.submitted >= most {
                limits.append("`max_jobs: \(most)` of \(batch.name)")
            }
            if let budget = batch.limits.budget, batch.highestPrice > budget - batch.committed {
                limits.append("`budget: \(budget)` of \(batch.name)")
            }
        }
        return limits.isEmpty ? ["the budget or the largest number of jobs"] : limits
    }

    /// A slot is free again: the job is at its end at the API, or was never accepted.
    func freeSlot(of id: BatchID, model: String) {
        state.withLock { state in
            state.unfinished -= 1
            state.batches[id]?.unfinished -= 1
            Self.leave(model, in: &state)
        }
        changed.notify()
    }

    /// A job found at the start, or whose answer was lost, is at the API or may be.
    func occupySlot(of id: BatchID, model: String) {
        state.withLock { Self.occupy(id, model, in: &$0) }
    }

    private static func occupy(_ id: BatchID, _ model: String, in state: inout State) {
        state.unfinished += 1
        state.batches[id]?.unfinished += 1
        state.models[model, default: 0] += 1
    }

    /// - Parameter until: On the clock of `time.now`.
    func holdSlot(_ job: JobID, of batch: BatchID, model: String, until: Duration) {
        state.withLock { $0.heldSlots[job] = HeldSlot(batch: batch, model: model, until: until) }
        changed.notify()
    }

    func holdsSlot(_ job: JobID) -> Bool {
        state.withLock { $0.heldSlots[job] != nil }
    }

    /// An unknown job is decided, and at its end at the API or never was there: its slot is free, if it still held one.
    func freeHeldSlot(_ job: JobID) {
        state.withLock { Self.free([job], in: &$0) }
        changed.notify()
    }

    /// An unknown job turns out to be at the API: it has a slot again, whether one is free or not.
    func takeOverSlot(_ job: JobID, of batch: BatchID, model: String) {
        state.withLock { state in
            guard state.heldSlots.removeValue(forKey: job) == nil else { return }
            Self.occupy(batch, model, in: &state)
        }
    }

    /// Gives back the slots of unknown jobs whose time has come.
    func releaseHeldSlots() {
        let now = time.now()
        let released = state.withLock { state in
            let over = state.heldSlots.filter { $0.value.until <= now }.map(\.key)
            Self.free(over, in: &state)
            return !over.isEmpty
        }
        if released { changed.notify() }
    }

    private static func free(_ jobs: [JobID], in state: inout State) {
        for job in jobs {
            guard let held = state.heldSlots.removeValue(forKey: job) else { continue }
            state.unfinished -= 1
            state.batches[held.batch]?.unfinished -= 1
            leave(held.model, in: &state)
        }
    }

    /// Takes a slot, and the money, for an unknown job that is submitted again.
    /// - Parameter isCommitted: This run has counted its money and its submission already.
    /// - Returns: Whether it may; nothing is taken otherwise.
    func admitAgain(_ submission: OpenSubmission, isCommitted: Bool) -> Bool {
        let (job, id, price) = (submission.id.job, submission.batch, submission.price)
        let model = submission.request.parameters.model
        refreshTimes()
        return state.withLock { state in
            guard let batch = state.batches[id], state.stops.isEmpty, !isBehindWithDownloads(state),
                state.diskTrouble == nil, mayResubmit(batch, isCommitted: isCommitted, in: state)
            else { return false }
            let hasSlot = state.heldSlots[job] != nil
            let modelIsFull = state.settings.modelConcurrency[model].map { state.models[model, default: 0] >= $0 }
            let isFree =
                state.unfinished < state.settings.concurrency
                && batch.unfinished < batch.limits.concurrency ?? .max && modelIsFull != true
            guard hasSlot || isFree else { return false }
            if state.heldSlots.removeValue(forKey: job) == nil { Self.occupy(id, model, in: &state) }
            state.day?.claimedAgain(job, price: price)
            if !isCommitted {
                state.submitted += 1
                state.batches[id]?.submitted += 1
                state.committed += price
                state.batches[id]?.committed += price
            }
            return true
        }
    }

    /// Whether a job of a batch may be submitted again, as far as money and limits go.
    func mayResubmit(_ id: BatchID, isCommitted: Bool) -> Bool {
        state.withLock { state in
            state.batches[id].map { mayResubmit($0, isCommitted: isCommitted, in: state) } ?? false
        }
    }

    private func mayResubmit(_ batch: Batch, isCommitted: Bool, in state: State) -> Bool {
        batch.times.isOpen && !batch.isPaused && maySubmitAgain(batch, isCommitted: isCommitted, in: state)
            && (isCommitted || !dayIsUsedUp(for: batch, in: state))
    }

    /// Whatever the time.
    func maySubmitAgain(_ batch: Batch, isCommitted: Bool, in state: State) -> Bool {
        batch.isAsked && batch.halted == nil && (isCommitted || allowance(for: batch, in: state) > 0)
    }

    /// Takes back `admitAgain`, where nothing came of it.
    func dismissAgain(_ job: PendingResubmission) {
        let id = job.submission.batch
        state.withLock { state in
            state.unfinished -= 1
            state.batches[id]?.unfinished -= 1
            Self.leave(job.submission.request.parameters.model, in: &state)
            guard !job.isCommitted else { return }
            state.submitted -= 1
            state.batches[id]?.submitted -= 1
            state.committed -= job.submission.price
            state.batches[id]?.committed -= job.submission.price
        }
        changed.notify()
    }

    /// A finished job's file cannot be fetched before the next run; the job stays `ready`.
    func leaveForLater() {
        state.withLock { $0.leftForLater += 1 }
        changed.notify()
    }

    /// What was submitted and FAILED, or was rejected, is not billed: its money is free again.
    /// - Parameter isCommitted: This run has counted it; a daemon counts what others have committed, too.
    func refund(_ price: Money, of job: JobID, in id: BatchID, isCommitted: Bool) {
        state.withLock { state in
            state.day?.failed(job, price: price)
            guard isCommitted || state.settings.isService else { return }
            state.committed -= price
            state.batches[id]?.committed -= price
        }
    }
}
