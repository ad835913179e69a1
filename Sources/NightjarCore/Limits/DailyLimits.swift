/// What all batches together may cost from one midnight to the next.
package struct DailyLimits: Equatable, Sendable {
    /// `nil`: no limit.
    package var budget: Money?
    /// New submissions; `nil`: no limit.
    package var maxJobs: Int?
    /// Of the tz database; `nil`: the machine's time zone.
    package var timeZone: String?

    package init(budget: Money? = nil, maxJobs: Int? = nil, timeZone: String? = nil) {
        self.budget = budget
        self.maxJobs = maxJobs
        self.timeZone = timeZone
    }
}
