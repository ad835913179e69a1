/// What the state keeps of submissions whose fate is open. What a method has returned is on disk.
package protocol ReconciliationStore: Sendable {
    /// Every open submission, those of a job in the order of their numbers. Called after `JobStore.recover`.
    func openSubmissions() async throws -> [OpenSubmission]

    /// The newest ids of a list that was read before the submissions to come, newest first.
    func noteAnchors(_ ids: [RemoteJobID], at moment: Moment) async throws

    /// When the first list that counts for a submission was asked for; `nil` where evidence was cleared.
    func noteEvidence(_ firstCounted: Moment?, of submission: SubmissionID) async throws

    /// Why submissions are held, for who reads the state beside the run; `nil` where one no longer is.
    func noteHolds(_ holds: [SubmissionID: Hold?]) async throws

    /// Adds candidates or replaces what was known of them.
    func noteCandidates(_ candidates: [Candidate]) async throws
    /// Those that no open submission can have made any more.
    func forgetCandidates(_ ids: [RemoteJobID]) async throws
    func candidates() async throws -> [Candidate]

    /// Which of `ids` belong to a job of this state: as its present id, that of an earlier attempt, or a duplicate's.
    func knownIDs(among ids: [RemoteJobID]) async throws -> Set<RemoteJobID>

    /// The newest ids that the API has given to jobs of ours, oldest first, with when they were accepted.
    func acceptedIDs(limit: Int) async throws -> [(id: RemoteJobID, at: Moment)]

    /// Moves an `unknown` job, shown absent, to a new submission: same body, same seed, same key, same price. Durable before
    /// it returns.
    /// - Parameters:
    ///   - submission: The last open one of the job.
    ///   - evidence: When the two lists that show it were asked for.
    ///   - usesTry: A FAILED row may have been it: an attempt is used up.
    ///   - moment: The new intent.
    /// - Throws: `InvariantViolation` when the evidence is too little, or when the API is
    ///   known to have it.
    func claimAgain(
        _ submission: SubmissionID, evidence: (first: Moment, second: Moment), usesTry: Bool, settle: Duration,
        at moment: Moment, now: WallTime
    ) async throws -> Resubmission

    /// These are no longer watched.
    func closeSubmissions(_ ids: [SubmissionID]) async throws

    /// An image that was paid for a second time: counted once, kept, and added to what the batch has spent.
    /// - Returns: Whether it is new.
    func noteDuplicate(_ id: RemoteJobID, of job: JobID, price: Money, now: WallTime) async throws -> Bool
    /// Duplicates whose image has not been fetched yet.
    func duplicatesToFetch() async throws -> [(id: RemoteJobID, job: JobID, batch: BatchID)]
    /// - Parameter path: Relative to the output folder; `nil` when it cannot be had, with `note` saying why.
    func endDuplicate(_ id: RemoteJobID, path: String?, note: String?) async throws

    func apiKnowledge() async throws -> APIKnowledge
    func setAPIKnowledge(_ knowledge: APIKnowledge) async throws

    /// Duplicates of a batch, oldest first.
    func duplicates(of batch: BatchID) async throws -> [Duplicate]

    /// Checks what must always hold about money: every job id belongs to one job, and no batch has spent less than the
    /// prices of its jobs that have one and did not FAIL.
    /// - Throws: `InvariantViolation`.
    func checkInvariants() async throws
}

/// What became of the wish to submit a job again.
package enum Resubmission: Equatable, Sendable {
    case claimed(ClaimedJob)
    /// No try is left: the job is `failed`.
    case failed(FailureCause)
    /// The manifest no longer names it: it is `cancelled`, and not submitted again.
    case setAside
    /// The job is no longer `unknown`, the submission not its last open one, or the evidence no longer the one on record:
    /// someone else moved first.
    case notInState
}

/// Something that must never happen, whatever a server does: the run stops before it spends more.
package struct InvariantViolation: Error, Equatable, Sendable {
    package var words: String

    package init(_ words: String) {
        self.words = words
    }
}
