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

    /// Whether a job is undecided and shown absent, however long ago.
    func isShownAbsent(_ job: JobID) -> Bool {
        jobs[job].map { $0.current != nil && isAbsent($0) } ?? false
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

    /// Another job of the model has gone first, and no list has shown it yet. One whose own answer was lost is waited for
    /// until it has settled: what became of it may never be known, and the next one goes alone too.
    func waitsForCanary(_ model: String, at now: Moment) -> Bool {
        guard let canary = canaries[model], !isReleased(model, at: now) else { return false }
        guard let current = jobs[canary.submission.job]?.current, current.id == canary.submission,
            let lost = current.lost
        else { return true }
        // The API has it, and gives no id that a list could show.
        if lost.loss.kind == .keyKnown || lost.loss.kind == .sharedID { return false }
        return settles(current, at: now) > .zero
    }

    func isReleased(_ model: String, at now: Moment) -> Bool {
        released[model].map { now.boot <= $0 } ?? false
    }

    /// A resubmission leaves: the first of its model goes alone.
    mutating func startedAgain(_ submission: OpenSubmission, at now: Moment) {
        let model = submission.request.parameters.model
        guard !waitsForCanary(model, at: now), !isReleased(model, at: now) else { return }
        canaries[model] = Canary(submission: submission.id, intent: now)
    }

    /// Where no other job of the model waits for a decision, none has to wait until a list shows the one that went first.
    mutating func dropNeedlessCanaries() {
        guard canaries.values.contains(where: { $0.remote != nil }) else { return }
        let waiting = Set(undecided.map(\.job.model))
        for (model, canary) in canaries where canary.remote != nil && !waiting.contains(model) { canaries[model] = nil }
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
