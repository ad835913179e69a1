/// When a job that was at the API counts as vanished: one 404 may come from a part of the API that lags behind. Pure.
struct Vanishing: Sendable {
    /// A job that the API does not know is asked for so often before it counts as vanished.
    private static let timesMissing = 4
    /// And over so long: what was just accepted may not be everywhere yet.
    private static let missingFor: Duration = .seconds(60)
    /// Between two questions, so that no more are asked than it takes.
    static let pause = missingFor / timesMissing

    /// 404 in a row.
    private var times = 0
    private var since: Duration?

    /// The API answered 404.
    /// - Returns: Whether the job has vanished.
    mutating func missed(at now: Duration) -> Bool {
        times += 1
        let since = since ?? now
        self.since = since
        return times >= Self.timesMissing && now - since >= Self.missingFor
    }

    /// The API knows the job.
    mutating func seen() {
        self = Vanishing()
    }
}
