internal import NightjarCore

/// Whose turn it is to be submitted again (rule 17).
extension Reconciler {
    /// Whether the submission is shown absent by lists that are fresh now (rule 16).
    func mayStillResubmit(_ id: SubmissionID, at now: Moment) -> Bool {
        guard let job = jobs[id.job], let current = job.current, current.id == id, isAbsent(job) else { return false }
        guard let second = job.lastCounted, elapsed(since: second, at: now) <= settings.freshness else { return false }
        return job.fingerprint.map { !isTaken($0, forOthersThan: id.job, at: now) } ?? false
    }

    /// Shown absent, however long ago.
    func isAbsent(_ job: OpenJob) -> Bool {
        guard let first = job.current?.firstCounted, let second = job.lastCounted else { return false }
        return (second.since(first) ?? .zero) >= settings.gap
    }

    /// The submissions whose turn it is: one a model, or all of a model's once a list has shown the one that went first.
    func turns(at now: Moment) -> [Step] {
        var byModel: [String: [OpenJob]] = [:]
        for job in jobs.values {
            guard let current = job.current, mayStillResubmit(current.id, at: now) else { continue }
            byModel[job.model, default: []].append(job)
        }
        var steps: [Step] = []
        for model in byModel.keys.sorted() {
            let isReleased = isReleased(model, at: now)
            if waitsForCanary(model, at: now) { continue }
            var used: Set<Fingerprint> = []
            for job in (byModel[model] ?? []).sorted(by: { $0.id < $1.id }) {
                guard let current = job.current, let first = current.firstCounted, let second = job.lastCounted,
                    let fingerprint = job.fingerprint, used.insert(fingerprint).inserted
                else { continue }
                steps.append(
                    .resubmit(current.id, first: first, second: second, usesTry: job.usesTry))
                if !isReleased { break }
            }
        }
        return steps
    }

    /// Another job of the model has gone first, and no list has shown it yet. Where lists show that it was lost, and that the
    /// API has not got it, one goes first again.
    func waitsForCanary(_ model: String, at now: Moment) -> Bool {
        guard let canary = canaries[model], !isReleased(model, at: now) else { return false }
        guard let job = jobs[canary.submission.job], job.current?.id == canary.submission else { return true }
        return !isAbsent(job)
    }

    func isReleased(_ model: String, at now: Moment) -> Bool {
        released[model].map { now.boot <= $0 } ?? false
    }

    /// A resubmission leaves: the first of its model goes alone.
    mutating func startedAgain(_ submission: OpenSubmission, at now: Moment) {
        let model = submission.request.parameters.model
        jobs[submission.id.job]?.wasUnknown = true
        jobs[submission.id.job]?.replacedByPerson = false
        guard !waitsForCanary(model, at: now), !isReleased(model, at: now) else { return }
        canaries[model] = Canary(submission: submission.id, intent: now)
    }

    /// Lists show new jobs: those that the same list shows absent, or one soon after, go together.
    mutating func release(shownBy listed: Set<RemoteJobID>, at now: Moment) {
        for (model, canary) in canaries {
            var isShown = canary.remote.map(listed.contains) ?? false
            if let adoption = jobs[canary.submission.job]?.adoption, listed.contains(adoption.remote) { isShown = true }
            guard isShown else { continue }
            canaries[model] = nil
            released[model] = now.boot + settings.freshness.milliseconds
        }
    }

    /// It was not accepted: another goes first.
    mutating func endCanary(of id: SubmissionID) {
        guard let model = jobs[id.job]?.model, canaries[model]?.submission == id else { return }
        canaries[model] = nil
    }

    /// Its job is decided: without an id there is nothing for a list to show.
    mutating func settleCanary(of job: OpenJob) {
        guard let canary = canaries[job.model], canary.submission.job == job.id, canary.remote == nil else { return }
        if let adoption = job.adoption {
            canaries[job.model]?.remote = adoption.remote
        } else {
            canaries[job.model] = nil
        }
    }
}
