/// The name of a state, as it stands in the state file, in `jobs --json` and behind `--only`.
package enum JobState: String, Hashable, Sendable, CaseIterable, Codable {
    case pending, submitting, submitted, ready, unknown, waiting, done, failed, filtered, cancelled

    /// Nothing more happens to the job by itself.
    package var isFinal: Bool {
        switch self {
        case .done, .failed, .filtered, .cancelled: true
        case .pending, .submitting, .submitted, .ready, .unknown, .waiting: false
        }
    }
}
