/// Why a job failed, or what holds it.
package struct FailureCause: Hashable, Sendable, Codable {
    /// `error.kind`, spelled as scripts read it.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// The API refused the request itself (400, 422 and other 4xx of a submission).
        case rejected
        /// The API says FAILED.
        case remoteFailed = "remote_failed"
        /// Longer at the API than `retry.job_timeout`.
        case timeout
        /// The API no longer knows the job.
        case vanished
        /// The result could not be fetched.
        case download
        /// The result's address is one that Nightjar does not fetch from.
        case blockedURL = "blocked_url"
        /// What was fetched is not an image.
        case invalidImage = "invalid_image"
        /// The image is not of the size that the API reported.
        case wrongSize = "wrong_size"
        /// The output could not be written.
        case disk
        /// The answer to a submission was lost; it may have been billed.
        case lost
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
