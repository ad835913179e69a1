internal import NightjarCore
internal import Synchronization

/// What a submission must know before it leaves.
extension ReconciliationPump {
    /// Fingerprints that no other submission may have at this time.
    var taken: Set<Fingerprint> {
        knowledge.withLock { knowledge in
            knowledge.machine.taken(at: knowledge.clock.moment(at: state.time.now())).union(knowledge.resubmitting)
        }
    }

    /// When the first lost submission stops standing in the way of others of its model and seed, on the clock of
    /// `time.now`; `nil` where none does.
    var seedsFree: Duration? {
        let now = state.time.now()
        return knowledge.withLock { $0.machine.seedsFree(at: $0.clock.moment(at: now)) }.map { now + $0 }
    }

    var sendsIdempotencyKey: Bool {
        knowledge.withLock { !$0.machine.knowledge.refusesIdempotencyKey }
    }

    /// The API refuses the header: it is not sent any more.
    func idempotencyKeyIsRefused() async throws {
        knowledge.withLock { $0.machine.knowledge.refusesIdempotencyKey = true }
        try await save()
    }
}
