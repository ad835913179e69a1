internal import NightjarCore

/// A job with submissions whose fate is open.
struct OpenJob: Sendable {
    let id: JobID
    let request: ImageRequest
    let fingerprint: Fingerprint?
    let sharesSeed: Bool
    var state: JobState
    /// In the order of their numbers.
    var submissions: [OpenSubmission]
    /// When the newest list that counts for the current submission was asked for.
    var lastCounted: Moment?
    /// Why the last list did not count for it.
    var objection: ListObjection?
    /// A job that FAILED may have been the current submission, by the last list that counts (rule 15).
    var usesTry = false
    /// What was decided about it in the last list, until that is recorded.
    var adoption: (submission: SubmissionID, remote: RemoteJobID)?

    init(_ submission: OpenSubmission) {
        id = submission.id.job
        request = submission.request
        fingerprint = submission.request.fingerprint
        sharesSeed = submission.sharesSeed
        state = submission.jobState
        submissions = [submission]
    }

    var model: String { request.parameters.model }

    /// `unknown`, with a lost submission that nothing has replaced: what a decision is wanted for.
    var current: OpenSubmission? {
        guard state == .unknown, let last = submissions.last, last.lost != nil, !last.isReplaced else { return nil }
        return last
    }

    /// What lists have shown is used up, or no longer holds.
    mutating func forgetEvidence() {
        lastCounted = nil
        for index in submissions.indices { submissions[index].firstCounted = nil }
    }

    var isUnresolved: Bool { state == .unknown || state == .submitting }

    func index(of id: SubmissionID) -> Int? { submissions.firstIndex { $0.id == id } }
}
