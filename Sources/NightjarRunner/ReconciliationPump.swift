internal import NightjarCore
internal import Synchronization

/// Finds out what became of submissions whose answer was lost.
///
/// What is decided, and when, is the `Reconciler`'s; this reads the lists and candidates that it wants, and writes each
/// step down before it takes effect.
final class ReconciliationPump: Sendable {
    /// Its lock may be held while that of `RunState` is taken, never the other way round.
    struct Knowledge: Sendable {
        var machine: Reconciler
        var clock: APIClock
        /// Submissions by number, as long as they are open: what a step names.
        var open: [SubmissionID: OpenSubmission] = [:]
        /// Jobs whose money this run has counted.
        var committed: Set<JobID> = []
        var holds: [SubmissionID: Hold] = [:]
        var holdsNotedAt: Duration = .zero
        var saved: APIKnowledge
        var isAnchored = false
        /// Candidates that are being asked for.
        var reading: Set<RemoteJobID> = []
        /// When the next candidate may be asked for that is only watched.
        var nextWatched: Duration = .zero
        var resubmissions: [SubmissionID: PendingResubmission] = [:]
        /// Those of jobs that are on their way to another submission.
        var resubmitting: Set<Fingerprint> = []
        /// The API has not answered once in this run, and fails.
        var isUnanswered = false
    }

    /// How often what is held is written down again when only its words have changed.
    static let holdsInterval: Duration = .seconds(15)
    /// Candidates asked for by a run that has nothing else to do.
    static let mostLooks = 20
    /// Candidates asked for at one time.
    static let mostReading = 4
    /// The newest ids of a list that tell an account, and that a submission after it cannot have. Others of the account may
    /// have the same seeds, so after a kill as many as possible are still known to be older.
    static let anchorCount = 500
    /// Jobs of ours whose presence in a list is checked, at most.
    static let mostAccepted = 2000

    let state: RunState
    let store: any JobStore
    let service: any ImageService
    let requests: RequestPath
    let knowledge: Mutex<Knowledge>
    let handlers = Mutex<Handlers?>(nil)
    let changed = Signal()
    /// What follows from one reading is on record before the next one is looked at.
    let turn = OneAtATime()

    /// Who goes on with what was found.
    struct Handlers: Sendable {
        /// The second value: whether this run has counted its money.
        var follow: @Sendable (RunningJob, Bool) -> Void
        var fetchDuplicate: @Sendable (RemoteJobID, JobID, BatchID) -> Void
    }

    init(
        state: RunState, store: any JobStore, service: any ImageService, requests: RequestPath,
        knowledge: APIKnowledge
    ) {
        self.state = state
        self.store = store
        self.service = service
        self.requests = requests
        var settings = Reconciler.Settings()
        settings.settle = state.settings.settle
        settings.timeout = state.settings.timeout
        // A run that waits for little must not end between two lists.
        settings.listGap = min(settings.listGap, max(state.settings.unknownWait / 3, .seconds(1)))
        self.knowledge = Mutex(
            Knowledge(
                machine: Reconciler(settings, knowledge: knowledge), clock: APIClock(bootID: state.time.bootID),
                saved: knowledge))
    }

    /// Called once, before anything else.
    func connect(_ handlers: Handlers) {
        self.handlers.withLock { $0 = handlers }
    }

    /// Now, on the clocks that outlive this process.
    var now: Moment {
        knowledge.withLock { $0.clock.moment(at: state.time.now()) }
    }

    /// Ends the waiting, since the run may be over.
    func wake() {
        changed.notify()
    }

    // MARK: The start

    /// Goes on with the API's clock as an earlier process knew it, so that what it left is dated by that.
    /// - Returns: The newest ids of ours, whatever their age: they tell this account's list from another's.
    func resumeClock() async throws -> [(id: RemoteJobID, at: Moment)] {
        let submissions = try await store.openSubmissions()
        let accepted = try await store.acceptedIDs(limit: Self.mostAccepted)
        let moments =
            submissions.flatMap { [$0.intent, $0.lost?.at].compactMap(\.self) } + accepted.suffix(1).map(\.at)
        knowledge.withLock { knowledge in
            for moment in moments { knowledge.clock.resume(from: moment) }
        }
        return accepted
    }

    /// Takes up what earlier processes left open.
    /// - Parameter accepted: The newest ids of ours, oldest first.
    func restore(accepted: [(id: RemoteJobID, at: Moment)]) async throws {
        let submissions = try await store.openSubmissions()
        let candidates = try await store.candidates()
        let countsAll = state.settings.isService
        knowledge.withLock { knowledge in
            knowledge.machine.restore(submissions, candidates: candidates, accepted: accepted)
            for submission in submissions { knowledge.open[submission.id] = submission }
            // A daemon has counted the money of every process before it.
            if countsAll { knowledge.committed.formUnion(submissions.map(\.id.job)) }
        }
        let now = now
        for submission in submissions where submission.jobState == .unknown && !submission.isReplaced {
            state.waitForUnknown(true)
            state.occupySlot(of: submission.batch, model: submission.request.parameters.model)
            holdSlot(submission, at: now)
        }
    }

    /// Whether a submission of an earlier run is open.
    var isWatching: Bool {
        knowledge.withLock { !$0.open.isEmpty }
    }

    /// Batches of which a submission is open.
    var watchedBatches: Set<BatchID> {
        knowledge.withLock { Set($0.open.values.map(\.batch)) }
    }

    /// Asks once for what may have been paid for twice, in a run that has nothing else to do.
    func lookAtWatched(for batch: BatchID) async throws {
        let candidates = knowledge.withLock {
            $0.machine.candidatesToRead(at: $0.clock.moment(at: state.time.now())).prefix(Self.mostLooks)
        }
        for id in candidates { try await read(id, for: batch) }
    }

    /// One list before the first submission: the API's clock, anchors, and what its list can show. Where it fails, the run
    /// goes on without.
    func readFirstList(for batch: BatchID) async throws {
        _ = try await readList(for: batch)
    }

    // MARK: Submissions

    /// The intent of a job is durable, and its request about to leave.
    func began(_ job: ClaimedJob) throws {
        let submission = OpenSubmission(
            id: SubmissionID(job: job.id, number: job.submission), batch: job.batch, reference: job.reference,
            request: job.request, price: job.price, attempt: job.attempt, intent: job.intent)
        try knowledge.withLock { knowledge in
            // A person's decision that was carried out at this very moment: the claim may know of it first.
            if !job.isRepeated { knowledge.machine.moved(job.id, to: .pending) }
            try knowledge.machine.began(submission)
            for other in knowledge.open.keys where other.job == job.id { knowledge.open[other]?.isReplaced = true }
            knowledge.open[submission.id] = submission
            knowledge.committed.insert(job.id)
        }
    }

    func accepted(_ id: RemoteJobID, _ job: ClaimedJob) {
        let submission = SubmissionID(job: job.id, number: job.submission)
        knowledge.withLock { knowledge in
            knowledge.machine.accepted(
                submission, as: id, at: knowledge.clock.moment(at: state.time.now()))
            knowledge.open.removeValue(forKey: submission)
            // Nobody asks any more: a daemon submits for months.
            if !knowledge.open.keys.contains(where: { $0.job == job.id }) { knowledge.committed.remove(job.id) }
        }
        state.seedsFreed()
    }

    /// Certainly not accepted.
    /// - Parameter left: What the job is now; `unknown` where an earlier submission of it is still open.
    func ended(_ job: ClaimedJob, leaving left: JobState) {
        let submission = SubmissionID(job: job.id, number: job.submission)
        knowledge.withLock { knowledge in
            knowledge.machine.ended(submission, leaving: left)
            knowledge.open.removeValue(forKey: submission)
            knowledge.committed.remove(job.id)
            let earlier = knowledge.open.keys.filter { $0.job == job.id }
            for id in earlier { knowledge.open[id]?.jobState = left }
            if left == .unknown, let last = earlier.max(by: { $0.number < $1.number }) {
                knowledge.open[last]?.isReplaced = false
            }
        }
        state.seedsFreed()
    }

    /// The loss is on record.
    func lost(_ lost: OpenSubmission.Lost, _ job: ClaimedJob) throws {
        let id = SubmissionID(job: job.id, number: job.submission)
        let submission: OpenSubmission? = try knowledge.withLock { knowledge in
            try knowledge.machine.lost(id, lost)
            knowledge.open[id]?.lost = lost
            knowledge.open[id]?.jobState = .unknown
            return knowledge.open[id]
        }
        if let submission { holdSlot(submission, at: now) }
        changed.notify()
    }

    /// A job has moved by another way than a step of this pump.
    func moved(_ job: JobID, to jobState: JobState) {
        knowledge.withLock { knowledge in
            knowledge.machine.moved(job, to: jobState)
            for (id, submission) in knowledge.open where id.job == job {
                // One that is out already follows what it knows better.
                if submission.jobState != .submitting { knowledge.open[id]?.jobState = jobState }
            }
        }
        changed.notify()
        state.seedsFreed()
    }

    /// A job of ours was seen completed.
    /// - Parameter took: Since its submission; `nil` where that is not known.
    func learned(from job: RemoteJob, of request: ImageRequest, took: Duration?) {
        knowledge.withLock { $0.machine.learned(from: job, of: request, took: took) }
    }

    /// A job was not submitted again after all: it is still held, and may be at the API.
    func holdSlotAgain(_ job: JobID) {
        guard let submission = held.first(where: { $0.id.job == job }) else { return }
        state.occupySlot(of: submission.batch, model: submission.request.parameters.model)
        holdSlot(submission, at: now)
    }

    func holdSlot(_ submission: OpenSubmission, at now: Moment) {
        let timeout = state.batch(submission.batch)?.settings.retry.jobTimeout ?? .seconds(7200)
        let left = knowledge.withLock { $0.machine.slotEnds(submission.id, jobTimeout: timeout, at: now) }
        state.holdSlot(
            submission.id.job, of: submission.batch, model: submission.request.parameters.model,
            until: state.time.now() + left)
    }

    // MARK: The loop

    func run() async throws {
        await withDiscardingTaskGroup { group in
            while !state.isOver, state.allowsRequests, !Task.isCancelled {
                let mark = changed.mark
                let batch = knowledge.withLock { $0.open.values.min { $0.id.job < $1.id.job }?.batch }
                guard let batch else {
                    await changed.wait(since: mark, on: state.time)
                    continue
                }
                for id in takeCandidates() {
                    group.addTask {
                        await self.whileOpen {
                            try await self.state.health.step(.reconciliation) { try await self.read(id, for: batch) }
                        }
                        self.knowledge.withLock { _ = $0.reading.remove(id) }
                        self.changed.notify()
                    }
                }
                let next = knowledge.withLock { $0.machine.nextList(at: $0.clock.moment(at: state.time.now())) }
                var isRead = false
                if let next, next <= .zero {
                    await whileOpen {
                        let reading = try await state.health.step(.reconciliation) { try await readList(for: batch) }
                        if case .notAllowed = reading { return }
                        isRead = true
                    }
                }
                if !isRead {
                    let soon = state.time.now() + min(next ?? .seconds(1), .seconds(1))
                    await changed.wait(since: mark, until: soon, on: state.time)
                }
            }
        }
    }

    /// Asks the API; the run is not over before it is clear what follows from the answer.
    private func whileOpen(_ part: () async throws -> Void) async {
        guard state.holdOpen() else { return }
        await state.guarding(part)
        waitOrNot(at: now)
        state.letGo()
    }

    /// Once a second: what time alone changes.
    /// - Parameter isUnanswered: The API has not answered once in this run, and fails.
    func tick(isUnanswered: Bool) async throws {
        defer { state.seedsFreed() }
        knowledge.withLock { $0.isUnanswered = isUnanswered }
        // A night without a lost answer pays nothing for this.
        guard knowledge.withLock({ !$0.machine.isIdle || !$0.open.isEmpty || !$0.holds.isEmpty }) else {
            state.waitForUnknown(false)
            return try await save()
        }
        try await carryOut { $0.tick(at: $1) }
        let now = now
        let held = held
        knowledge.withLock { knowledge in
            let blocked = held.filter {
                !state.mayResubmit($0.batch, isCommitted: knowledge.committed.contains($0.id.job))
            }
            knowledge.machine.mayNotLeave = Set(blocked.map(\.id.job))
        }
        for submission in held where state.holdsSlot(submission.id.job) { holdSlot(submission, at: now) }
        state.releaseHeldSlots()
        waitOrNot(at: now)
        try await noteHolds(at: now)
        try await save()
    }

    /// The submissions that wait for a decision.
    private var held: [OpenSubmission] {
        knowledge.withLock { $0.open.values.filter { !$0.isReplaced && $0.jobState == .unknown } }
    }

    /// Whether the run goes on for the unknown jobs (rule 22).
    private func waitOrNot(at now: Moment) {
        let waits = knowledge.withLock { knowledge in
            let current = knowledge.open.values.filter { !$0.isReplaced }
            // An answer that is lost next must not find the run over.
            if current.contains(where: { $0.jobState == .submitting }) { return true }
            guard current.contains(where: { $0.jobState == .unknown }) else { return false }
            // Then it is the API that is waited for, and given up.
            if knowledge.isUnanswered { return true }
            // What the API has not got is submitted again when its batch's time has come.
            let isLate = current.contains { submission in
                let isCommitted = knowledge.committed.contains(submission.id.job)
                return submission.jobState == .unknown && knowledge.machine.isShownAbsent(submission.id.job)
                    && state.waitsForItsTime(submission.batch, isCommitted: isCommitted)
            }
            if isLate { return true }
            return (knowledge.machine.quiet(at: now) ?? .zero) < state.settings.unknownWait
        }
        state.waitForUnknown(waits)
    }

    /// The run ends: what is held, and why, in the words of now.
    func noteAll() async throws {
        try await save()
        try await noteHolds(at: now, isLast: true)
    }

    func noteHolds(at now: Moment, isLast: Bool = false) async throws {
        let time = state.time.now()
        let changes: [SubmissionID: Hold?] = knowledge.withLock { knowledge in
            let holds = knowledge.machine.holds(at: now)
            let wordsCount = isLast || time - knowledge.holdsNotedAt >= Self.holdsInterval
            var changes: [SubmissionID: Hold?] = [:]
            for (id, hold) in holds {
                let known = knowledge.holds[id]
                if known?.reason != hold.reason || wordsCount && known != hold { changes[id] = .some(hold) }
            }
            for id in knowledge.holds.keys where holds[id] == nil { changes[id] = .some(nil) }
            for (id, hold) in changes { knowledge.holds[id] = hold }
            if wordsCount { knowledge.holdsNotedAt = time }
            return changes
        }
        if !changes.isEmpty { try await store.noteHolds(changes) }
    }

    /// Writes down what has been learnt of the API's ways.
    func save() async throws {
        let fresh: APIKnowledge? = knowledge.withLock { knowledge in
            guard knowledge.saved != knowledge.machine.knowledge else { return nil }
            knowledge.saved = knowledge.machine.knowledge
            return knowledge.saved
        }
        if let fresh { try await store.setAPIKnowledge(fresh) }
    }
}

/// A job that was shown absent, on its way to another submission.
struct PendingResubmission: Sendable {
    var submission: OpenSubmission
    /// When the two lists that show it absent were asked for.
    var first: Moment
    var second: Moment
    var usesTry: Bool
    /// This run has counted its money and its submission already.
    var isCommitted: Bool
}
