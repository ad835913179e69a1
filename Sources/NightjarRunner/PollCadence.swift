internal import NightjarCore

/// When to look at a job again. Pure.
///
/// The first look comes when the job can be expected to be done, by what its model has taken so far in this run; the
/// looks after it grow further apart. A first look that finds the job done says that it may have been too late, so the
/// expectation shrinks; one that does not, that it was too early.
struct PollCadence: Sendable {
    private struct Model: Sendable {
        /// Age at which a job is expected to be done.
        var expected: Duration
    }

    private var models: [String: Model] = [:]

    /// Before anything is known: a tenth of a second, doubling.
    private static let firstGuess: Duration = .milliseconds(100)
    private static let shortestGap: Duration = .milliseconds(100)
    private static let longestGap: Duration = .seconds(15)

    /// - Parameters:
    ///   - looks: How often the job has been looked at already.
    ///   - age: Since the submission.
    /// - Returns: The age at which to look next.
    func nextLook(model: String, looks: Int, age: Duration) -> Duration {
        guard let known = models[model] else {
            return looks == 0 ? Self.firstGuess : age + min(max(age, Self.shortestGap), Self.longestGap)
        }
        if looks == 0, known.expected > age { return known.expected }
        // The longer it is overdue, the less a little more matters.
        let overdue = max(age - known.expected, .zero)
        let gap = max(known.expected * 0.15, overdue * 0.5, Self.shortestGap)
        return age + min(gap, Self.longestGap)
    }

    /// A job was found to be done.
    mutating func done(model: String, looks: Int, age: Duration) {
        var known = models[model] ?? Model(expected: age)
        known.expected = looks <= 1 ? known.expected * 0.9 : known.expected * 0.7 + age * 0.3
        models[model] = known
    }
}
