internal import NightjarCore

/// What is to be done about lost answers. A step that could not be carried out comes again with a later list, and one that
/// was carried out twice changes nothing.
enum Step: Equatable, Sendable {
    /// The job is this one; its status as last seen is that of the candidate.
    case adopt(SubmissionID, RemoteJobID)
    /// Absent by rule 16, and its turn by rule 17.
    /// - Parameters:
    ///   - first: When the first list that counts was asked for.
    ///   - second: When the last one was.
    ///   - usesTry: A job that FAILED may have been it (rule 15).
    case resubmit(SubmissionID, first: Moment, second: Moment, usesTry: Bool)
    /// An image of the job that was paid for besides (rule 20).
    case duplicate(RemoteJobID, of: JobID)
    /// When the first list that counts was asked for; `nil`: a blocker has cleared it.
    case noteEvidence(SubmissionID, Moment?)
    case noteCandidates([Candidate])
    case forgetCandidates([RemoteJobID])
    /// No longer watched.
    case close([SubmissionID])
}

extension Step {
    /// It only writes down what is known, and decides nothing.
    var isNote: Bool {
        switch self {
        case .noteEvidence, .noteCandidates: true
        case .adopt, .resubmit, .duplicate, .forgetCandidates, .close: false
        }
    }
}
