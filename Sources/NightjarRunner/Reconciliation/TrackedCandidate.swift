internal import NightjarCore

/// A candidate, with what only this process knows of it.
struct TrackedCandidate: Sendable {
    var candidate: Candidate
    /// It lies in a window, and is to be found in the state: a list may be cut tomorrow. Others are kept while listed.
    var isDurable: Bool
    /// The number of the list that showed it last; 0: none of this process.
    var lastListed = 0
    /// 403 or 404 when asked for by its id.
    var isGone = false
    var reads = 0
    /// When it was asked for last.
    var lastRead: Moment?

    init(_ candidate: Candidate, isDurable: Bool) {
        self.candidate = candidate
        self.isDurable = isDurable
    }

    /// What stands in the way of showing a submission absent, as far as the row alone tells.
    enum Kind: Sendable {
        /// Costs nothing, blocks nothing (rule 15).
        case failed
        /// QUEUED, PROCESSING or unheard of: whose it is shows when it has ended.
        case running
        /// COMPLETED, and not asked for yet.
        case unread
        /// Its reply names no seed that can be compared.
        case opaque
        /// Whose it is can be told by its seed.
        case seeded
    }

    var kind: Kind {
        if case .failed = candidate.status { return .failed }
        if let seed = candidate.seed {
            if case .text = seed { return .opaque }
            return .seeded
        }
        if candidate.isRead { return .opaque }
        if case .completed = candidate.status { return .unread }
        return .running
    }

    var isRunning: Bool {
        switch candidate.status {
        case .queued, .processing, .unheardOf: true
        case .completed, .failed: false
        }
    }

    /// The status as a list or a reply has it now. What has ended stays ended (A4): a list may be older than a reply.
    /// - Returns: Whether anything has changed.
    mutating func update(status: RemoteJob.Status, createdAt: WallTime?, model: String?) -> Bool {
        let before = candidate
        switch (candidate.status, status) {
        case (.failed, _), (.completed(.some), _), (.completed, .queued), (.completed, .processing),
            (.completed, .unheardOf):
            break
        default: candidate.status = status
        }
        candidate.createdAt = createdAt ?? candidate.createdAt
        candidate.model = model ?? candidate.model
        return candidate != before
    }
}

/// Rows of one kind and model in order of time, so that those of a window are found without looking at the others.
struct Timeline: Sendable {
    struct Item: Sendable {
        var id: RemoteJobID
        var time: Int64
        var firstListed: Moment?
    }

    private var timed: [Item] = []
    private var timeless: [Item] = []

    mutating func add(_ candidate: Candidate, firstListed: Moment?) {
        let item = Item(id: candidate.id, time: candidate.createdAt?.milliseconds ?? 0, firstListed: firstListed)
        if candidate.createdAt == nil { timeless.append(item) } else { timed.append(item) }
    }

    mutating func sort() {
        timed.sort { ($0.time, $0.id.rawValue) < ($1.time, $1.id.rawValue) }
    }

    /// Calls `body` for what may lie in the window, the newest first, until it says `false`.
    func visit(_ window: Window, _ body: (Item) -> Bool) {
        for item in timeless where !body(item) { return }
        var low = 0
        var high = timed.count
        while low < high {
            let middle = (low + high) / 2
            if timed[middle].time <= window.end { low = middle + 1 } else { high = middle }
        }
        var index = low - 1
        while index >= 0, timed[index].time >= window.start {
            if !body(timed[index]) { return }
            index -= 1
        }
    }
}

/// All candidates that may stand in the way of many submissions, by kind and by the model that their rows name.
struct CandidateIndex: Sendable {
    struct Group: Sendable {
        var failed = Timeline()
        var running = Timeline()
        var unread = Timeline()
        var opaque = Timeline()
        var seeded = Timeline()
    }

    /// Under `nil` those whose rows name no model.
    var groups: [String?: Group] = [:]
    /// Rows that fit a job by seed or prompt and that nobody could be given.
    var claims: [JobID: [Claim]] = [:]

    struct Claim: Sendable {
        var id: RemoteJobID
        /// The others that it fits.
        var others: [JobID]
        /// It shows a seed that others may have asked for too, or one that is only nearly the same.
        var isDoubtful: Bool
        var isRunning: Bool
        /// It shows no seed yet.
        var isUnread: Bool
    }
}

extension CandidateIndex {
    mutating func add(_ candidate: Candidate, _ kind: TrackedCandidate.Kind, firstListed: Moment?) {
        switch kind {
        case .failed: groups[candidate.model, default: Group()].failed.add(candidate, firstListed: firstListed)
        case .running: groups[candidate.model, default: Group()].running.add(candidate, firstListed: firstListed)
        case .unread: groups[candidate.model, default: Group()].unread.add(candidate, firstListed: firstListed)
        case .opaque: groups[candidate.model, default: Group()].opaque.add(candidate, firstListed: firstListed)
        case .seeded: groups[candidate.model, default: Group()].seeded.add(candidate, firstListed: firstListed)
        }
    }

    mutating func sort() {
        for model in groups.keys {
            groups[model]?.failed.sort()
            groups[model]?.running.sort()
            groups[model]?.unread.sort()
            groups[model]?.opaque.sort()
            groups[model]?.seeded.sort()
        }
    }
}
