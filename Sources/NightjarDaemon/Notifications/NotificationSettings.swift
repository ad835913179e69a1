package struct NotificationSettings: Equatable, Sendable {
    package enum Occasion: String, Sendable, CaseIterable { case finished, failures, gate, digest }
    package enum Format: String, Sendable, CaseIterable { case json, ntfy, slack }
    package enum Target: Equatable, Sendable {
        /// Program and arguments, run without a shell.
        case command([String])
        /// `url` or the file that holds it; the token's file, sent as `Authorization: Bearer`.
        case webhook(url: String?, urlFile: String?, tokenFile: String?, format: Format)
    }
    package var occasions: Set<Occasion>
    package var target: Target
    /// Percent of at least 20 ended jobs of a batch, 0…100.
    package var failureShare = 20
    /// Minutes after midnight.
    package var digestMinute = 480
    /// Of the tz database; nil: the machine's.
    package var timeZone: String?
    package init(occasions: Set<Occasion>, target: Target) {
        self.occasions = occasions
        self.target = target
    }
}
