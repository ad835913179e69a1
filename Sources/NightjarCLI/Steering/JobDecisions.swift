internal import NightjarCore
internal import NightjarStore

/// Finds the jobs that a person means, decides about them, and tells what became of it.
struct JobDecisions {
    let reader: StateReader
    let advice: CommandAdvice
    /// `nil`: all.
    let batches: [String]?
    /// As a person has named them; empty (of `retry`): whatever failed or was cancelled.
    let jobs: [String]
    let decision: Decision

    private struct Wanted {
        var id: JobID
        var item: DecisionReport.Item
    }

    /// - Throws: `Refusal` where a batch or a job is not there, or cannot be meant so.
    func carryOut() async throws -> DecisionReport {
        guard let store = reader.store else { return DecisionReport([], isRunning: false) }
        let all = try await store.batches()
        let chosen = try batches.map { try $0.map { try reader.batch(named: $0, among: all) } } ?? all
        let ofInboxes = Set(all.filter { $0.settings.origin != nil }.map(\.settings.name))
        var wanted: [Wanted] = []
        var notes: [String] = []
        if jobs.isEmpty {
            for batch in chosen { wanted += try await toTryAgain(batch, in: store) }
            notes = notesOnTheRest(chosen, found: wanted.count)
        } else {
            let names = chosen.map(\.settings.name)
            let place = names.count == 1 ? "batch `\(names[0])`" : "these batches"
            let lookup = JobLookup(store: store, place: place)
            for text in jobs {
                let found = try await lookup.job(text, in: names)
                guard !wanted.contains(where: { $0.id == found.id }) else { continue }
                wanted.append(try await self.wanted(found, lookup, store))
            }
            notes = notesOnNamed(wanted, chosen)
        }
        let open = wanted.indices.filter { wanted[$0].item.fate == .left }
        guard !open.isEmpty else {
            return DecisionReport(wanted.map(\.item), isRunning: false, notes: notes, ofInboxes: ofInboxes)
        }
        let receipt = try await WishDelivery(statePath: reader.path).deliver(
            open.map { JobWish(job: wanted[$0].id, decision: decision) })
        for (place, outcome) in zip(open, receipt.outcomes) {
            switch outcome {
            case nil: break
            case .moved(let from, let to): wanted[place].item.fate = .moved(from: from, to: to)
            case .refused(let words): wanted[place].item.fate = .refused(words)
            }
        }
        return DecisionReport(
            wanted.map(\.item), isRunning: receipt.isRunning, notes: notes, ofInboxes: ofInboxes)
    }

    // MARK: Whole batches

    /// What failed or was cancelled; what was cancelled at the API is on its way home still, and wanted again too.
    private func toTryAgain(_ batch: BatchSummary, in store: any JobStore) async throws -> [Wanted] {
        let name = batch.settings.name
        let states: Set<JobState> = [.failed, .cancelled, .submitting, .submitted, .ready, .unknown]
        let present = states.filter { batch.count($0) > 0 }
        guard !present.isEmpty else { return [] }
        var wanted: [Wanted] = []
        try await store.forEachJob(of: name, in: present) { job in
            guard job.state.isFinal || job.isUnwanted else { return }
            // What the manifest no longer names stays cancelled, and is no failure of this command.
            if job.state == .cancelled, job.isRemoved { return }
            wanted.append(
                Wanted(
                    id: job.id,
                    item: DecisionReport.Item(
                        batch: name, name: job.label ?? String(job.key.description.prefix(12)), decision: decision,
                        remoteID: job.remoteID, fate: .left)))
        }
        return wanted
    }

    private func notesOnTheRest(_ batches: [BatchSummary], found: Int) -> [String] {
        var notes: [String] = []
        if found == 0 {
            let place = batches.count == 1 ? "`\(batches[0].settings.name)`" : "these batches"
            notes.append("nothing in \(place) has failed or was cancelled")
        }
        let held = batches.reduce(0) { $0 + $1.count(.unknown) }
        if held > 0 {
            notes.append(
                "\(held) held with an unknown answer \(held == 1 ? "is" : "are") left as they are; "
                    + "`\(advice.command("why", "KEY"))` says what would settle one")
        }
        return notes
    }

    // MARK: Single jobs

    /// What else a person may want to know of the jobs that were named.
    private func notesOnNamed(_ wanted: [Wanted], _ batches: [BatchSummary]) -> [String] {
        switch decision {
        case .cancel:
            let undone = wanted.map {
                advice.retry($0.item.name, of: $0.item.batch)
            }
            return undone.count == 1 ? ["to take it back: `\(undone[0])`"] : []
        case .resume:
            let names = Set(wanted.map(\.item.batch))
            return batches.filter { $0.paused && names.contains($0.settings.name) }.map {
                "\($0.settings.name) is paused as a whole: `\(advice.resume($0))` takes that back"
            }
        case .retry, .adopt, .resubmit, .pause: return []
        }
    }

    private func wanted(_ found: FoundJob, _ lookup: JobLookup, _ store: any JobStore) async throws -> Wanted {
        let job = found.summary
        let name = try await lookup.name(of: found)
        var item = DecisionReport.Item(
            batch: job.batch, name: name, decision: decision, remoteID: job.remoteID, fate: .left)
        switch (decision, job.state) {
        case (.pause, .pending) where job.isPaused, (.pause, .waiting) where job.isPaused:
            item.fate = .asItIs(job.state)
        case (.resume, .pending) where !job.isPaused, (.resume, .waiting) where !job.isPaused,
            (.resume, .submitting), (.resume, .submitted), (.resume, .ready), (.resume, .unknown):
            item.fate = .asItIs(job.state)
        case (.cancel, .cancelled): item.fate = .asItIs(job.state)
        case (.cancel, _) where job.isUnwanted: item.fate = .asItIs(job.state)
        case (.retry, _) where job.isUnwanted: break
        case (.retry, .unknown):
            throw Refusal(.usage, try await howToSettle(found, name, store))
        case (.retry, .done), (.retry, .filtered), (.retry, .pending), (.retry, .waiting), (.retry, .submitting),
            (.retry, .submitted), (.retry, .ready), (.resubmit, .pending), (.resubmit, .waiting),
            (.resubmit, .submitting), (.resubmit, .submitted), (.resubmit, .ready):
            item.fate = .asItIs(job.state)
        case (.adopt(let id), .submitted), (.adopt(let id), .ready), (.adopt(let id), .done),
            (.adopt(let id), .filtered):
            if job.remoteID == id { item.fate = .asItIs(job.state) }
        case (.retry, .failed), (.retry, .cancelled), (.resubmit, _), (.adopt, _), (.pause, _), (.resume, _),
            (.cancel, _):
            break
        }
        return Wanted(id: found.id, item: item)
    }

    /// A lost answer is not tried again: that could be paid for twice.
    private func howToSettle(_ found: FoundJob, _ name: String, _ store: any JobStore) async throws -> String {
        let hold = try await store.story(of: found.id)?.submissions.last { $0.isOpen }?.hold
        let why = hold.map { "\($0.reason.rawValue): \($0.words)" } ?? "its answer was lost"
        let batch = found.summary.batch
        return Cells.plain("`\(name)` of `\(batch)` is held, since it may have been paid for (\(why))")
            + "\n  what would settle it:  \(StoryRenderer.settles(hold?.reason))"
            + "\n  to see all of it:      \(advice.why(name))"
            + "\n  to take a job:         \(advice.adopt("JOBID", as: name, of: batch))"
            + "\n  to pay for a new one:  \(advice.resubmit(name, of: batch))"
    }
}
