internal import NightjarCore

extension Reconciler {
    /// A list was read. Steps come in the order in which they are to be recorded.
    /// - Parameters:
    ///   - asked: When its first page was asked for.
    ///   - received: When its last page was there.
    ///   - known: Which of the listed ids belong to jobs of this state.
    mutating func read(
        _ list: ListReading, asked: Moment, received: Moment, known: Set<RemoteJobID>
    ) -> [Step] {
        note(asked)
        note(received)
        listNumber += 1
        lastAsked = asked
        lastAttempt = received
        listFailure = nil
        let fresh = Moment(
            boot: asked.boot - list.staleness.milliseconds, bootID: asked.bootID,
            api: asked.api.map { $0 + (.zero - list.staleness) })
        let evidence = examine(list, asked: fresh, known: known)
        var steps = takeIn(list.rows, received: received, known: known)
        let (index, owned) = makeIndex()
        steps += owned
        if owned.contains(where: { if case .adopt = $0 { true } else { false } }) { lastLearnt = received }
        dropNeedlessCanaries()
        release(shownBy: evidence.ids, at: received)
        steps += judge(evidence, index, asked: fresh, received: received)
        steps += turns(at: received)
        steps += closeWatched(at: fresh, list: evidence)
        return steps
    }

    /// Rows become candidates, and candidates change.
    private mutating func takeIn(_ rows: [JobList.Row], received: Moment, known: Set<RemoteJobID>) -> [Step] {
        var changed: [Candidate] = []
        var gone: [RemoteJobID] = []
        let windows = WindowUnion(jobs.values.flatMap { $0.submissions.map(window(of:)) })
        let wanted = wantedWindows
        let open = openIntents
        var listed: [RemoteJobID: Moment] = [:]
        listed.reserveCapacity(rows.count)
        for row in rows {
            if known.contains(row.id) || own[row.id] != nil {
                if candidates.removeValue(forKey: row.id)?.isDurable == true { gone.append(row.id) }
                continue
            }
            let first = firstListed[row.id] ?? received
            listed[row.id] = first
            let isInside = windows.contains(row.createdAt) && open.allows(row, first, self)
            guard
                candidates[row.id] != nil || isInside
                    || (windows.isBefore(row.createdAt) && open.allows(row, first, self))
            else { continue }
            let isNew = candidates[row.id] == nil
            var tracked =
                candidates[row.id]
                ?? TrackedCandidate(
                    Candidate(id: row.id, status: row.status, createdAt: row.createdAt, model: row.model),
                    isDurable: false)
            let isChanged = tracked.update(status: row.status, createdAt: row.createdAt, model: row.model)
            tracked.lastListed = listNumber
            if isInside, isNew || isChanged || !tracked.isDurable {
                tracked.isDurable = true
                changed.append(tracked.candidate)
                if wanted.contains(row.createdAt) { lastLearnt = received }
            }
            candidates[row.id] = tracked
        }
        for id in candidates.keys where listed[id] == nil { listed[id] = firstListed[id] }
        firstListed = listed
        gone += forgetCandidates(windows)
        return (changed.isEmpty ? [] : [.noteCandidates(changed)]) + (gone.isEmpty ? [] : [.forgetCandidates(gone)])
    }

    /// When the open submissions left, and what models they asked for.
    private struct OpenIntents {
        /// On this boot clock, the earliest; `nil` where there is none. One of another start of the machine is earlier.
        var earliest: Int64?
        var models: Set<String> = []

        /// Not all left after the row was listed, and some asked for its model.
        func allows(_ row: JobList.Row, _ first: Moment, _ reconciler: Reconciler) -> Bool {
            guard let earliest, first.boot > earliest else { return false }
            return models.contains { reconciler.fits(model: row.model, asked: $0) }
        }
    }

    private var openIntents: OpenIntents {
        var open = OpenIntents()
        for job in jobs.values {
            open.models.insert(job.model)
            for intent in job.submissions.map(\.intent) {
                let boot = intent.bootID == latest?.bootID ? intent.boot : .min
                open.earliest = min(open.earliest ?? .max, boot)
            }
        }
        return open
    }

    /// Drops candidates that no open submission can have made any more.
    /// - Returns: Those that the state knows.
    private mutating func forgetCandidates(_ windows: WindowUnion) -> [RemoteJobID] {
        var gone = settled
        settled = []
        for (id, tracked) in candidates {
            let isListed = tracked.lastListed == listNumber
            let isInside = windows.contains(tracked.candidate.createdAt)
            let keeps = !jobs.isEmpty && (isListed || (isInside && !tracked.isGone))
            if keeps { continue }
            candidates[id] = nil
            if tracked.isDurable { gone.append(id) }
        }
        return gone.sorted { $0.rawValue < $1.rawValue }
    }

    /// Rule 16, for every submission that waits for evidence.
    private mutating func judge(
        _ list: ListEvidence, _ index: CandidateIndex, asked: Moment, received: Moment
    ) -> [Step] {
        var steps: [Step] = []
        for id in jobs.keys.sorted() {
            guard let job = jobs[id], let current = job.current, let position = job.index(of: current.id),
                current.mayBeShownAbsent
            else { continue }
            if obstacle(to: job, in: index) != nil {
                jobs[id]?.lastCounted = nil
                jobs[id]?.objection = nil
                if current.firstCounted != nil {
                    jobs[id]?.submissions[position].firstCounted = nil
                    steps.append(.noteEvidence(current.id, nil))
                }
                continue
            }
            if settles(current, at: asked) > .zero { continue }
            let objection = objection(to: list, for: current)
            jobs[id]?.objection = objection
            guard objection == nil else { continue }
            let usesTry = mayHaveFailed(job, current, in: index)
            jobs[id]?.usesTry = usesTry
            // One that counted by a shorter settle, in an earlier run, is none.
            let first = current.firstCounted.flatMap { settles(current, at: $0) > .zero ? nil : $0 }
            if let first, let since = asked.since(first), since >= .zero {
                if since >= settings.gap {
                    if job.lastCounted == nil { lastLearnt = received }
                    jobs[id]?.lastCounted = asked
                }
            } else {
                jobs[id]?.submissions[position].firstCounted = asked
                steps.append(.noteEvidence(current.id, asked))
                lastLearnt = received
            }
        }
        return steps
    }

    /// Rule 20: the watch ends with a list that was asked for late enough.
    private mutating func closeWatched(at asked: Moment, list: ListEvidence) -> [Step] {
        guard list.isOrdered else { return [] }
        var closed: [SubmissionID] = []
        for job in jobs.values where job.state.isFinal && job.state != .cancelled {
            for submission in job.submissions {
                guard let lost = submission.lost,
                    elapsed(since: lost.at, at: asked) >= max(settle, settings.settle) + settings.watch
                else { continue }
                closed.append(submission.id)
            }
        }
        for id in closed { remove(id) }
        return closed.isEmpty ? [] : [.close(closed.sorted { ($0.job, $0.number) < ($1.job, $1.number) })]
    }

    mutating func listFailed(_ words: String, at now: Moment) -> [Step] {
        note(now)
        lastAsked = now
        lastAttempt = now
        listFailure = words
        return []
    }

    /// Time has passed: what is absent and fresh may have its turn now.
    mutating func tick(at now: Moment) -> [Step] {
        note(now)
        dropNeedlessCanaries()
        // Where nothing is open no list is read that would drop them.
        let gone = jobs.isEmpty ? forgetCandidates(WindowUnion([])) : settled
        settled = []
        return (gone.isEmpty ? [] : [.forgetCandidates(gone)]) + turns(at: now)
    }

    /// A candidate was asked for by its id.
    /// - Parameter reply: `nil`: 404 or 403, which closes nothing; it blocks while it is listed.
    mutating func read(candidate id: RemoteJobID, _ reply: RemoteJob?, at now: Moment) -> [Step] {
        note(now)
        guard var tracked = candidates[id] else { return [] }
        tracked.reads += 1
        tracked.lastRead = now
        let before = tracked.candidate
        tracked.isGone = reply == nil
        if let reply {
            _ = tracked.update(status: reply.status, createdAt: reply.createdAt, model: reply.model)
            if case .completed = reply.status {
                tracked.candidate.status = reply.status
                tracked.candidate.isRead = true
            }
            tracked.candidate.seed = reply.seed ?? tracked.candidate.seed
            tracked.candidate.prompt = reply.prompt ?? tracked.candidate.prompt
        }
        candidates[id] = tracked
        if tracked.candidate == before { return [] }
        lastLearnt = now
        var steps: [Step] = tracked.isDurable ? [.noteCandidates([tracked.candidate])] : []
        var index = CandidateIndex()
        if let step = match(tracked.candidate, into: &index) { steps.append(step) }
        return steps
    }
}

extension OpenSubmission {
    /// Nothing shows it absent where it has no seed (rule 14), or where the API has it (rules 18 and 19).
    var mayBeShownAbsent: Bool {
        guard let lost, request.seed != nil else { return false }
        return lost.loss.kind != .keyKnown && lost.loss.kind != .sharedID
    }
}
