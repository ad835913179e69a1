internal import NightjarCore

extension Reconciler {
    /// Rule 8.
    var margin: Duration { max(settings.margin, .seconds(2) + clockUncertainty) }

    /// How long after a loss a list must be asked for to count, by what has been seen of the list's lag (section 6).
    var settle: Duration { max(settings.settle, settings.settle - settings.lag + knowledge.worstLag * 2) }

    /// A moment on the API's clock: as it was noted, or reckoned from the latest one.
    func apiTime(of moment: Moment, with other: Moment? = nil) -> WallTime? {
        if let api = moment.api { return api }
        for reference in [other, latest] {
            if let reference, let api = reference.api, reference.bootID == moment.bootID {
                return api + .milliseconds(moment.boot - reference.boot)
            }
        }
        return nil
    }

    /// At least so long has passed; never less than zero.
    ///
    /// Over a restart of the machine only the API's clock relates two moments, and that may have been set: the margin is
    /// taken off, but what this process has seen itself counts in full.
    func elapsed(since moment: Moment, at now: Moment) -> Duration {
        if moment.bootID == now.bootID { return max(.milliseconds(now.boot - moment.boot), .zero) }
        let seen = firstMoment.flatMap { $0.bootID == now.bootID ? Duration.milliseconds(now.boot - $0.boot) : nil }
        let told = now.since(moment).map { $0 - margin }
        return max(seen ?? .zero, told ?? .zero, .zero)
    }

    /// Whether `moment` is earlier than `other`; `nil` where nothing relates them.
    func isEarlier(_ moment: Moment, than other: Moment) -> Bool? {
        other.since(moment).map { $0 > .zero }
    }

    /// When a job must have been made to be this submission's (section 1), with the margin of rule 8.
    func window(of submission: OpenSubmission) -> Window {
        let margin = margin.milliseconds
        let lost = submission.lost
        let intent = apiTime(of: submission.intent, with: lost?.at)
        var window = Window(start: intent.map { $0.milliseconds - margin } ?? .min, end: .max)
        guard let lost, let at = lossTime(lost, submission) else { return window }
        var end = at.milliseconds + settings.settle.milliseconds
        if lost.loss.mayBeAcceptedLate {
            // The loss is later than the intent.
            end = max(end, (intent ?? at).milliseconds + latest(settings).milliseconds)
        }
        window.end = end + margin
        return window
    }

    /// On the API's clock; where nothing tells it, this process's first moment, which is later if the machine has restarted.
    private func lossTime(_ lost: OpenSubmission.Lost, _ submission: OpenSubmission) -> WallTime? {
        if let at = apiTime(of: lost.at, with: submission.intent) { return at }
        guard let firstMoment, firstMoment.bootID != lost.at.bootID else { return nil }
        return apiTime(of: firstMoment)
    }

    private func latest(_ settings: Settings) -> Duration { settings.timeout * settings.lateTimeouts }

    /// From `now` until a list counts that is asked for then (rule 6a); zero or less: now.
    func settles(_ submission: OpenSubmission, at now: Moment) -> Duration {
        guard let lost = submission.lost else { return settle }
        let left = settle - elapsed(since: lost.at, at: now)
        guard lost.loss.mayBeAcceptedLate else { return left }
        return max(left, latest(settings) - elapsed(since: submission.intent, at: now))
    }

    /// Whether another submission of the same fingerprint could be taken for this one: the windows of both, with their
    /// margins, do not lie apart (rule 2).
    func isOpen(_ submission: OpenSubmission, at now: Moment) -> Bool {
        opens(submission, at: now).map { $0 >= .zero } ?? true
    }

    /// How long from `now` the window of a submission is still open; negative: it is not. `nil` while it is out.
    private func opens(_ submission: OpenSubmission, at now: Moment) -> Duration? {
        guard let lost = submission.lost else { return nil }
        let apart = margin * 2 + .seconds(1)
        let left = settings.settle + apart - elapsed(since: lost.at, at: now)
        guard lost.loss.mayBeAcceptedLate else { return left }
        return max(left, latest(settings) + apart - elapsed(since: submission.intent, at: now))
    }

    /// From `now` until the first lost submission stops standing in the way of others of its fingerprint (rule 2); `nil`
    /// where none does.
    func seedsFree(at now: Moment) -> Duration? {
        jobs.values.flatMap(\.submissions).compactMap { opens($0, at: now) }.filter { $0 >= .zero }.min()
    }

    /// Whether the id was listed before the submission's intent: then it is none of its (rule 8).
    func wasListed(_ id: RemoteJobID, _ first: Moment?, before submission: OpenSubmission) -> Bool {
        if let first, first.bootID == submission.intent.bootID, first.boot <= submission.intent.boot { return true }
        return submission.anchors.contains(id)
    }

    /// Fingerprints that no other submission may have now (rule 2).
    func taken(at now: Moment) -> Set<Fingerprint> {
        var taken: Set<Fingerprint> = []
        for job in jobs.values {
            if let fingerprint = job.fingerprint, job.submissions.contains(where: { isOpen($0, at: now) }) {
                taken.insert(fingerprint)
            }
        }
        return taken
    }

    /// Whether a submission of another job of the same fingerprint has an open window.
    func isTaken(_ fingerprint: Fingerprint, forOthersThan job: JobID, at now: Moment) -> Bool {
        (jobsBySeed[SeedComparison.residue(fingerprint.seed)] ?? []).contains { other in
            guard other != job, let found = jobs[other], found.fingerprint == fingerprint else { return false }
            return found.submissions.contains { isOpen($0, at: now) }
        }
    }

    /// From `now` until an undecided submission gives its slot back; zero or less: it does (rule 4).
    func slotEnds(_ id: SubmissionID, jobTimeout: Duration, at now: Moment) -> Duration {
        guard let job = jobs[id.job], let index = job.index(of: id) else { return .zero }
        let longest = knowledge.models[job.model]?.longest ?? .zero
        let limit = min(max(longest * 3, .seconds(600)), jobTimeout)
        return limit - elapsed(since: job.submissions[index].intent, at: now)
    }
}
