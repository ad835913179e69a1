internal import NightjarCore

/// What has come of one try to deliver a notification.
enum Delivery: Equatable, Sendable {
    case delivered
    /// Another try may help.
    case failed(String, retryAfter: Duration? = nil)
    /// No other try of the same would help.
    case refused(String)
}
