package import NightjarCore

/// A store under a `ManualClock`: time does not move by itself while the store works, and single calls can be made to fail.
package final class WatchedStore: JobStore {
    package enum Call: Sendable {
        case recover, claim, claimAgain, read, retryFailed, addRequests, reserveRequests
        case record(JobChange)
        /// Evidence, holds, anchors, candidates, duplicates, knowledge, and what is no longer watched.
        case note
        case leave, carryOutDecisions, checkInvariants
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
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> Intake {
        return try store.takeIn(settings, digest: digest, changed: changed, now: now, expand: expand)
    }

    package func recover(at moment: Moment, now: WallTime) async throws -> Recovery {
        try await watched(.recover) { try await store.recover(at: moment, now: now) }
    }

    package func claim(
        _ limit: Int, of batch: BatchID, avoiding taken: Set<Fingerprint>, room: [String: Int],
        prices: [String: Money], at moment: Moment, now: WallTime
    ) async throws -> [ClaimedJob] {
        try await watched(.claim) {
            try await store.claim(
                limit, of: batch, avoiding: taken, room: room, prices: prices, at: moment, now: now)
        }
    }

    package func batch(_ id: BatchID) async throws -> BatchSummary? {
        try await watched(.read) { try await store.batch(id) }
    }

    package func committed(since time: WallTime) async throws -> (submissions: Int, money: Money) {
        try await watched(.read) { try await store.committed(since: time) }
    }

    package func committed(by batch: BatchID) async throws -> (submissions: Int, money: Money) {
        try await watched(.read) { try await store.committed(by: batch) }
    }

    package func noteHalt(_ words: String?, of batch: BatchID) async throws {
        try await watched(.note) { try await store.noteHalt(words, of: batch) }
    }

    package func checkWritable(now: WallTime) async throws {
        try await watched(.note) { try await store.checkWritable(now: now) }
    }

    package func leave(_ order: Order, for batch: BatchID?, now: WallTime) async throws -> Int64 {
        try await watched(.leave) { try await store.leave(order, for: batch, now: now) }
    }

    package func carryOutOrders(now: WallTime) async throws -> [OrderOutcome] {
        try await watched(.carryOutDecisions) { try await store.carryOutOrders(now: now) }
    }

    package func outcome(ofOrder number: Int64) async throws -> OrderOutcome? {
        try await watched(.read) { try await store.outcome(ofOrder: number) }
    }

    package func limitOverrides() async throws -> LimitOverrides {
        try await watched(.read) { try await store.limitOverrides() }
    }

    package func clearLimitOverrides() async throws {
        try await watched(.note) { try await store.clearLimitOverrides() }
    }

    @discardableResult
    package func record(_ change: JobChange) async throws -> RecordOutcome {
        try await watched(.record(change)) { try await store.record(change) }
    }

    package func outputJob(_ id: JobID) async throws -> OutputJob? {
        try await watched(.read) { try await store.outputJob(id) }
    }

    package func runningJob(_ id: JobID) async throws -> RunningJob? {
        try await watched(.read) { try await store.runningJob(id) }
    }

    package func haveImages(_ batches: [BatchID]) async throws -> Set<BatchID> {
        try await watched(.read) { try await store.haveImages(batches) }
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

    package func findJobs(_ text: String, batch: String?) async throws -> [FoundJob] {
        try await watched(.read) { try await store.findJobs(text, batch: batch) }
    }

    package func story(of job: JobID) async throws -> JobStory? {
        try await watched(.read) { try await store.story(of: job) }
    }
}

extension WatchedStore {
    // MARK: Reconciliation

    package func openSubmissions() async throws -> [OpenSubmission] {
        try await watched(.read) { try await store.openSubmissions() }
    }

    package func noteAnchors(_ ids: [RemoteJobID], at moment: Moment) async throws {
        try await watched(.note) { try await store.noteAnchors(ids, at: moment) }
    }

    package func noteEvidence(_ firstCounted: Moment?, of submission: SubmissionID) async throws {
        try await watched(.note) { try await store.noteEvidence(firstCounted, of: submission) }
    }

    package func noteHolds(_ holds: [SubmissionID: Hold?]) async throws {
        try await watched(.note) { try await store.noteHolds(holds) }
    }

    package func noteCandidates(_ candidates: [Candidate]) async throws {
        try await watched(.note) { try await store.noteCandidates(candidates) }
    }

    package func forgetCandidates(_ ids: [RemoteJobID]) async throws {
        try await watched(.note) { try await store.forgetCandidates(ids) }
    }

    package func candidates() async throws -> [Candidate] {
        try await watched(.read) { try await store.candidates() }
    }

    package func knownIDs(among ids: [RemoteJobID]) async throws -> Set<RemoteJobID> {
        try await watched(.read) { try await store.knownIDs(among: ids) }
    }

    package func acceptedIDs(limit: Int) async throws -> [(id: RemoteJobID, at: Moment)] {
        try await watched(.read) { try await store.acceptedIDs(limit: limit) }
    }

    package func claimAgain(
        _ submission: SubmissionID, evidence: (first: Moment, second: Moment), usesTry: Bool, settle: Duration,
        at moment: Moment, now: WallTime
    ) async throws -> Resubmission {
        try await watched(.claimAgain) {
            try await store.claimAgain(
                submission, evidence: evidence, usesTry: usesTry, settle: settle, at: moment, now: now)
        }
    }

    package func closeSubmissions(_ ids: [SubmissionID]) async throws {
        try await watched(.note) { try await store.closeSubmissions(ids) }
    }

    package func noteDuplicate(_ id: RemoteJobID, of job: JobID, price: Money, now: WallTime) async throws -> Bool {
        try await watched(.note) { try await store.noteDuplicate(id, of: job, price: price, now: now) }
    }

    package func duplicatesToFetch() async throws -> [(id: RemoteJobID, job: JobID, batch: BatchID)] {
        try await watched(.read) { try await store.duplicatesToFetch() }
    }

    package func endDuplicate(_ id: RemoteJobID, path: String?, note: String?) async throws {
        try await watched(.note) { try await store.endDuplicate(id, path: path, note: note) }
    }

    package func duplicates(of batch: BatchID) async throws -> [Duplicate] {
        try await watched(.read) { try await store.duplicates(of: batch) }
    }

    package func apiKnowledge() async throws -> APIKnowledge {
        try await watched(.read) { try await store.apiKnowledge() }
    }

    package func setAPIKnowledge(_ knowledge: APIKnowledge) async throws {
        try await watched(.note) { try await store.setAPIKnowledge(knowledge) }
    }

    package func checkInvariants() async throws {
        try await watched(.checkInvariants) { try await store.checkInvariants() }
    }

    // MARK: Decisions

    package func leave(_ decision: Decision, for job: JobID, now: WallTime) async throws -> Int64 {
        try await watched(.leave) { try await store.leave(decision, for: job, now: now) }
    }

    package func carryOutDecisions(now: WallTime) async throws -> [DecisionOutcome] {
        try await watched(.carryOutDecisions) { try await store.carryOutDecisions(now: now) }
    }

    package func outcome(ofDecision number: Int64) async throws -> DecisionOutcome? {
        try await watched(.read) { try await store.outcome(ofDecision: number) }
    }
}
