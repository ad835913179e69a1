internal import NightjarCore
internal import NightjarStore

/// Finds the jobs that `retry` was asked for, decides about them, and tells what became of it.
struct Retry {
    let reader: StateReader
    let advice: CommandAdvice
    /// `nil`: all.
    let batches: [String]?
    /// As a person has named them; empty: whatever failed or was cancelled.
    let jobs: [String]
    let decision: Decision

    private struct Wanted {
        var id: JobID
        var item: RetryReport.Item
    }

    /// - Throws: `Refusal` where a batch or a job is not there, or cannot be meant so.
    func carryOut() async throws -> RetryReport {
        guard let store = reader.store else { return RetryReport([], isRunning: false) }
        let all = try await store.batches()
        let chosen = try batches.map { try $0.map { try reader.batch(named: $0, among: all) } } ?? all
        var wanted: [Wanted] = []
        var notes: [String] = []
        if jobs.isEmpty {
            for batch in chosen { wanted += try await endedBadly(batch, in: store) }
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
        }
        let open = wanted.indices.filter { wanted[$0].item.fate == .left }
        guard !open.isEmpty else { return RetryReport(wanted.map(\.item), isRunning: false, notes: notes) }
        let receipt = try await DecisionDelivery(statePath: reader.path).deliver(
            open.map { (wanted[$0].id, decision) })
        for (place, outcome) in zip(open, receipt.outcomes) {
            switch outcome?.result {
            case nil: break
            case .moved(let from, let to): wanted[place].item.fate = .moved(from: from, to: to)
            case .refused(let words): wanted[place].item.fate = .refused(words)
            }
        }
        return RetryReport(wanted.map(\.item), isRunning: receipt.isRunning, notes: notes)
    }

    // MARK: Whole batches

    private func endedBadly(_ batch: BatchSummary, in store: any JobStore) async throws -> [Wanted] {
        let name = batch.settings.name
        guard batch.count(.failed, .cancelled) > 0 else { return [] }
        var ended: [JobSummary] = []
        try await store.forEachJob(of: name, in: [.failed, .cancelled]) { ended.append($0) }
        var wanted: [Wanted] = []
        for job in ended {
            let found = try await store.findJobs(job.key.description, batch: name)
            guard let found = found.first(where: { $0.summary.key == job.key }) else { continue }
            // What the manifest no longer names stays cancelled, and is no failure of this command.
            if job.state == .cancelled, job.isRemoved { continue }
            wanted.append(
                Wanted(
                    id: found.id,
                    item: RetryReport.Item(
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

    private func wanted(_ found: FoundJob, _ lookup: JobLookup, _ store: any JobStore) async throws -> Wanted {
        let job = found.summary
        let name = try await lookup.name(of: found)
        var item = RetryReport.Item(
            batch: job.batch, name: name, decision: decision, remoteID: job.remoteID, fate: .left)
        switch (decision, job.state) {
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
