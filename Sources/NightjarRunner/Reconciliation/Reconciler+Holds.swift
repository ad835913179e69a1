internal import NightjarCore

/// What people are told (section 8).
extension Reconciler {
    /// Why each undecided submission is held.
    func holds(at now: Moment) -> [SubmissionID: Hold] {
        var copy = self
        let index = copy.makeIndex().index
        var holds: [SubmissionID: Hold] = [:]
        for (job, submission, lost) in copy.undecided {
            holds[submission.id] = copy.hold(job, submission, lost, in: index, at: now)
        }
        return holds
    }

    private func hold(
        _ job: OpenJob, _ submission: OpenSubmission, _ lost: OpenSubmission.Lost, in index: CandidateIndex,
        at now: Moment
    ) -> Hold {
        if case .found(let id) = obstacle(to: job, in: index) {
            return Hold(.candidateRunning, "`\(id)` is this job; that is being recorded")
        }
        switch lost.loss.kind {
        case .keyKnown: return Hold(.keyKnown, "the API says that it knows this request, and not which job it is")
        case .sharedID: return Hold(.sharedID, lost.loss.words)
        case .closed, .silent, .gateway, .answered, .conflict, .unreadable, .interrupted: break
        }
        if job.request.seed == nil { return noSeed(job, index) }
        let left = settles(submission, at: now)
        let ago = elapsed(since: lost.at, at: now).spoken
        if left > .zero {
            return Hold(.settling, "answer lost \(ago) ago; asking again \(moment(in: left, from: now))")
        }
        if let obstacle = obstacle(to: job, in: index) { return hold(obstacle, job, index) }
        if let listFailure { return Hold(.listUnproven, "the API's list fails (\(listFailure)): it proves nothing") }
        if let objection = job.objection { return hold(objection, submission, lost) }
        if isAbsent(job) {
            if let fingerprint = job.fingerprint, isTaken(fingerprint, forOthersThan: job.id, at: now) {
                return Hold(
                    .waitsForItsTurn,
                    "the API has not got it; another job of seed \(fingerprint.seed) may still be accepted")
            }
            let waits = waitsForCanary(job.model, at: now)
            return Hold(
                .waitsForItsTurn,
                waits
                    ? "the API has not got it; another job of its model goes first"
                    : "the API has not got it; it is submitted again when a request may leave")
        }
        if submission.firstCounted != nil {
            return Hold(.confirming, "one list shows that the API has not got it; a second one is asked for")
        }
        return Hold(.settling, "answer lost \(ago) ago; the API's list is asked for next")
    }

    private func hold(_ obstacle: Obstacle, _ job: OpenJob, _ index: CandidateIndex) -> Hold {
        switch obstacle {
        case .running, .unread, .found:
            let most = 100
            let count = countRunning(for: job, in: index, limit: most)
            return Hold(
                .candidateRunning,
                count == 1
                    ? "1 job at the API could be it; waiting for it to end"
                    : "\(count >= most ? "\(most) or more" : "\(count)") jobs at the API could be it; waiting for them to end"
            )
        case .notComparable(let id):
            let known = knowledge.models[job.model]
            return Hold(
                .seedsNotComparable,
                known?.changesSeeds == true
                    ? "the API changes seeds: `\(id)` may be it"
                    : "the API has not been seen to echo seeds like this one's: `\(id)` may be it")
        case .ambiguous(let id, let others):
            let names = ([job.id] + others).sorted().prefix(3).compactMap { jobs[$0].map(name) }
            let seed = job.request.seed.map { ", which share seed \($0)" } ?? ""
            return Hold(.ambiguous, "`\(id)` fits \(names.joined(separator: " and "))\(seed)")
        case .doubtful(let id):
            return Hold(.ambiguous, "`\(id)` has its seed, which other shards share")
        }
    }

    private func hold(_ objection: ListObjection, _ submission: OpenSubmission, _ lost: OpenSubmission.Lost) -> Hold {
        let same = "it proves nothing; is it the same account?"
        switch objection {
        case .tooShort(let oldest):
            let intent = apiTime(of: submission.intent, with: lost.at)
            guard let oldest, let intent else {
                return Hold(.listTooShort, "the list does not say how far back it reaches")
            }
            return Hold(
                .listTooShort,
                "the list reaches back to \(clock(oldest)) only; the request left at \(clock(intent)), and the margin is "
                    + margin.spoken)
        case .unsorted: return Hold(.listUnproven, "the API's list is in no order: it proves nothing")
        case .noOrderShown:
            return Hold(
                .listUnproven,
                "the API's list does not show whether it begins with the newest job: it proves nothing yet")
        case .empty: return Hold(.listUnproven, "the API's list is empty: \(same)")
        case .noAnchor: return Hold(.listUnproven, "the API's list shows none of the jobs known before: \(same)")
        case .misses(let id): return Hold(.listUnproven, "the API's list misses our own `\(id)`: \(same)")
        }
    }

    /// Rule 14: the candidates are named, so that a person may take one.
    private func noSeed(_ job: OpenJob, _ index: CandidateIndex) -> Hold {
        var ids: Set<RemoteJobID> = []
        for kind in [\CandidateIndex.Group.running, \.unread, \.opaque, \.seeded] {
            visit(kind, for: job, job.submissions, in: index, byWindowAlone: true) { id in
                ids.insert(id)
                return ids.count < 4
            }
        }
        let names = ids.map { "`\($0)`" }.sorted()
        let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and others" : "")
        return Hold(
            .noSeed,
            "`seed: server` leaves nothing to recognise it by" + (names.isEmpty ? "" : "; \(shown) may be it"))
    }

    private func moment(in time: Duration, from now: Moment) -> String {
        apiTime(of: now).map { "from \(clock($0 + time)) on" } ?? "in \(time.spoken)"
    }

    /// The beginning of its key, as people type it.
    private func name(_ job: OpenJob) -> String {
        "`\(job.submissions.last?.reference.key.description.prefix(12) ?? "")`"
    }

    /// Hours, minutes and seconds, UTC.
    private func clock(_ time: WallTime) -> String {
        String(time.rfc3339.drop { $0 != "T" }.dropFirst().prefix(8))
    }
}
