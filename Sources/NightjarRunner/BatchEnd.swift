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

/// What a runner knows of a batch.
package enum BatchFate: Equatable, Sendable {
    /// It was never taken up, or has been let go of since nothing was left to do.
    case notHere
    /// It has something to do, or its end has not been told yet.
    case atWork
    case ended(BatchEnd)
}
