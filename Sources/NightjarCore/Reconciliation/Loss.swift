/// How the answer to a submission was lost.
package struct Loss: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// The connection was cut or reset, or the answer broke off.
        case closed
        /// Nothing came for `--timeout`.
        case silent
        /// A gateway gave up waiting for the application (504, 522, 524), which may accept long after.
        case gateway
        /// An answer that does not tell whether there is a job: 3xx, 408, 425, 499, 5xx.
        case answered
        /// 409: to a repeated submission it says that the API has the first.
        case conflict
        /// A 2xx without a readable job id.
        case unreadable
        /// The process ended before the answer was read.
        case interrupted
        /// The API says that it knows the `Idempotency-Key`: it has the job, and does not say which it is.
        case keyKnown = "key_known"
        /// The API gave the id of another job of ours.
        case sharedID = "shared_id"
    }

    package var kind: Kind
    /// What happened, for people.
    package var words: String

    package init(_ kind: Kind, _ words: String) {
        self.kind = kind
        self.words = words
    }

    /// Whether the application behind a gateway may still accept the request long after the client has given up: also where
    /// the process ended while it waited, since that silence would have gone on.
    package var mayBeAcceptedLate: Bool { kind == .silent || kind == .gateway || kind == .interrupted }
}
