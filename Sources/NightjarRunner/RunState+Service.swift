internal import NightjarCore
internal import Synchronization

/// Batches that come and go, and what people say, while a daemon runs.
extension RunState {
    /// Takes a batch up, or what has become of it by another manifest or a person's word.
    /// - Parameters:
    ///   - changes: By how much its counts have changed; a batch that is new here has those of `summary`.
    ///   - isAsked: Whether it is run; otherwise only what is at the API is brought home.
    ///   - committed: What it has submitted in all runs.
    ///   - models: Of the jobs that it may still submit.
    ///   - beginsAgain: It may have more to do than when it ended, or was stopped.
    func take(
        _ summary: BatchSummary, isAsked: Bool, changes: [JobState: Int],
        committed: (submissions: Int, money: Money)?, hasImages: Bool, models: [String], beginsAgain: Bool
    ) {
        let wall = time.wall()
        state.withLock { state in
            if state.batches[summary.id] == nil {
                var batch = Batch(
                    summary, isAsked: isAsked, pilot: hasImages ? 0 : state.settings.pilot, at: wall)
                batch.submitted = committed?.submissions ?? 0
                batch.committed = committed?.money ?? .zero
                // Who joins has no claim to what the others had before.
                batch.served = state.batches.values.filter { $0.priority == batch.priority }.map(\.served).min() ?? 0
                state.batches[summary.id] = batch
                state.order.append(summary.id)
            } else {
                state.batches[summary.id]?.update(summary, at: wall)
                for (name, change) in changes { state.batches[summary.id]?.counts[name, default: 0] += change }
                if beginsAgain { state.batches[summary.id]?.beginAgain() }
            }
            state.batches[summary.id]?.uses(models, prices: state.settings.prices)
            state.ranks = Self.ranks(Array(state.batches.values))
        }
        changed.notify()
    }

    func isKnown(_ id: BatchID) -> Bool {
        state.withLock { $0.batches[id] != nil }
    }

    /// What a person has said about batches that are known here.
    func update(_ summaries: [BatchSummary], cancelled: [BatchID: [JobState: Int]]) {
        let wall = time.wall()
        state.withLock { state in
            for summary in summaries where state.batches[summary.id] != nil {
                state.batches[summary.id]?.update(summary, at: wall)
                for (from, count) in cancelled[summary.id] ?? [:] {
                    state.batches[summary.id]?.counts[from, default: 0] -= count
                    state.batches[summary.id]?.counts[.cancelled, default: 0] += count
                }
            }
            state.ranks = Self.ranks(Array(state.batches.values))
        }
        changed.notify()
    }

    /// A person has taken jobs back: what was stopped goes on.
    func beginAgain(_ id: BatchID) {
        state.withLock { $0.batches[id]?.beginAgain() }
        changed.notify()
    }

    /// Whether the ledger of the day cannot go on under these limits.
    func needsOtherDay(for limits: DailyLimits?) -> Bool {
        state.withLock { state in
            guard let limits, let day = state.day else { return true }
            return day.limits.timeZone != limits.timeZone
        }
    }

    /// - Parameter day: What has been committed since midnight, where another ledger begins; `nil`: the old one goes on, if
    ///   a day is limited at all.
    func set(_ settings: RunSettings, day: DayLedger?) {
        state.withLock { state in
            state.settings = settings
            if let day {
                state.day = day
            } else if let limits = settings.daily, limits.budget != nil || limits.maxJobs != nil {
                state.day?.limits = limits
            } else {
                state.day = nil
            }
        }
        changed.notify()
    }

    /// Ends that an earlier process has told, and that nothing has changed since.
    func haveTold(_ batches: Set<BatchID>) {
        state.withLock { state in
            for id in batches {
                guard let batch = state.batches[id], isAtEnd(batch, in: state) else { continue }
                state.batches[id]?.hasEnded = true
            }
        }
    }

    /// Why batches were stopped since the last call.
    func takeHalts() -> [(BatchID, String)] {
        state.withLock { state in
            state.order.compactMap { id in
                guard let batch = state.batches[id], let halted = batch.halted, batch.notedHalt != halted else {
                    return nil
                }
                state.batches[id]?.notedHalt = halted
                return (id, halted)
            }
        }
    }

    func restoreDay(submissions: Int, money: Money) {
        state.withLock { $0.day?.restore(submissions: submissions, money: money) }
    }

    /// Counts of what a batch had submitted before this process.
    func restoreCommitted(_ committed: (submissions: Int, money: Money), of id: BatchID) {
        state.withLock { state in
            state.batches[id]?.submitted += committed.submissions
            state.batches[id]?.committed += committed.money
        }
    }

    /// - Parameter words: `nil`: all can be written again.
    /// - Returns: Whether that is news.
    func setDiskTrouble(_ words: String?) -> Bool {
        let isNew = state.withLock { state in
            defer { state.diskTrouble = words }
            return (state.diskTrouble == nil) != (words == nil)
        }
        if isNew { changed.notify() }
        return isNew
    }

    // MARK: Ends

    /// Batches that have come to their end since the last call.
    func takeEnds() -> [BatchEnd] {
        let wall = time.wall()
        return state.withLock { state in
            state.order.compactMap { id in
                guard let batch = state.batches[id], batch.isAsked, !batch.hasEnded, isAtEnd(batch, in: state) else {
                    return nil
                }
                state.batches[id]?.hasEnded = true
                let (exit, reason) = Self.end(of: batch, wall: wall)
                return BatchEnd(batch: id, name: batch.name, exit: exit, reason: reason)
            }
        }
    }

    /// Whether a daemon has nothing to do before something comes, or a time that is known.
    var isResting: Bool {
        state.withLock { state in
            guard state.settings.isService, state.stops.isEmpty, !state.isCut, state.diskTrouble == nil,
                state.duplicatesOut == 0, state.firstDownloads == 0, state.admitted == 0, !state.waitsForUnknown
            else { return false }
            return state.batches.values.allSatisfy { batch in
                guard batch.count(.submitting, .submitted, .ready, .unknown) == 0, batch.requests == RequestCounts()
                else { return false }
                if !mayStillSubmit(batch, in: state) { return batch.hasEnded || !batch.isAsked }
                return !batch.times.isOpen || batch.isPaused || dayIsUsedUp(for: batch, in: state)
            }
        }
    }

    func fate(of id: BatchID) -> BatchFate {
        let wall = time.wall()
        return state.withLock { state in
            guard let batch = state.batches[id] else { return .notHere }
            guard batch.hasEnded else { return .atWork }
            let (exit, reason) = Self.end(of: batch, wall: wall)
            return .ended(BatchEnd(batch: id, name: batch.name, exit: exit, reason: reason))
        }
    }

    private func isAtEnd(_ batch: Batch, in state: State) -> Bool {
        guard batch.count(.submitting, .submitted, .ready) == 0, !mayStillSubmit(batch, in: state) else { return false }
        return batch.count(.unknown) == 0 || !state.waitsForUnknown
    }

    private static func end(of batch: Batch, wall: WallTime) -> (ExitCode, String) {
        let (left, unknown) = (batch.count(.pending, .waiting), batch.count(.unknown))
        let (failed, blank) = (batch.count(.failed), batch.count(.filtered))
        if left > 0, batch.halted == nil {
            if batch.times.isOver { return (.timeLimit, lateWords([batch], wall: wall)) }
            return (.limitReached, "its own limits are used up; \(left) left")
        }
        if unknown > 0 { return (.unknownLeft, "\(unknown) held as unknown: the answer to the submission was lost") }
        if let halted = batch.halted { return (.someFailed, "stopped, \(left) left; \(halted)") }
        if failed + blank > 0 {
            let parts = [failed > 0 ? "\(failed) failed" : nil, blank > 0 ? "\(blank) came back blank" : nil]
            return (.someFailed, parts.compactMap(\.self).joined(separator: ", "))
        }
        return (.success, "")
    }

    /// Lets go of batches that have ended and have nothing open: a daemon runs for months.
    /// - Parameter watched: Batches of which a submission is still watched.
    /// - Returns: Those that are known no more.
    func retire(unless watched: Set<BatchID>) -> [BatchID] {
        state.withLock { state in
            let over = state.order.filter { id in
                guard let batch = state.batches[id], batch.hasEnded, batch.requests == RequestCounts() else {
                    return false
                }
                return batch.unfinished == 0 && !watched.contains(id)
                    && batch.count(.pending, .waiting, .submitting, .submitted, .ready, .unknown) == 0
            }
            guard !over.isEmpty else { return [] }
            for id in over { state.batches[id] = nil }
            let gone = Set(over)
            state.order.removeAll { gone.contains($0) }
            state.ranks = Self.ranks(Array(state.batches.values))
            return over
        }
    }
}
