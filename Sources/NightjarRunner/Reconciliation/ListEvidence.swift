internal import NightjarCore

/// Why a list does not count as evidence for a submission.
enum ListObjection: Equatable, Sendable {
    /// Rows in no order, or pages that do not join (rule 6b).
    case unsorted
    /// All rows were made at nearly the same time: whether it begins with the newest does not show.
    case noOrderShown
    /// Rule 7.
    case empty
    /// The oldest row (rule 6c).
    case tooShort(WallTime?)
    /// None of the ids known before (rule 6d).
    case noAnchor
    /// It should show this job of ours (rule 6e).
    case misses(RemoteJobID)
}

/// What one list shows, for all submissions at once.
struct ListEvidence: Sendable {
    var isEmpty: Bool
    var isOrdered: Bool
    /// It begins with the newest: what it shows is all that came after its oldest row.
    var isNewestFirst: Bool
    /// Nothing shows with which end it begins.
    var isUnclear: Bool
    /// It leaves nothing out.
    var isWhole: Bool
    /// Milliseconds on the API's clock; `nil` where no row says.
    var oldest: Int64?
    var newest: Int64?
    var ids: Set<RemoteJobID>
    /// When the earliest accepted of our own that it shows was accepted.
    var earliestOwn: Moment?
    /// The creation of the oldest row whose id the state knows.
    var oldestKnown: Int64?
    /// One of ours that it should show and does not.
    var missing: RemoteJobID?
}

extension Reconciler {
    /// Rules 6b to 6e; `nil`: the list counts but for blockers, and for when it was asked for.
    func objection(to list: ListEvidence, for submission: OpenSubmission) -> ListObjection? {
        guard list.isOrdered else { return .unsorted }
        let window = window(of: submission)
        let witness = list.newest.map { $0 > window.end } ?? false
        if !list.isWhole {
            if list.isEmpty { return .empty }
            if list.isUnclear, !witness { return .noOrderShown }
            guard reachesBack(list, submission, window, hasWitness: witness) else {
                return .tooShort(list.oldest.map { WallTime(milliseconds: $0) })
            }
        }
        if hasAnchor(submission), !showsAnchor(list, submission, window) { return .noAnchor }
        if !witness, let missing = list.missing { return .misses(missing) }
        return nil
    }

    private func reachesBack(
        _ list: ListEvidence, _ submission: OpenSubmission, _ window: Window, hasWitness: Bool
    ) -> Bool {
        // The time of an intent is lost where the machine restarted before the API had told its own. An id that was listed
        // before the intent is older than it all the same.
        if window.start == .min { return list.isNewestFirst && submission.anchors.contains(where: list.ids.contains) }
        // `window.start` is the intent less the margin. Of the oldest first a list may leave out the newest.
        guard let oldest = list.oldest, oldest < window.start else { return false }
        return list.isNewestFirst || hasWitness
    }

    /// Whether the state knew an id before the intent (rule 6d).
    private func hasAnchor(_ submission: OpenSubmission) -> Bool {
        if !submission.anchors.isEmpty || hasForgottenOwn { return true }
        guard let first = ownOrder.first, let oldest = own[first] else { return false }
        return isEarlier(oldest.at, than: submission.intent) ?? true
    }

    private func showsAnchor(_ list: ListEvidence, _ submission: OpenSubmission, _ window: Window) -> Bool {
        if submission.anchors.contains(where: list.ids.contains) { return true }
        if let earliest = list.earliestOwn, isEarlier(earliest, than: submission.intent) == true { return true }
        return list.oldestKnown.map { $0 < window.start } ?? false
    }

    /// Takes in what a list shows of our own jobs, and of the list itself.
    /// - Parameter asked: Less what caches have kept of it.
    mutating func examine(_ list: ListReading, asked: Moment, known: Set<RemoteJobID>) -> ListEvidence {
        let times = list.rows.compactMap { $0.createdAt?.milliseconds }
        let order = list.order
        if order == .newestFirst || order == .oldestFirst { knownOrder = order }
        let isShorter = list.isOneReply && !list.rows.isEmpty && list.rows.count < knowledge.longestList
        let isUnclear = order == .unclear && knownOrder == nil && list.rows.count > 1
        var evidence = ListEvidence(
            isEmpty: list.rows.isEmpty, isOrdered: !list.isBroken && order != .none,
            isNewestFirst: order == .newestFirst || (order == .unclear && !isUnclear && knownOrder != .oldestFirst),
            isUnclear: isUnclear,
            isWhole: list.isWhole || isShorter, oldest: times.min(), newest: times.max(),
            ids: Set(list.rows.map(\.id)))
        if list.isOneReply { knowledge.longestList = max(knowledge.longestList, list.rows.count) }
        for row in list.rows {
            if known.contains(row.id) || own[row.id] != nil, let time = row.createdAt?.milliseconds {
                evidence.oldestKnown = min(evidence.oldestKnown ?? time, time)
            }
            guard let entry = own[row.id] else { continue }
            if evidence.earliestOwn.map({ isEarlier(entry.at, than: $0) == true }) ?? true {
                evidence.earliestOwn = entry.at
            }
            note(entry, listedAs: row)
        }
        evidence.missing = noteMissing(evidence, asked: asked)
        return evidence
    }

    private mutating func note(_ entry: Own, listedAs row: JobList.Row) {
        if let missed = entry.missed {
            knowledge.worstLag = max(knowledge.worstLag, missed.since(entry.at) ?? .zero)
            own[row.id]?.missed = nil
        }
        guard let model = entry.model, let listed = row.model else { return }
        if listed != model { renamedModels.insert(model) }
        let isListed = !renamedModels.contains(model)
        if (knowledge.models[model]?.isListedByName ?? false) != isListed {
            knowledge.models[model, default: APIKnowledge.Model()].isListedByName = isListed
        }
    }

    /// Our own that the list should show and does not; the newest of those accepted since the earliest intent in question.
    private mutating func noteMissing(_ list: ListEvidence, asked: Moment) -> RemoteJobID? {
        guard list.earliestOwn != nil || list.oldestKnown != nil || !own.isEmpty else { return nil }
        let margin = margin.milliseconds
        let earliest = earliestIntent
        var missing: RemoteJobID?
        for id in ownOrder where !list.ids.contains(id) {
            guard let entry = own[id], isEarlier(entry.at, than: asked) == true else { continue }
            guard
                list.isWhole
                    || (list.oldest.map { oldest in
                        (apiTime(of: entry.at)?.milliseconds).map { $0 > oldest + margin } ?? false
                    } ?? false)
            else { continue }
            // Another account's list says nothing about this one's lag.
            if list.earliestOwn != nil { own[id]?.missed = asked }
            if let earliest, isEarlier(earliest, than: entry.at) == true { missing = id }
        }
        return missing
    }

    /// The earliest intent of the submissions that wait for evidence.
    private var earliestIntent: Moment? {
        jobs.values.lazy.compactMap(\.current).map(\.intent).reduce(nil) { earliest, intent in
            guard let earliest else { return intent }
            return isEarlier(intent, than: earliest) == true ? intent : earliest
        }
    }
}
