internal import NightjarCore
internal import Synchronization

/// What the machine has decided, on record before it takes effect.
extension ReconciliationPump {
    /// Lets the machine look at something, and carries out what follows from it: at the same time, so that the steps share
    /// commits, but before anything else is looked at.
    func carryOut(_ look: @Sendable (inout Reconciler, Moment) -> [Step]) async throws {
        try await turn.taken {
            let steps = knowledge.withLock { knowledge in
                look(&knowledge.machine, knowledge.clock.moment(at: state.time.now()))
            }
            // What is only noted first: an adoption or a duplicate takes its candidate away again.
            for part in [steps.filter(\.isNote), steps.filter { !$0.isNote }] {
                try await withThrowingDiscardingTaskGroup { group in
                    for step in part { group.addTask { try await self.carryOut(step) } }
                }
            }
            if !steps.isEmpty { changed.notify() }
        }
    }

    func carryOut(_ step: Step) async throws {
        switch step {
        case .adopt(let submission, let id): try await adopt(id, submission)
        case .resubmit(let id, let first, let second, let usesTry):
            knowledge.withLock { knowledge in
                guard let submission = knowledge.open[id] else { return }
                knowledge.resubmissions[id] = PendingResubmission(
                    submission: submission, first: first, second: second, usesTry: usesTry,
                    isCommitted: knowledge.committed.contains(id.job))
            }
            state.changed.notify()
        case .duplicate(let id, let job): try await duplicate(id, of: job)
        case .noteEvidence(let id, let moment):
            // What another list has shown absent waits no longer for its turn.
            knowledge.withLock { _ = $0.resubmissions.removeValue(forKey: id) }
            try await store.noteEvidence(moment, of: id)
            Failpoint.evidenceNoted.reach()
        case .noteCandidates(let candidates):
            try await store.noteCandidates(candidates)
            Failpoint.candidatesNoted.reach()
        case .forgetCandidates(let ids): try await store.forgetCandidates(ids)
        case .close(let ids):
            try await store.closeSubmissions(ids)
            knowledge.withLock { knowledge in
                for id in ids { knowledge.open.removeValue(forKey: id) }
            }
        }
    }

    func adopt(_ remote: RemoteJobID, _ id: SubmissionID) async throws {
        guard let submission = knowledge.withLock({ $0.open[id] }) else { return }
        let at = now
        let outcome = try await store.record(
            JobChange(
                job: id.job, batch: submission.batch, from: .unknown,
                to: .submitted(remote, attempt: submission.attempt), at: state.time.wall(),
                spent: submission.price, submission: id.number, acceptedAt: at))
        Failpoint.adopted.reach()
        guard outcome == .recorded else { return }
        knowledge.withLock { knowledge in
            knowledge.machine.moved(id.job, to: .submitted)
            for other in knowledge.open.keys where other.job == id.job { knowledge.open[other]?.jobState = .submitted }
            knowledge.open.removeValue(forKey: id)
        }
        state.takeOverSlot(id.job, of: submission.batch, model: submission.request.parameters.model)
        state.moved(submission.batch, from: .unknown, to: .submitted, spent: submission.price)
        state.emit(.submitted(submission.reference, remote), batch: submission.batch)
        state.seedsFreed()
        let isCommitted = knowledge.withLock { $0.committed.contains(id.job) }
        if let job = try await store.runningJob(id.job) { handlers.withLock { $0 }?.follow(job, isCommitted) }
    }

    func duplicate(_ id: RemoteJobID, of job: JobID) async throws {
        guard let submission = knowledge.withLock({ $0.open.values.first { $0.id.job == job } }) else { return }
        let isNew = try await store.noteDuplicate(id, of: job, price: submission.price, now: state.time.wall())
        Failpoint.duplicateNoted.reach()
        guard isNew else { return }
        state.spent(submission.price, by: submission.batch)
        let words =
            "\(id) is one more image of job \(submission.reference.key), paid for by an earlier submission; it is kept"
        state.emit(.gate(reason: words, until: nil), batch: submission.batch)
        handlers.withLock { $0 }?.fetchDuplicate(id, job, submission.batch)
    }

    // MARK: Submitting again

    /// The next job to be submitted again; these go before new ones.
    func takeResubmission() -> PendingResubmission? {
        let now = now
        return knowledge.withLock { knowledge in
            while let (id, resubmission) = knowledge.resubmissions.min(by: { $0.key.job < $1.key.job }) {
                knowledge.resubmissions.removeValue(forKey: id)
                guard knowledge.machine.mayStillResubmit(id, at: now),
                    let fingerprint = resubmission.submission.request.fingerprint,
                    knowledge.resubmitting.insert(fingerprint).inserted
                else { continue }
                return resubmission
            }
            return nil
        }
    }

    /// Whether an earlier submission of the job is open: what is sent now repeats it.
    func repeatsAnother(_ job: ClaimedJob) -> Bool {
        knowledge.withLock { $0.open.keys.contains { $0.job == job.id && $0.number < job.submission } }
    }

    /// Whether what shows a job absent is complete, and fresh.
    func isStillAbsent(_ id: SubmissionID) -> Bool {
        knowledge.withLock { $0.machine.mayStillResubmit(id, at: $0.clock.moment(at: state.time.now())) }
    }

    /// Another submission has begun, or comes with a later list.
    func endResubmission(_ resubmission: PendingResubmission) {
        guard let fingerprint = resubmission.submission.request.fingerprint else { return }
        knowledge.withLock { _ = $0.resubmitting.remove(fingerprint) }
        state.seedsFreed()
    }
}
