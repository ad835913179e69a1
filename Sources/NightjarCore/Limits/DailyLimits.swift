/// What all batches together may use from one midnight to the next.
package struct DailyLimits: Equatable, Sendable {
    /// Spent in a day; `nil`: no limit.
    package var budget: Money?
    /// New submissions in a day; `nil`: no limit.
    package var maxJobs: Int?
    /// Whose midnight it is, of the tz database; `nil`: the machine's.
    package var timeZone: String?

    package init(budget: Money? = nil, maxJobs: Int? = nil, timeZone: String? = nil) {
        self.budget = budget
        self.maxJobs = maxJobs
        self.timeZone = timeZone
    }
}
