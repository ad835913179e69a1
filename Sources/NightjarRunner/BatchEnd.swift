package import NightjarCore

/// A batch of which nothing is left to do, as far as it goes by itself.
package struct BatchEnd: Equatable, Sendable {
    package var batch: BatchID
    package var name: String
    package var exit: ExitCode
    /// In one line, for people; empty where everything is done.
    package var reason: String

    package init(batch: BatchID, name: String, exit: ExitCode, reason: String) {
        self.batch = batch
        self.name = name
        self.exit = exit
        self.reason = reason
    }
}
