internal import NightjarCore

/// Sends pending jobs to the API: a free slot, a request of the budget, a durable intent, and only then the request.
struct Submitter: Sendable {
    let state: RunState
    let store: any JobStore
    let service: any ImageService
    let budget: RequestBudget
    let gate: Gate
    let poller: Poller
    let reconciliation: ReconciliationPump

    /// Jobs claimed in one commit.
    private static let mostAtOnce = 64
    /// How often, once a second, the record of an accepted job is tried.
    private static let mostTries = 30

    /// An error of the state ends the claiming; what is out is seen to its answer all the same.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !state.submissionsAreOver, !Task.isCancelled {
                let passing = await gate.pass(.submission) { state.submissionsAreOver }
                guard passing > 0 else { return }
                let mark = state.changed.mark
                if let resubmission = reconciliation.takeResubmission() {
                    group.addTask {
                        await state.guarding {
                            try await state.health.step(.submitter) {
                                try await submitAgain(resubmission, passing: passing)
                            }
                        }
                    }
                    continue
                }
                switch state.admit(upTo: min(passing, Self.mostAtOnce), by: budget) {
                case .admitted(let admission):
                    var claimed: [ClaimedJob] = []
                    await state.guarding {
                        try await state.health.step(.submitter) {
                            claimed = try await claim(admission, passing: passing)
                        }
                    }
                    for job in claimed {
                        group.addTask {
                            await state.guarding {
                                try await state.health.step(.submitter) { try await submit(job, passing: passing) }
                            }
                        }
                    }
                case .list(let batch):
                    gate.abstain(passing, .submission)
                    await state.guarding { try await reconciliation.readFirstList(for: batch) }
                case .wait(let moment):
                    gate.abstain(passing, .submission)
                    await state.changed.wait(since: mark, until: moment, on: state.time)
                }
            }
        }
    }

    /// - Returns: The jobs whose intents are durable; each holds a slot and a request of the budget.
    private func claim(_ admission: RunState.Admission, passing: Int) async throws -> [ClaimedJob] {
        let batch = admission.batch
        var granted = try await budget.takeNow(upTo: admission.count, for: batch)
        if granted > 0, gate.isClosed(.submission) || state.submissionsAreOver {
            budget.giveBack(granted, for: batch)
            granted = 0
        }
        state.dismiss(admission.count - granted, of: admission)
        let mark = state.seedsFreedCount
        let jobs =
            granted == 0
            ? []
            : try await store.claim(
                granted, of: batch, avoiding: reconciliation.taken, room: state.modelRoom,
                prices: state.settings.prices,
                at: reconciliation.now, now: state.time.wall())
        Failpoint.claimed.reach()
        await Failpoint.submitterWedged.wedge()
        state.dismiss(granted - jobs.count, of: admission)
        budget.giveBack(granted - jobs.count, for: batch)
        for job in jobs {
            state.claimed(job, of: admission)
            // At once, so that the next claim knows what seeds are out.
            try reconciliation.began(job)
        }
        if jobs.isEmpty { gate.abstain(passing, .submission) }
        if jobs.count < granted {
            state.waits(batch, until: try await store.nextDue([batch]))
            state.waitsForSeeds(batch, since: mark)
        }
        return jobs
    }

    private func submit(_ job: ClaimedJob, passing: Int) async throws {
        guard !state.isStopping, !gate.isClosed(.submission), state.isOpen(job.batch) else {
            return try await holdBack(job, passing: passing)
        }
        state.submissionsOut(1)
        defer { state.submissionsOut(-1) }
        if passing == 1, state.settings.isService { await service.readKeyAnew() }
        let key = reconciliation.sendsIdempotencyKey ? job.idempotencyKey : nil
        let answer = await service.submit(job.request, idempotencyKey: key)
        Failpoint.answered.reach()
        budget.end(for: job.batch)
        state.counted(RequestCounts(submit: 1), for: job.batch)
        tellGate(answer, job)
        tellStop(answer)
        switch answer {
        case .accepted(let id): try await accepted(id, job)
        case .notSent, .throttled, .refused: try await turnedAway(job)
        case .keyRefused(let words):
            // To a repeated submission it says that the API has the first one.
            if reconciliation.repeatsAnother(job) { return try await lost(Loss(.keyKnown, words), job) }
            try await reconciliation.idempotencyKeyIsRefused()
            try await turnedAway(job)
        case .rejected(let words): try await rejected(words, job)
        case .lost(var loss):
            if loss.kind == .conflict, reconciliation.repeatsAnother(job) { loss.kind = .keyKnown }
            try await lost(loss, job)
        }
    }

    /// The run has stopped since the job was claimed, or its time is over: nothing has been sent.
    private func holdBack(_ job: ClaimedJob, passing: Int) async throws {
        budget.giveBack(1, for: job.batch)
        gate.abstain(passing, .submission)
        try await turnedAway(job)
    }

    /// Certainly not accepted, and no fault of the job.
    private func turnedAway(_ job: ClaimedJob) async throws {
        var lifecycle = job.lifecycle
        lifecycle.turnedAway()
        // Before the job counts as pending, or the run could look over for a moment.
        state.turnedAway(job)
        if job.isRepeated { state.waitForUnknown(true) }
        let outcome = try await record(job, lifecycle)
        Failpoint.turnedAway.reach()
        let left: JobState =
            switch outcome {
            case .heldAsUnknown: .unknown
            case .setAside: .cancelled
            case .recorded, .notInState, .remoteIDTaken: .pending
            }
        reconciliation.ended(job, leaving: left)
        if outcome == .heldAsUnknown { reconciliation.holdSlotAgain(job.id) }
    }

    /// The API will never take this request.
    private func rejected(_ words: String, _ job: ClaimedJob) async throws {
        var lifecycle = job.lifecycle
        lifecycle.rejected(words)
        // Before the job counts as failed, for the same reason; its slot after that, or the pilot would have room for another.
        state.refund(job.price, of: job.id, in: job.batch, isCommitted: true)
        try await record(job, lifecycle)
        state.freeSlot(of: job.batch, model: job.request.parameters.model)
        Failpoint.failed.reach()
        reconciliation.ended(job, leaving: .failed)
        state.emit(.failed(job.reference, FailureCause(.rejected, words)), batch: job.batch)
    }

    /// A job that was shown absent.
    private func submitAgain(_ again: PendingResubmission, passing: Int) async throws {
        let submission = again.submission
        defer { reconciliation.endResubmission(again) }
        guard state.isOpen(submission.batch) else { return gate.abstain(passing, .submission) }
        guard try await budget.takeNow(upTo: 1, for: submission.batch) == 1 else {
            // It comes again with a later list.
            return gate.abstain(passing, .submission)
        }
        var result: Resubmission = .notInState
        let isAdmitted =
            reconciliation.isStillAbsent(submission.id)
            && state.admitAgain(submission, isCommitted: again.isCommitted)
        if isAdmitted {
            result = try await store.claimAgain(
                submission.id, evidence: (again.first, again.second), usesTry: again.usesTry,
                settle: state.settings.settle, at: reconciliation.now, now: state.time.wall())
        }
        switch result {
        case .claimed(let job):
            Failpoint.claimedAgain.reach()
            state.moved(job.batch, from: .unknown, to: .submitting)
            guard reconciliation.isStillAbsent(submission.id) else {
                // A list that came meanwhile shows what may be it after all.
                return try await holdBack(job, passing: passing)
            }
            try reconciliation.began(job)
            try await submit(job, passing: passing)
        case .failed(let cause):
            budget.giveBack(1, for: submission.batch)
            gate.abstain(passing, .submission)
            // As where a job is rejected: before it counts as failed.
            state.refund(
                submission.price, of: submission.id.job, in: submission.batch, isCommitted: again.isCommitted)
            state.moved(submission.batch, from: .unknown, to: .failed)
            state.freeSlot(of: submission.batch, model: submission.request.parameters.model)
            reconciliation.moved(submission.id.job, to: .failed)
            state.emit(.failed(submission.reference, cause), batch: submission.batch)
        case .setAside:
            budget.giveBack(1, for: submission.batch)
            gate.abstain(passing, .submission)
            state.refund(
                submission.price, of: submission.id.job, in: submission.batch, isCommitted: again.isCommitted)
            state.freeSlot(of: submission.batch, model: submission.request.parameters.model)
            state.moved(submission.batch, from: .unknown, to: .cancelled)
            reconciliation.moved(submission.id.job, to: .cancelled)
        case .notInState:
            budget.giveBack(1, for: submission.batch)
            gate.abstain(passing, .submission)
            if isAdmitted {
                state.dismissAgain(again)
                reconciliation.holdSlotAgain(submission.id.job)
            }
        }
    }

    private func accepted(_ id: RemoteJobID, _ job: ClaimedJob) async throws {
        var lifecycle = job.lifecycle
        _ = lifecycle.accepted(id)
        guard try await recordAccepted(id, job, lifecycle) != .remoteIDTaken else {
            return try await lost(Loss(.sharedID, "the API gave the id of another job, \(id)"), job)
        }
        Failpoint.accepted.reach()
        reconciliation.accepted(id, job)
        state.emit(.submitted(job.reference, id), batch: job.batch)
        poller.follow(
            RunningJob(
                id: job.id, batch: job.batch, reference: job.reference, request: job.request,
                price: job.price, submittedAt: state.time.wall(), lifecycle: lifecycle), isOurs: true)
    }

    /// An id is paid for: it is not let go because the state cannot be written at this moment.
    private func recordAccepted(
        _ id: RemoteJobID, _ job: ClaimedJob, _ lifecycle: JobLifecycle
    ) async throws -> RecordOutcome {
        var tries = 0
        while true {
            do {
                return try await record(job, lifecycle, spent: job.price, acceptedAt: reconciliation.now)
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

    private func lost(_ loss: Loss, _ job: ClaimedJob) async throws {
        var lifecycle = job.lifecycle
        lifecycle.answerLost(loss.words)
        let lost = OpenSubmission.Lost(loss, at: reconciliation.now)
        // Before the job counts as unknown, or the run could look over for a moment.
        state.waitForUnknown(true)
        try await record(job, lifecycle, lost: lost)
        Failpoint.lossRecorded.reach()
        try reconciliation.lost(lost, job)
        state.emit(.unknown(job.reference, FailureCause(.lost, loss.words)), batch: job.batch)
    }

    @discardableResult
    private func record(
        _ job: ClaimedJob, _ lifecycle: JobLifecycle, spent: Money = .zero, lost: OpenSubmission.Lost? = nil,
        acceptedAt: Moment? = nil
    ) async throws -> RecordOutcome {
        let outcome = try await store.record(
            JobChange(
                job: job.id, batch: job.batch, from: .submitting, to: lifecycle.state, at: state.time.wall(),
                spent: spent, lost: lost, acceptedAt: acceptedAt))
        switch outcome {
        case .recorded: state.moved(job.batch, from: .submitting, to: lifecycle.state.name, spent: spent)
        case .heldAsUnknown: state.moved(job.batch, from: .submitting, to: .unknown, spent: spent)
        case .setAside: state.moved(job.batch, from: .submitting, to: .cancelled, spent: spent)
        case .notInState, .remoteIDTaken: break
        }
        return outcome
    }

    private func tellGate(_ answer: SubmissionAnswer, _ job: ClaimedJob) {
        switch answer {
        case .accepted, .rejected, .keyRefused: gate.answered(.submission)
        case .refused(let trouble) where state.settings.isService:
            gate.blocked(trouble.words, .submission, stopsQuestions: trouble.kind == .keyRefused)
        case .refused: gate.answered(.submission)
        case .throttled(let wait):
            state.counted(RequestCounts(rateLimited: 1), for: job.batch)
            gate.throttled(wait, .submission)
        case .lost(let loss) where loss.kind == .conflict || loss.kind == .keyKnown: gate.answered(.submission)
        case .lost(let loss): gate.failed(loss.words, .submission)
        case .notSent(let words): gate.unreachable(words)
        }
    }

    private func tellStop(_ answer: SubmissionAnswer) {
        guard case .refused(let trouble) = answer, !state.settings.isService else { return }
        switch trouble.kind {
        case .keyRefused: state.stop(.keyRefused(trouble.message))
        case .paymentRequired: state.stop(.accountBlocked(trouble.message))
        case .forbidden: state.stop(.forbidden(trouble.message))
        }
    }
}
