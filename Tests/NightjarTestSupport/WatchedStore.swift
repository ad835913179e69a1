package import NightjarCore

/// A store under a `ManualClock`: time does not move by itself while the store works, and single calls can be made to fail.
package final class WatchedStore: JobStore {
    package enum Call: Sendable {
        case recover, claim, read, retryFailed, addRequests, reserveRequests
        case record(JobChange)
    }

    private let store: any JobStore
    private let clock: ManualClock
    /// What a call throws instead of being passed on; it may also hold it up.
    private let fault: @Sendable (Call) async -> (any Error)?

    package init(
        _ store: any JobStore, _ clock: ManualClock,
        fault: @escaping @Sendable (Call) async -> (any Error)? = { _ in nil }
    ) {
        self.store = store
        self.clock = clock
        self.fault = fault
    }

    private func watched<Value>(_ call: Call, _ body: () async throws -> Value) async throws -> Value {
        if let error = await fault(call) { throw error }
        return try await clock.busy(body)
    }

    package func takeIn(
        _ settings: BatchSettings, digest: String, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> Intake {
        return try store.takeIn(settings, digest: digest, now: now, expand: expand)
    }

    package func recover(now: WallTime) async throws -> Recovery {
        try await watched(.recover) { try await store.recover(now: now) }
    }

    package func claim(
        _ limit: Int, of batch: BatchID, prices: [String: Money], now: WallTime
    ) async throws -> [ClaimedJob] {
        try await watched(.claim) { try await store.claim(limit, of: batch, prices: prices, now: now) }
    }

    @discardableResult
    package func record(_ change: JobChange) async throws -> RecordOutcome {
        try await watched(.record(change)) { try await store.record(change) }
    }

    package func outputJob(_ id: JobID) async throws -> OutputJob? {
        try await watched(.read) { try await store.outputJob(id) }
    }

    package func modelsToSubmit(_ batches: [BatchID]) async throws -> [String] {
        try await watched(.read) { try await store.modelsToSubmit(batches) }
    }

    package func nextDue(_ batches: [BatchID]) async throws -> WallTime? {
        try await watched(.read) { try await store.nextDue(batches) }
    }

    package func retryFailed(_ batches: [BatchID], now: WallTime) async throws -> Int {
        try await watched(.retryFailed) { try await store.retryFailed(batches, now: now) }
    }

    package func addRequests(
        _ counts: RequestCounts, throughput: Double?, to batch: BatchID, now: WallTime
    ) async throws {
        try await watched(.addRequests) {
            try await store.addRequests(counts, throughput: throughput, to: batch, now: now)
        }
    }

    package func reserveRequests(_ count: Int, of batch: BatchID?, at time: WallTime) async throws {
        try await watched(.reserveRequests) { try await store.reserveRequests(count, of: batch, at: time) }
    }

    package func reservedRequests(of batch: BatchID?, since: WallTime) async throws -> [RequestReservation] {
        try await watched(.read) { try await store.reservedRequests(of: batch, since: since) }
    }

    package func metadataRecord(of batch: BatchID) async throws -> MetadataRecord {
        try await watched(.read) { try await store.metadataRecord(of: batch) }
    }

    package func setMetadataRecord(_ record: MetadataRecord, of batch: BatchID) async throws {
        try await watched(.read) { try await store.setMetadataRecord(record, of: batch) }
    }

    package func batches() async throws -> [BatchSummary] {
        try await watched(.read) { try await store.batches() }
    }

    package func forEachJob(
        of batch: String?, in states: Set<JobState>?, _ body: (JobSummary) throws -> Void
    ) async throws {
        try await watched(.read) { try await store.forEachJob(of: batch, in: states, body) }
    }
}
