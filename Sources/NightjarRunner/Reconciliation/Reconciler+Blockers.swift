internal import NightjarCore

/// What stands in the way of showing a job absent (rule 6f, section 7).
extension Reconciler {
    enum Obstacle: Equatable, Sendable {
        case running(RemoteJobID)
        /// Completed, and about to be asked for.
        case unread(RemoteJobID)
        /// It is the job's, and that is being recorded.
        case found(RemoteJobID)
        case notComparable(RemoteJobID)
        case ambiguous(RemoteJobID, others: [JobID])
        /// Its seed fits, and others of the account may have asked for the same one.
        case doubtful(RemoteJobID)
    }

    /// Sorts the candidates by what they may stand in the way of, and gives away those whose owner is known.
    mutating func makeIndex() -> (index: CandidateIndex, steps: [Step]) {
        var index = CandidateIndex()
        var steps: [Step] = []
        for id in candidates.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let tracked = candidates[id] else { continue }
            let candidate = tracked.candidate
            if let step = match(candidate, into: &index) {
                steps.append(step)
                continue
            }
            if tracked.kind != .failed, tellsByPrompt(candidate) { continue }
            index.add(candidate, tracked.kind, firstListed: firstListed[id])
        }
        index.sort()
        return (index, steps)
    }

    /// It shows a prompt, and this API echoes prompts unchanged: who has not asked for that one has nothing to do with it.
    private func tellsByPrompt(_ candidate: Candidate) -> Bool {
        guard candidate.prompt != nil, let model = candidate.model, let known = knowledge.models[model] else {
            return false
        }
        return known.provesPrompts && known.isListedByName
    }

    /// What keeps the job from being shown absent; `nil`: nothing that is known.
    func obstacle(to job: OpenJob, in index: CandidateIndex) -> Obstacle? {
        if let adoption = job.adoption, candidates[adoption.remote] != nil { return .found(adoption.remote) }
        let claims = index.claims[job.id] ?? []
        if let claim = claims.first(where: \.isRunning) { return .running(claim.id) }
        if let id = first(of: \.running, for: job, in: index) { return .running(id) }
        if let claim = claims.first(where: \.isUnread) { return .unread(claim.id) }
        if let id = first(of: \.unread, for: job, in: index) { return .unread(id) }
        if let claim = claims.first(where: { !$0.others.isEmpty }) {
            return .ambiguous(claim.id, others: claim.others)
        }
        if let claim = claims.first { return claim.isDoubtful ? doubt(claim.id, job) : .found(claim.id) }
        if let id = first(of: \.opaque, for: job, in: index) { return .notComparable(id) }
        let known = knowledge.models[job.model] ?? APIKnowledge.Model()
        guard let seed = job.request.seed, !known.provesDifference(from: seed) else { return nil }
        return first(of: \.seeded, for: job, in: index).map(Obstacle.notComparable)
    }

    private func doubt(_ id: RemoteJobID, _ job: OpenJob) -> Obstacle {
        guard let seed = job.request.seed, SeedComparison(candidates[id]?.candidate.seed, seed) == .equal else {
            return .notComparable(id)
        }
        return .doubtful(id)
    }

    private func first(
        of kind: WritableKeyPath<CandidateIndex.Group, Timeline>, for job: OpenJob, in index: CandidateIndex
    ) -> RemoteJobID? {
        var found: RemoteJobID?
        visit(kind, for: job, job.submissions, in: index) { id in
            found = id
            return false
        }
        return found
    }

    /// Candidates of a kind that lie in the windows of `submissions`.
    func visit(
        _ kind: WritableKeyPath<CandidateIndex.Group, Timeline>, for job: OpenJob, _ submissions: [OpenSubmission],
        in index: CandidateIndex, byWindowAlone: Bool = false, _ body: (RemoteJobID) -> Bool
    ) {
        for submission in submissions {
            let window = window(of: submission)
            var goesOn = true
            for (model, group) in index.groups where goesOn && fits(model: model, asked: job.model) {
                group[keyPath: kind].visit(window) { item in
                    if wasListed(item.id, item.firstListed, before: submission) { return true }
                    if !byWindowAlone, let candidate = candidates[item.id]?.candidate, fit(candidate, job) == .no {
                        return true
                    }
                    goesOn = body(item.id)
                    return goesOn
                }
            }
            if !goesOn { return }
        }
    }

    /// Rule 15: a job that FAILED, and that may have been this submission.
    func mayHaveFailed(_ job: OpenJob, _ submission: OpenSubmission, in index: CandidateIndex) -> Bool {
        var found = false
        visit(\.failed, for: job, [submission], in: index) { _ in
            found = true
            return false
        }
        return found
    }

    /// How many jobs at the API are waited for; no more than `limit` are counted.
    func countRunning(for job: OpenJob, in index: CandidateIndex, limit: Int) -> Int {
        var ids = Set((index.claims[job.id] ?? []).filter { $0.isRunning || $0.isUnread }.map(\.id))
        for kind in [\CandidateIndex.Group.running, \.unread] {
            visit(kind, for: job, job.submissions, in: index) { id in
                ids.insert(id)
                return ids.count < limit
            }
        }
        return min(ids.count, limit)
    }
}
