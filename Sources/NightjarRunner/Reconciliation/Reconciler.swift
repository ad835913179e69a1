internal import NightjarCore

/// Decides what became of submissions whose answer was lost: `RECONCILIATION.md` as a state machine. Pure: facts and times
/// are passed in.
///
/// Doubt makes a row a candidate; doubt makes a list no evidence; evidence alone releases money.
struct Reconciler: Sendable {
    struct Settings: Sendable {
        /// Duration, default 30 s: how late after a loss the API may still accept, and its list lag, together (A2).
        var settle: Duration = .seconds(30)
        /// Duration, default 30 s: silence after which a submission counts as lost.
        var timeout: Duration = .seconds(30)
        /// Duration, default 60 s: how far `created_at` and the API's `Date` may disagree (rule 8).
        var margin: Duration = .seconds(60)
        /// Duration, default 5 s: between the two lists of rule 16.
        var gap: Duration = .seconds(5)
        /// Duration, default 10 s: how old the second list may be when the new submission leaves (rule 16).
        var freshness: Duration = .seconds(10)
        /// Duration, default 10 s: the part of `settle` that is for the list's lag; the rest is for accepting late.
        var lag: Duration = .seconds(10)
        /// Duration, default 15 min: how long a submission that was replaced is watched (rule 20).
        var watch: Duration = .seconds(900)
        /// Duration, default 15 s: the longest time between two lists while something is unknown.
        var listGap: Duration = .seconds(15)
        /// Duration, default 60 s: the same once nothing has been lost for `watch`, and for a mere watch.
        var slowListGap: Duration = .seconds(60)
        /// Duration, default 1 day: how far before the intent a list is followed that shows no anchor (rule 6d).
        var anchorReach: Duration = .seconds(86400)
        /// Number, default 4: no list counts earlier than so many `timeout`s after the sending of a request that may be
        /// accepted late.
        var lateTimeouts = 4
        /// Number, default 2000: ids of our own that are remembered.
        var mostOwnIDs = 2000

        init() {}
    }

    /// A job of ours that has an id.
    struct Own: Sendable {
        var at: Moment
        /// The name asked for; `nil` for those of earlier runs.
        var model: String?
        /// When a list was asked for that should have shown it and did not, last.
        var missed: Moment?
    }

    /// The resubmission of a model that went alone (rule 17).
    struct Canary: Sendable {
        var submission: SubmissionID
        var intent: Moment
        /// `nil` while it has no id.
        var remote: RemoteJobID?
    }

    let settings: Settings
    var knowledge: APIKnowledge
    /// How far the API's clock may be off; raises the margin where it is large.
    var clockUncertainty: Duration = .zero

    var jobs: [JobID: OpenJob] = [:]
    /// Which jobs ask for a seed, by `SeedComparison.residue`.
    var jobsBySeed: [Int64: [JobID]] = [:]
    /// The same for seeds over 2⁵³, by the double nearest to them.
    var jobsByDouble: [Double: [JobID]] = [:]
    var jobsByPrompt: [String: [JobID]] = [:]

    var candidates: [RemoteJobID: TrackedCandidate] = [:]
    /// Candidates that are jobs of ours now, until the state is told to forget them.
    var settled: [RemoteJobID] = []
    /// When ids that no job of ours has were listed first, by the end of that list; those still listed, and candidates.
    var firstListed: [RemoteJobID: Moment] = [:]
    var own: [RemoteJobID: Own] = [:]
    /// The ids of `own` in the order in which they were accepted.
    var ownOrder: [RemoteJobID] = []
    /// Own ids were forgotten: that there is none before a moment shows nothing.
    var hasForgottenOwn = false
    /// Models whose jobs were listed under another name.
    var renamedModels: Set<String> = []

    var canaries: [String: Canary] = [:]
    /// Until when the others of a model may go, on the boot clock.
    var released: [String: Int64] = [:]

    /// Jobs that money or a limit keeps from being submitted again: nothing is waited for on their account.
    var mayNotLeave: Set<JobID> = []

    /// The first and the latest moment heard of.
    var firstMoment: Moment?
    var latest: Moment?
    /// When the last list was asked for, whether or not it came.
    var lastAsked: Moment?
    var lastAttempt: Moment?
    /// When something was learnt last.
    var lastLearnt: Moment?
    /// How lists were ordered that showed it.
    var knownOrder: ListReading.Order?
    var listNumber = 0
    /// Why the last list failed; `nil` when it came.
    var listFailure: String?

    init(_ settings: Settings = Settings(), knowledge: APIKnowledge) {
        self.settings = settings
        self.knowledge = knowledge
    }

    /// What the state held at the start.
    /// - Parameters:
    ///   - candidates: Those that belong to a job of this state are dropped where `accepted` names them.
    ///   - accepted: The newest ids of our own, oldest first, also from before the submissions: they anchor lists.
    mutating func restore(
        _ submissions: [OpenSubmission], candidates: [Candidate], accepted: [(id: RemoteJobID, at: Moment)]
    ) {
        for submission in submissions { insert(submission) }
        for id in jobs.keys {
            // Turned away when it was submitted again: rule 16 holds for it whatever it is called.
            guard let job = jobs[id], job.state == .pending || job.state == .waiting else { continue }
            if let last = job.submissions.last, last.lost != nil, !last.isReplaced { jobs[id]?.state = .unknown }
        }
        for (id, moment) in accepted { remember(own: id, Own(at: moment)) }
        settled = candidates.map(\.id).filter { own[$0] != nil }
        for candidate in candidates where own[candidate.id] == nil {
            self.candidates[candidate.id] = TrackedCandidate(candidate, isDurable: true)
        }
    }

    /// The candidate is a job of ours: it is none any more.
    mutating func settle(_ candidate: RemoteJobID) {
        if candidates.removeValue(forKey: candidate)?.isDurable == true { settled.append(candidate) }
    }

    /// Nothing is open, and nothing is left to be forgotten.
    var isIdle: Bool { jobs.isEmpty && candidates.isEmpty && settled.isEmpty }

    /// A moment was heard of.
    mutating func note(_ now: Moment) {
        if firstMoment == nil { firstMoment = now }
        guard let latest, latest.bootID == now.bootID, latest.boot > now.boot else {
            latest = now.api == nil ? Moment(boot: now.boot, bootID: now.bootID, api: apiTime(of: now)) : now
            return
        }
    }

    mutating func insert(_ submission: OpenSubmission) {
        let id = submission.id.job
        if jobs[id] == nil {
            let job = OpenJob(submission)
            jobs[id] = job
            if let seed = job.request.seed {
                jobsBySeed[SeedComparison.residue(seed), default: []].append(id)
                if seed.magnitude >> 53 != 0 { jobsByDouble[Double(seed), default: []].append(id) }
            }
            jobsByPrompt[job.request.prompt, default: []].append(id)
        } else {
            jobs[id]?.submissions.append(submission)
            jobs[id]?.submissions.sort { $0.id.number < $1.id.number }
            jobs[id]?.state = submission.jobState
        }
    }

    /// Takes a submission out; its job too when it was the last.
    mutating func remove(_ id: SubmissionID) {
        guard var job = jobs[id.job], let index = job.index(of: id) else { return }
        job.submissions.remove(at: index)
        guard job.submissions.isEmpty else {
            jobs[id.job] = job
            return
        }
        jobs[id.job] = nil
        jobsByPrompt[job.request.prompt]?.removeAll { $0 == id.job }
        if jobsByPrompt[job.request.prompt]?.isEmpty == true { jobsByPrompt[job.request.prompt] = nil }
        guard let seed = job.request.seed else { return }
        let residue = SeedComparison.residue(seed)
        jobsBySeed[residue]?.removeAll { $0 == id.job }
        if jobsBySeed[residue]?.isEmpty == true { jobsBySeed[residue] = nil }
        jobsByDouble[Double(seed)]?.removeAll { $0 == id.job }
        if jobsByDouble[Double(seed)]?.isEmpty == true { jobsByDouble[Double(seed)] = nil }
    }

    mutating func remember(own id: RemoteJobID, _ entry: Own) {
        if own.updateValue(entry, forKey: id) == nil { ownOrder.append(id) }
        // Half at a time, so that forgetting costs little.
        guard ownOrder.count > settings.mostOwnIDs + settings.mostOwnIDs / 2 else { return }
        let forgotten = ownOrder.prefix(ownOrder.count - settings.mostOwnIDs)
        for id in forgotten { own[id] = nil }
        ownOrder.removeFirst(forgotten.count)
        hasForgottenOwn = true
    }
}
