internal import NightjarCore

/// Sends pending jobs to the API: a free slot, a request of the budget, a durable intent, and only then the request.
struct Submitter: Sendable {
    let state: RunState
    let store: any JobStore
    let service: any ImageService
    let budget: RequestBudget
    let gate: Gate
    let poller: Poller

    /// Jobs claimed in one commit.
    private static let mostAtOnce = 64
    /// How often, once a second, the record of an accepted job is tried.
    private static let mostTries = 30
    /// How long an unknown job holds its slot at least (three times the longest duration of its model, where longer).
    static let shortestHold: Duration = .seconds(600)

    /// An error of the state ends the claiming; what is out is seen to its answer all the same.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !state.submissionsAreOver, !Task.isCancelled {
                let passing = await gate.pass { state.submissionsAreOver }
                guard passing > 0 else { return }
                let mark = state.changed.mark
                switch state.admit(upTo: min(passing, Self.mostAtOnce), by: budget) {
                case .admitted(let admission):
                    var claimed: [ClaimedJob] = []
                    await state.guarding { claimed = try await claim(admission, passing: passing) }
                    for job in claimed {
                        group.addTask { await state.guarding { try await submit(job, passing: passing) } }
                    }
                case .wait(let moment):
                    gate.abstain(passing)
                    await state.changed.wait(since: mark, until: moment, on: state.time)
                }
            }
        }
    }

    /// - Returns: The jobs whose intents are durable; each holds a slot and a request of the budget.
    private func claim(_ admission: RunState.Admission, passing: Int) async throws -> [ClaimedJob] {
        let batch = admission.batch
        var granted = try await budget.takeNow(upTo: admission.count, for: batch)
        if granted > 0, gate.isClosed || state.submissionsAreOver {
            budget.giveBack(granted, for: batch)
            granted = 0
        }
        state.dismiss(admission.count - granted, of: batch)
        let jobs =
            granted == 0
            ? []
            : try await store.claim(granted, of: batch, prices: state.settings.prices, now: state.time.wall())
        state.dismiss(granted - jobs.count, of: batch)
        budget.giveBack(granted - jobs.count, for: batch)
        for job in jobs { state.claimed(batch, from: job.from, price: job.price) }
        if jobs.isEmpty { gate.abstain(passing) }
        if jobs.count < granted { state.waits(batch, until: try await store.nextDue([batch])) }
        return jobs
    }

    private func submit(_ job: ClaimedJob, passing: Int) async throws {
        guard !state.isStopping, !gate.isClosed else { return try await holdBack(job, passing: passing) }
        state.submissionsOut(1)
        defer { state.submissionsOut(-1) }
        let answer = await service.submit(job.request, idempotencyKey: job.idempotencyKey)
        budget.end(for: job.batch)
        state.counted(RequestCounts(submit: 1), for: job.batch)
        tellGate(answer, job)
        tellStop(answer)
        var lifecycle = job.lifecycle
        switch answer {
        case .accepted(let id):
            try await accepted(id, job)
        case .notSent, .throttled, .refused:
            lifecycle.turnedAway()
            // Before the job counts as pending, or the run could look over for a moment.
            state.turnedAway(job.batch, price: job.price)
            try await record(job, lifecycle)
        case .rejected(let words):
            lifecycle.rejected(words)
            // Before the job counts as failed, for the same reason.
            state.refund(job.price, of: job.batch)
            state.freeSlot(of: job.batch)
            try await record(job, lifecycle)
            state.emit(.failed(job.reference, FailureCause(.rejected, words)), batch: job.batch)
        case .lost(let words):
            try await lost(words, job)
        }
    }

    /// The run has stopped since the job was claimed: nothing has been sent.
    private func holdBack(_ job: ClaimedJob, passing: Int) async throws {
        budget.giveBack(1, for: job.batch)
        gate.abstain(passing)
        var lifecycle = job.lifecycle
        lifecycle.turnedAway()
        state.turnedAway(job.batch, price: job.price)
        try await record(job, lifecycle)
    }

    private func accepted(_ id: RemoteJobID, _ job: ClaimedJob) async throws {
        var lifecycle = job.lifecycle
        _ = lifecycle.accepted(id)
        guard try await recordAccepted(id, job, lifecycle) != .remoteIDTaken else {
            return try await lost("the API gave the id of another job, \(id)", job)
        }
        state.emit(.submitted(job.reference, id), batch: job.batch)
        poller.follow(
            RunningJob(
                id: job.id, batch: job.batch, reference: job.reference, model: job.request.parameters.model,
                price: job.price, submittedAt: state.time.wall(), lifecycle: lifecycle), isOurs: true)
    }

    /// An id is paid for: it is not let go because the state cannot be written at this moment.
    private func recordAccepted(
        _ id: RemoteJobID, _ job: ClaimedJob, _ lifecycle: JobLifecycle
    ) async throws -> RecordOutcome {
        var tries = 0
        while true {
            do {
                return try await record(job, lifecycle, spent: job.price)
            } catch {
                state.stop(Runner.stopReason(for: error))
                let next = state.time.now() + .seconds(1)
                tries += 1
                if tries < Self.mostTries, !state.isCut, (try? await state.time.sleep(next)) != nil { continue }
                // At least a person can read it.
                let cause = FailureCause(.lost, "the API gave \(id), but the state could not be written")
                state.emit(.unknown(job.reference, cause), batch: job.batch)
                throw error
            }
        }
    }

    private func lost(_ words: String, _ job: ClaimedJob) async throws {
        var lifecycle = job.lifecycle
        lifecycle.answerLost(words)
        // It may have been billed, so it counts as spent until shown otherwise.
        try await record(job, lifecycle, spent: job.price)
        let hold = poller.longestDuration(of: job.request.parameters.model).map { max($0 * 3, Self.shortestHold) }
        state.holdSlot(job.id, of: job.batch, until: state.time.wall() + (hold ?? Self.shortestHold))
        state.emit(.unknown(job.reference, FailureCause(.lost, words)), batch: job.batch)
    }

    @discardableResult
    private func record(
        _ job: ClaimedJob, _ lifecycle: JobLifecycle, spent: Money = .zero
    ) async throws -> RecordOutcome {
        let outcome = try await store.record(
            JobChange(
                job: job.id, batch: job.batch, from: .submitting, to: lifecycle.state, at: state.time.wall(),
                spent: spent))
        if outcome == .recorded {
            state.moved(job.batch, from: .submitting, to: lifecycle.state.name, spent: spent)
        }
        return outcome
    }

    private func tellGate(_ answer: SubmissionAnswer, _ job: ClaimedJob) {
        switch answer {
        case .accepted, .rejected, .refused: gate.answered()
        case .throttled(let wait):
            state.counted(RequestCounts(rateLimited: 1), for: job.batch)
            gate.throttled(wait)
        case .notSent(let words), .lost(let words): gate.failed(words)
        }
    }

    private func tellStop(_ answer: SubmissionAnswer) {
        guard case .refused(let trouble) = answer else { return }
        switch trouble.kind {
        case .keyRefused: state.stop(.keyRefused(trouble.message))
        case .paymentRequired: state.stop(.accountBlocked(trouble.message))
        case .forbidden: state.stop(.forbidden(trouble.message))
        }
    }
}
