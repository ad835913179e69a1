/// What a person has decided about one job.
package enum Decision: Equatable, Sendable {
    /// Try a job that ended badly again: where it has an id, the old job is asked for first, and only when it has FAILED or
    /// is gone is another submitted. Takes back a `cancel`.
    case retry
    /// This job of the API is this one's.
    case adopt(RemoteJobID)
    /// Pay for a new one, whatever became of those before; an earlier submission is still watched.
    case resubmit
    /// Do not submit it; only of a job that is `pending` or `waiting`.
    case pause
    case resume
    /// Not wanted any more: what was not submitted becomes `cancelled`; what is at the API, or may be, comes home and is not
    /// submitted again.
    case cancel
}

/// What became of a decision.
package struct DecisionOutcome: Equatable, Sendable {
    package enum Result: Equatable, Sendable {
        /// `to` may be `from`: it stays so, and is not wanted any more, paused, or taken back from that.
        case moved(from: JobState, to: JobState)
        /// In words: why nothing was to be done.
        case refused(String)
    }

    package var job: JobID
    package var batch: BatchID
    package var reference: JobReference
    package var decision: Decision
    package var result: Result

    package init(
        job: JobID, batch: BatchID, reference: JobReference, decision: Decision, result: Result
    ) {
        self.job = job
        self.batch = batch
        self.reference = reference
        self.decision = decision
        self.result = result
    }
}

/// How decisions reach the state, and the process that runs it.
package protocol DecisionStore: Sendable {
    /// Leaves a decision for the process that runs the jobs, or for the next one.
    /// - Returns: A number to ask for its outcome by.
    func leave(_ decision: Decision, for job: JobID, now: WallTime) async throws -> Int64

    /// Carries out what was left, in order; called by the process that holds the state.
    func carryOutDecisions(now: WallTime) async throws -> [DecisionOutcome]

    /// What became of a decision that was left; `nil` while no process has carried it out.
    func outcome(ofDecision number: Int64) async throws -> DecisionOutcome?
}
