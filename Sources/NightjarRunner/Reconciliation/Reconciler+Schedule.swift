internal import NightjarCore

/// When to ask for what.
extension Reconciler {
    /// Lost submissions that wait for a decision.
    var undecided: some Sequence<(job: OpenJob, submission: OpenSubmission, lost: OpenSubmission.Lost)> {
        jobs.values.lazy.compactMap { job in
            guard let current = job.current, let lost = current.lost else { return nil }
            return (job, current, lost)
        }
    }

    /// Windows of the jobs that wait for a decision or may come to.
    var wantedWindows: WindowUnion {
        WindowUnion(jobs.values.filter(\.isUnresolved).flatMap { $0.submissions.map(window(of:)) })
    }

    /// The earliest moment that a list must reach back to, on the API's clock; `nil`: the first page is enough.
    var wantsReachBackTo: WallTime? {
        var start: Int64?
        for (job, submission, _) in undecided where submission.mayBeShownAbsent {
            var wanted = window(of: submission).start
            // The last list before the intent may have been long before: what it showed lies further back.
            if job.objection == .noAnchor { wanted = max(wanted, Int64.min / 2) - settings.anchorReach.milliseconds }
            start = min(start ?? .max, wanted)
        }
        for canary in canaries.values where canary.remote != nil && start != nil {
            if let intent = apiTime(of: canary.intent) {
                start = min(start ?? .max, intent.milliseconds - margin.milliseconds)
            }
        }
        return start.map { WallTime(milliseconds: max($0, 0)) }
    }

    /// From `now` until the next list is wanted (section 6); `nil`: none is.
    func nextList(at now: Moment) -> Duration? {
        let sinceLast = lastAttempt.map { elapsed(since: $0, at: now) }
        var youngest: Duration?
        var due: Duration?
        func want(in time: Duration) { due = min(due ?? time, time) }
        for (job, submission, lost) in undecided {
            let age = elapsed(since: lost.at, at: now)
            youngest = min(youngest ?? age, age)
            guard submission.mayBeShownAbsent else { continue }
            if isEvidenceDue(submission) { want(in: settles(submission, at: now)) }
            if let second = secondDue(job, submission, at: now) { want(in: second) }
        }
        for canary in canaries.values where canary.remote != nil && youngest != nil {
            let age = elapsed(since: canary.intent, at: now)
            youngest = min(youngest ?? age, age)
        }
        if let youngest {
            want(in: regularGap(youngest: youngest, sinceLast: sinceLast) - (sinceLast ?? .zero))
        } else if jobs.values.contains(where: { isWatched($0, at: now) }) {
            want(in: sinceLast.map { settings.slowListGap - $0 } ?? .zero)
        }
        return due.map { max($0, .zero) }
    }

    /// 1, 2, 4 … 15 s; every 60 s once nothing has been lost for a long time.
    private func regularGap(youngest: Duration, sinceLast: Duration?) -> Duration {
        guard let sinceLast else { return .zero }
        if youngest > settings.watch { return settings.slowListGap }
        // A list before the loss says nothing of it: the first comes a second after.
        guard sinceLast <= youngest else { return sinceLast - youngest + .seconds(1) }
        return min(max(youngest - sinceLast, .seconds(1)), settings.listGap)
    }

    /// No list was asked for since the submission has settled.
    private func isEvidenceDue(_ submission: OpenSubmission) -> Bool {
        lastAsked.map { settles(submission, at: $0) > .zero } ?? true
    }

    /// From `now` until the second list is due; `nil` where that is not what is waited for, or one was asked for already.
    private func secondDue(_ job: OpenJob, _ submission: OpenSubmission, at now: Moment) -> Duration? {
        guard let first = submission.firstCounted, job.lastCounted == nil else { return nil }
        if let lastAsked, let since = lastAsked.since(first), since >= settings.gap { return nil }
        return settings.gap - elapsed(since: first, at: now)
    }

    private func isWatched(_ job: OpenJob, at now: Moment) -> Bool {
        job.submissions.contains { submission in
            guard let lost = submission.lost else { return false }
            return job.state != .cancelled || elapsed(since: lost.at, at: now) < settle + settings.watch
        }
    }

    /// Whether a job that waits for a decision waits for this candidate; others are only watched.
    func isPressing(_ id: RemoteJobID) -> Bool {
        candidates[id].map { wantedWindows.contains($0.candidate.createdAt) } ?? false
    }

    /// Candidates to ask for by their ids, the most useful first; those that are only watched last (`isPressing`).
    func candidatesToRead(at now: Moment) -> [RemoteJobID] {
        let wanted = wantedWindows
        let order = candidates.values.compactMap { tracked -> (rank: Int, time: Int64, id: String)? in
            guard isDue(tracked, at: now) else { return nil }
            let candidate = tracked.candidate
            let isPressing = wanted.contains(candidate.createdAt)
            let rank = (isPressing ? 0 : 2) + (tracked.isRunning ? 1 : 0)
            return (rank, candidate.createdAt?.milliseconds ?? 0, candidate.id.rawValue)
        }
        return order.sorted { ($0.rank, $0.time, $0.id) < ($1.rank, $1.time, $1.id) }.map { RemoteJobID($0.id) }
    }

    /// Completed ones at once; running ones when no list tells of them; both less and less often where that brought nothing.
    private func isDue(_ tracked: TrackedCandidate, at now: Moment) -> Bool {
        if tracked.candidate.isRead { return false }
        if case .failed = tracked.candidate.status { return false }
        if let lastRead = tracked.lastRead {
            let gap = min(.seconds(1 << min(tracked.reads, 6)), settings.slowListGap)
            if elapsed(since: lastRead, at: now) < gap { return false }
        }
        guard tracked.isRunning, tracked.lastListed == listNumber, let lastAsked else { return true }
        return elapsed(since: lastAsked, at: now) > settings.listGap
    }

    /// Rule 22: how long nothing could be learnt.
    /// - Returns: `nil` while something may be: a submission settles, a candidate runs, a list is due that may be evidence,
    ///   or a resubmission could leave; and where nothing is undecided.
    func quiet(at now: Moment) -> Duration? {
        let index = currentIndex
        var least: Duration?
        for (job, submission, lost) in undecided {
            let settled = .zero - settles(submission, at: now)
            if settled < .zero { return nil }
            least = min(least ?? settled, settled, elapsed(since: lost.at, at: now))
            guard submission.mayBeShownAbsent else { continue }
            if isEvidenceDue(submission) || secondDue(job, submission, at: now) != nil { return nil }
            switch obstacle(to: job, in: index) {
            case .running, .found: return nil
            case .unread(let id): if candidates[id]?.isGone != true { return nil }
            case .notComparable, .ambiguous, .doubtful, nil: break
            }
            if !mayNotLeave.contains(job.id), mayStillResubmit(submission.id, at: now),
                !waitsForCanary(job.model, at: now)
            {
                return nil
            }
        }
        guard let least else { return nil }
        // What an earlier process waited for says nothing of what this one may learn.
        let own = firstMoment.map { elapsed(since: $0, at: now) } ?? .zero
        return min(least, own, lastLearnt.map { elapsed(since: $0, at: now) } ?? least)
    }

    /// The candidates as they are now, without giving any away.
    var currentIndex: CandidateIndex {
        var copy = self
        return copy.makeIndex().index
    }
}
