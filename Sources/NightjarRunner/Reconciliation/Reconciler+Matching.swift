internal import NightjarCore

/// Whose a candidate is (rules 9 to 15).
extension Reconciler {
    enum Fit: Sendable {
        case no
        /// It may be the job's, and nothing proves it.
        case doubtful
        case yes
    }

    enum Place: Equatable, Sendable {
        case outside
        /// In the window of this submission, the newest of those that it lies in.
        case inside(SubmissionID)
        /// Made after the window of this one.
        case after(SubmissionID)
    }

    /// Rule 9: whether a row of this model may be a job that asked for that one.
    func fits(model row: String?, asked: String) -> Bool {
        row == nil || row == asked || knowledge.models[asked]?.isListedByName != true
    }

    /// Rules 10, 11, 13 and 14.
    func fit(_ candidate: Candidate, _ job: OpenJob) -> Fit {
        guard fits(model: candidate.model, asked: job.model) else { return .no }
        let known = knowledge.models[job.model] ?? APIKnowledge.Model()
        let samePrompt = candidate.prompt.map { $0 == job.request.prompt }
        if samePrompt == false, known.provesPrompts { return .no }
        guard let seed = job.request.seed else {
            return samePrompt == true && candidate.model == job.model ? .yes : .no
        }
        let decidesByPrompt = samePrompt == true && candidate.isRead && !job.sharesSeed
        switch SeedComparison(candidate.seed, seed) {
        case .equal: return job.sharesSeed && samePrompt != true ? .doubtful : .yes
        case .perhaps: return decidesByPrompt ? .yes : .doubtful
        case .different:
            if known.provesDifference(from: seed) { return .no }
            return decidesByPrompt ? .yes : .doubtful
        }
    }

    func place(_ candidate: Candidate, in job: OpenJob) -> Place {
        var after: SubmissionID?
        for submission in job.submissions.reversed()
        where !wasListed(candidate.id, firstListed[candidate.id], before: submission) {
            let window = window(of: submission)
            if window.contains(candidate.createdAt) { return .inside(submission.id) }
            if after == nil, window.isBefore(candidate.createdAt) { after = submission.id }
        }
        return after.map(Place.after) ?? .outside
    }

    /// Jobs whose seed or prompt the candidate shows, exactly or nearly.
    private func named(by candidate: Candidate) -> Set<JobID> {
        var found: Set<JobID> = []
        switch candidate.seed {
        case .integer(let seed):
            found.formUnion(jobsBySeed[SeedComparison.residue(seed)] ?? [])
            if !jobsByDouble.isEmpty { found.formUnion(jobsByDouble[Double(seed)] ?? []) }
        case .number(let seed): found.formUnion(jobsByDouble[seed] ?? [])
        case .text, nil: break
        }
        if let prompt = candidate.prompt { found.formUnion(jobsByPrompt[prompt] ?? []) }
        return found
    }

    /// Rule 12: to whom the candidate is given, if to anyone; otherwise it is claimed by those that it may be.
    mutating func match(_ candidate: Candidate, into index: inout CandidateIndex) -> Step? {
        if case .failed = candidate.status { return nil }
        if candidate.seed == nil, candidate.prompt == nil { return nil }
        var inside: [(job: OpenJob, submission: SubmissionID, fit: Fit)] = []
        var after: [(job: OpenJob, submission: SubmissionID, fit: Fit)] = []
        for id in named(by: candidate).sorted() {
            guard let job = jobs[id] else { continue }
            let fit = fit(candidate, job)
            if fit == .no { continue }
            switch place(candidate, in: job) {
            case .outside: break
            case .inside(let submission): inside.append((job, submission, fit))
            case .after(let submission): after.append((job, submission, fit))
            }
        }
        let owners = inside.isEmpty ? after : inside
        if let step = decide(candidate, owners) { return step }
        let tracked = candidates[candidate.id]
        for owner in inside {
            index.claims[owner.job.id, default: []].append(
                CandidateIndex.Claim(
                    id: candidate.id, others: inside.map(\.job.id).filter { $0 != owner.job.id },
                    isDoubtful: inside.contains { $0.fit == .doubtful },
                    isRunning: tracked?.isRunning ?? false, isUnread: candidate.seed == nil && !candidate.isRead))
        }
        return nil
    }

    private mutating func decide(
        _ candidate: Candidate, _ owners: [(job: OpenJob, submission: SubmissionID, fit: Fit)]
    ) -> Step? {
        guard let first = owners.first, owners.allSatisfy({ $0.fit == .yes }) else { return nil }
        if owners.count > 1 {
            // The same request, byte for byte, makes the same image. One that is out may still be given this very id.
            guard owners.allSatisfy({ $0.job.request == first.job.request && $0.job.state != .submitting }) else {
                return nil
            }
        }
        guard
            let owner = owners.first(where: { $0.job.state == .unknown && $0.job.adoption?.remote == candidate.id })
                ?? owners.first(where: { $0.job.state == .unknown && $0.job.adoption == nil })
                ?? owners.first(where: { $0.job.state == .unknown })
                ?? owners.first(where: { !$0.job.isUnresolved && $0.job.state != .cancelled })
        else { return nil }
        guard owner.job.state == .unknown else { return .duplicate(candidate.id, of: owner.job.id) }
        // A second row for a job that is about to be given one waits until that is recorded, and is a duplicate then.
        if let adoption = owner.job.adoption, adoption.remote != candidate.id, candidates[adoption.remote] != nil {
            return nil
        }
        jobs[owner.job.id]?.adoption = (owner.submission, candidate.id)
        return .adopt(owner.submission, candidate.id)
    }
}
