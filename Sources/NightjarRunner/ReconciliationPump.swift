internal import NightjarCore
internal import Synchronization

/// Finds out what became of submissions whose answer was lost.
///
/// What is decided, and when, is the `Reconciler`'s; this reads the lists and candidates that it wants, and writes each
/// step down before it takes effect.
final class ReconciliationPump: Sendable {
    private struct Knowledge: Sendable {
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
    }

    /// How often what is held is written down again when only its words have changed.
    private static let holdsInterval: Duration = .seconds(15)
    /// Candidates asked for at one time.
    private static let mostReading = 4
    /// The newest ids of a list that tell an account.
    private static let anchorCount = 5
    /// Jobs of ours whose presence in a list is checked, at most.
    private static let mostAccepted = 2000

    private let state: RunState
    private let store: any JobStore
    private let service: any ImageService
    private let requests: RequestPath
    private let knowledge: Mutex<Knowledge>
    private let handlers = Mutex<Handlers?>(nil)
    private let changed = Signal()
    /// What follows from one reading is on record before the next one is looked at.
    private let turn = OneAtATime()

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
    func resumeClock() async throws {
        let submissions = try await store.openSubmissions()
        let accepted = try await acceptedIDs()
        let moments =
            submissions.flatMap { [$0.intent, $0.lost?.at].compactMap(\.self) } + accepted.suffix(1).map(\.at)
        knowledge.withLock { knowledge in
            for moment in moments { knowledge.clock.resume(from: moment) }
        }
    }

    /// Whatever their age: they tell this account's list from another's.
    private func acceptedIDs() async throws -> [(id: RemoteJobID, at: Moment)] {
        try await store.acceptedIDs(
            since: Moment(boot: 0, bootID: "", api: WallTime(milliseconds: 0)), limit: Self.mostAccepted)
    }

    /// Takes up what earlier processes left open.
    func restore() async throws {
        let submissions = try await store.openSubmissions()
        let candidates = try await store.candidates()
        let accepted = try await acceptedIDs()
        knowledge.withLock { knowledge in
            knowledge.machine.restore(submissions, candidates: candidates, accepted: accepted)
            for submission in submissions { knowledge.open[submission.id] = submission }
        }
        let now = now
        for submission in submissions where submission.jobState == .unknown && !submission.isReplaced {
            state.waitForUnknown(true)
            state.occupySlot(of: submission.batch)
            holdSlot(submission, at: now)
        }
    }

    /// One list before the first submission: the API's clock, anchors, and what its list can show. Where it fails, the run
    /// goes on without.
    func readFirstList(for batch: BatchID) async throws {
        _ = try await readList(for: batch)
    }

    // MARK: Submissions

    /// Fingerprints that no other submission may have at this time.
    var taken: Set<Fingerprint> {
        knowledge.withLock { knowledge in
            knowledge.machine.taken(at: knowledge.clock.moment(at: state.time.now())).union(knowledge.resubmitting)
        }
    }

    var sendsIdempotencyKey: Bool {
        knowledge.withLock { !$0.machine.knowledge.refusesIdempotencyKey }
    }

    /// The API refuses the header: it is not sent any more.
    func idempotencyKeyIsRefused() async throws {
        knowledge.withLock { $0.machine.knowledge.refusesIdempotencyKey = true }
        try await save()
    }

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

    private func holdSlot(_ submission: OpenSubmission, at now: Moment) {
        let timeout = state.batch(submission.batch)?.settings.retry.jobTimeout ?? .seconds(7200)
        let left = knowledge.withLock { $0.machine.slotEnds(submission.id, jobTimeout: timeout, at: now) }
        state.holdSlot(submission.id.job, of: submission.batch, until: state.time.now() + left)
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
                        await self.state.guarding { try await self.read(id, for: batch) }
                        self.knowledge.withLock { _ = $0.reading.remove(id) }
                        self.changed.notify()
                    }
                }
                let next = knowledge.withLock { $0.machine.nextList(at: $0.clock.moment(at: state.time.now())) }
                if let next, next <= .zero {
                    await state.guarding { _ = try await readList(for: batch) }
                } else {
                    let soon = state.time.now() + min(next ?? .seconds(1), .seconds(1))
                    await changed.wait(since: mark, until: soon, on: state.time)
                }
            }
        }
    }

    /// Once a second: what time alone changes.
    func tick() async throws {
        try await carryOut { $0.tick(at: $1) }
        let now = now
        let (quiet, current) = knowledge.withLock { knowledge in
            (knowledge.machine.quiet(at: now), knowledge.open.values.filter { !$0.isReplaced })
        }
        let held = current.filter { $0.jobState == .unknown }
        knowledge.withLock { knowledge in
            let blocked = held.filter {
                !state.mayResubmit($0.batch, isCommitted: knowledge.committed.contains($0.id.job))
            }
            knowledge.machine.mayNotLeave = Set(blocked.map(\.id.job))
        }
        for submission in held where state.holdsSlot(submission.id.job) { holdSlot(submission, at: now) }
        state.releaseHeldSlots()
        // An answer that is lost next must not find the run over.
        let isOut = current.contains { $0.jobState == .submitting }
        state.waitForUnknown(isOut || !held.isEmpty && (quiet ?? .zero) < state.settings.unknownWait)
        state.seedsFreed()
        try await noteHolds(at: now)
        try await save()
    }

    /// The run ends: what is held, and why, in the words of now.
    func noteAll() async throws {
        try await save()
        try await noteHolds(at: now, isLast: true)
    }

    private func noteHolds(at now: Moment, isLast: Bool = false) async throws {
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

    // MARK: Reading

    enum Listing: Sendable {
        case rows([JobList.Row])
        case failed
        /// No more requests are wanted in this run.
        case notAllowed
    }

    /// Reads the API's list, beyond its first page only as far back as an open submission needs, and carries out what
    /// follows from it.
    /// - Parameter batch: Whose rate and counts the requests go to.
    func readList(for batch: BatchID) async throws -> Listing {
        var reader = ListReader(reachingBackTo: knowledge.withLock { $0.machine.wantsReachBackTo })
        var firstSent: Duration?
        var after: RemoteJobID?
        while true {
            guard try await requests.permission(for: batch) else { return .notAllowed }
            let sent = state.time.now()
            firstSent = firstSent ?? sent
            let page: JobList
            do {
                page = try await service.jobs(after: after)
            } catch {
                requests.ended(RequestCounts(list: 1), batch: batch, failure: error)
                try await carryOut { $0.listFailed(error.words, at: $1) }
                return .failed
            }
            requests.ended(RequestCounts(list: 1), batch: batch, failure: nil)
            let received = state.time.now()
            if let date = page.date {
                knowledge.withLock { knowledge in
                    knowledge.clock.observe(date: date + page.age, sent: sent, received: received)
                    knowledge.machine.clockUncertainty = knowledge.clock.uncertainty
                }
            }
            guard case .page(let next) = reader.add(page) else { break }
            after = next
        }
        let list = reader.reading
        let known = try await store.knownIDs(among: list.rows.map(\.id))
        try await anchor(list)
        let asked = knowledge.withLock { $0.clock.moment(at: firstSent ?? .zero) }
        try await carryOut { machine, now in
            machine.read(list, asked: asked, received: now, known: known)
        }
        return .rows(list.rows)
    }

    /// Keeps the newest ids of the first list of this run: who shows one of them is the account of the submissions to come.
    private func anchor(_ list: ListReading) async throws {
        let isFirst = knowledge.withLock { knowledge in
            defer { knowledge.isAnchored = knowledge.isAnchored || !list.rows.isEmpty }
            return !knowledge.isAnchored
        }
        guard isFirst, !list.rows.isEmpty else { return }
        let newest = list.rows.sorted {
            ($0.createdAt ?? WallTime(milliseconds: .min)) > ($1.createdAt ?? WallTime(milliseconds: .min))
        }
        try await store.noteAnchors(newest.prefix(Self.anchorCount).map(\.id), at: now)
    }

    /// The candidates to ask for now.
    private func takeCandidates() -> [RemoteJobID] {
        knowledge.withLock { knowledge in
            let room = Self.mostReading - knowledge.reading.count
            guard room > 0 else { return [] }
            let wanted = knowledge.machine.candidatesToRead(at: knowledge.clock.moment(at: state.time.now()))
            let time = state.time.now()
            var chosen: [RemoteJobID] = []
            for id in wanted where chosen.count < room && !knowledge.reading.contains(id) {
                if !knowledge.machine.isPressing(id) {
                    // One in ten requests at most, and the pressing ones come first.
                    guard chosen.isEmpty, time >= knowledge.nextWatched else { break }
                    let rate = state.settings.rate
                    knowledge.nextWatched = time + rate.window.duration * 10 / rate.requests
                }
                chosen.append(id)
            }
            knowledge.reading.formUnion(chosen)
            return chosen
        }
    }

    private func read(_ id: RemoteJobID, for batch: BatchID) async throws {
        guard try await requests.permission(for: batch) else { return }
        let reply: RemoteJob?
        do {
            reply = try await service.job(id)
            requests.ended(RequestCounts(get: 1), batch: batch, failure: nil)
        } catch {
            // Another's job may be forbidden, or gone: that says nothing about the account.
            let isForbidden = if case .refused(let trouble) = error { trouble.kind == .forbidden } else { false }
            requests.ended(RequestCounts(get: 1), batch: batch, failure: isForbidden ? .notFound : error)
            guard error == .notFound || isForbidden else { return }
            reply = nil
        }
        try await carryOut { $0.read(candidate: id, reply, at: $1) }
    }

    // MARK: Steps

    /// Lets the machine look at something, and carries out what follows from it: at the same time, so that the steps share
    /// commits, but before anything else is looked at.
    private func carryOut(_ look: @Sendable (inout Reconciler, Moment) -> [Step]) async throws {
        try await turn.taken {
            let steps = knowledge.withLock { knowledge in
                look(&knowledge.machine, knowledge.clock.moment(at: state.time.now()))
            }
            // What is only noted first: an adoption or a duplicate takes its candidate away again.
            for part in [steps.filter(\.isNote), steps.filter { !$0.isNote }] {
                try await withThrowingDiscardingTaskGroup { group in
                    for step in part { group.addTask { try await self.carryOut(step) } }
                }
            }
            if !steps.isEmpty { changed.notify() }
        }
    }

    private func carryOut(_ step: Step) async throws {
        switch step {
        case .adopt(let submission, let id): try await adopt(id, submission)
        case .resubmit(let id, let first, let second, let usesTry):
            knowledge.withLock { knowledge in
                guard let submission = knowledge.open[id] else { return }
                knowledge.resubmissions[id] = PendingResubmission(
                    submission: submission, first: first, second: second, usesTry: usesTry,
                    isCommitted: knowledge.committed.contains(id.job))
            }
            state.changed.notify()
        case .duplicate(let id, let job): try await duplicate(id, of: job)
        case .noteEvidence(let id, let moment):
            // What another list has shown absent waits no longer for its turn.
            knowledge.withLock { _ = $0.resubmissions.removeValue(forKey: id) }
            try await store.noteEvidence(moment, of: id)
            Failpoint.evidenceNoted.reach()
        case .noteCandidates(let candidates):
            try await store.noteCandidates(candidates)
            Failpoint.candidatesNoted.reach()
        case .forgetCandidates(let ids): try await store.forgetCandidates(ids)
        case .close(let ids):
            try await store.closeSubmissions(ids)
            knowledge.withLock { knowledge in
                for id in ids { knowledge.open.removeValue(forKey: id) }
            }
        }
    }

    private func adopt(_ remote: RemoteJobID, _ id: SubmissionID) async throws {
        guard let submission = knowledge.withLock({ $0.open[id] }) else { return }
        let at = now
        let outcome = try await store.record(
            JobChange(
                job: id.job, batch: submission.batch, from: .unknown,
                to: .submitted(remote, attempt: submission.attempt), at: state.time.wall(),
                spent: submission.price, submission: id.number, acceptedAt: at))
        Failpoint.adopted.reach()
        guard outcome == .recorded else { return }
        knowledge.withLock { knowledge in
            knowledge.machine.moved(id.job, to: .submitted)
            for other in knowledge.open.keys where other.job == id.job { knowledge.open[other]?.jobState = .submitted }
            knowledge.open.removeValue(forKey: id)
        }
        state.takeOverSlot(id.job, of: submission.batch)
        state.moved(submission.batch, from: .unknown, to: .submitted, spent: submission.price)
        state.emit(.submitted(submission.reference, remote), batch: submission.batch)
        state.seedsFreed()
        let isCommitted = knowledge.withLock { $0.committed.contains(id.job) }
        if let job = try await store.runningJob(id.job) { handlers.withLock { $0 }?.follow(job, isCommitted) }
    }

    private func duplicate(_ id: RemoteJobID, of job: JobID) async throws {
        guard let submission = knowledge.withLock({ $0.open.values.first { $0.id.job == job } }) else { return }
        let isNew = try await store.noteDuplicate(id, of: job, price: submission.price, now: state.time.wall())
        Failpoint.duplicateNoted.reach()
        guard isNew else { return }
        state.spent(submission.price, by: submission.batch)
        let words = "\(id) was paid for besides the job's own image (job \(submission.reference.key)); it is kept"
        state.emit(.gate(reason: words, until: nil), batch: submission.batch)
        handlers.withLock { $0 }?.fetchDuplicate(id, job, submission.batch)
    }

    // MARK: Submitting again

    /// The next job to be submitted again; these go before new ones.
    func takeResubmission() -> PendingResubmission? {
        let now = now
        return knowledge.withLock { knowledge in
            while let (id, resubmission) = knowledge.resubmissions.min(by: { $0.key.job < $1.key.job }) {
                knowledge.resubmissions.removeValue(forKey: id)
                guard knowledge.machine.mayStillResubmit(id, at: now),
                    let fingerprint = resubmission.submission.request.fingerprint,
                    knowledge.resubmitting.insert(fingerprint).inserted
                else { continue }
                return resubmission
            }
            return nil
        }
    }

    /// Whether an earlier submission of the job is open: what is sent now repeats it.
    func repeatsAnother(_ job: ClaimedJob) -> Bool {
        knowledge.withLock { $0.open.keys.contains { $0.job == job.id && $0.number < job.submission } }
    }

    /// Whether what shows a job absent is complete, and fresh.
    func isStillAbsent(_ id: SubmissionID) -> Bool {
        knowledge.withLock { $0.machine.mayStillResubmit(id, at: $0.clock.moment(at: state.time.now())) }
    }

    /// Another submission has begun, or comes with a later list.
    func endResubmission(_ resubmission: PendingResubmission) {
        guard let fingerprint = resubmission.submission.request.fingerprint else { return }
        knowledge.withLock { _ = $0.resubmitting.remove(fingerprint) }
        state.seedsFreed()
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
