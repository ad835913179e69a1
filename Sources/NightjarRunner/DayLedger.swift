internal import NightjarCore

/// What was committed since midnight, the submissions in flight among it. Pure.
///
/// What a submission took is given back only on the day that it was made: money of yesterday makes no room today.
struct DayLedger: Sendable {
    var limits: DailyLimits
    private let clock: LocalClock
    /// Midnight to midnight, by the clock of the limits' time zone: 23 to 25 hours.
    private(set) var start: WallTime
    private(set) var end: WallTime
    private var submitted = 0
    private var committed: Money = .zero
    private var claimed: Set<JobID> = []

    /// - Returns: `nil` where nothing is limited, or the time zone is not known.
    init?(_ limits: DailyLimits?, at now: WallTime) {
        guard let limits, limits.budget != nil || limits.maxJobs != nil,
            let clock = LocalClock(named: limits.timeZone)
        else { return nil }
        self.limits = limits
        self.clock = clock
        (start, end) = Self.day(of: now, clock)
    }

    private static func day(of now: WallTime, _ clock: LocalClock) -> (start: WallTime, end: WallTime) {
        let today = clock.local(at: now).day
        let midnight = LocalTime(milliseconds: today * LocalTime.millisecondsPerDay)
        let next = LocalTime(milliseconds: (today + 1) * LocalTime.millisecondsPerDay)
        // Where the clock skips midnight, the day begins with the first moment that it shows; where it shows it twice, the
        // day that has begun is not over before the last.
        let end = clock.moments(of: next).last ?? clock.firstMoment(from: next)
        return (clock.firstMoment(from: midnight), max(end, now + .milliseconds(1)))
    }

    /// What earlier processes have committed since midnight.
    mutating func restore(submissions: Int, money: Money) {
        submitted += submissions
        committed += money
    }

    /// - Returns: Whether another day has begun.
    mutating func refresh(at now: WallTime) -> Bool {
        guard now >= end || now < start else { return false }
        (start, end) = Self.day(of: now, clock)
        (submitted, committed, claimed) = (0, .zero, [])
        return true
    }

    /// How many more may be submitted at a price; never negative.
    func allowance(price: Money) -> Int {
        var allowance = limits.maxJobs.map { $0 - submitted } ?? .max
        if let budget = limits.budget, price.micros > 0 {
            allowance = min(allowance, Int((budget - committed).micros / price.micros))
        }
        return max(allowance, 0)
    }

    /// `daily: {budget: 20.00, max_jobs: 500}`.
    var name: String {
        let parts = [limits.budget.map { "budget: \($0)" }, limits.maxJobs.map { "max_jobs: \($0)" }].compactMap(\.self)
        return "`daily: {\(parts.joined(separator: ", "))}`"
    }

    /// `00:00 Europe/Paris`.
    func endText(from now: WallTime) -> String { clock.text(end, from: now) }

    mutating func reserve(_ count: Int, price: Money) {
        submitted += count
        committed += price * count
    }

    /// Takes back what was reserved on the day that began at `day`, and not claimed.
    mutating func dismiss(_ count: Int, price: Money, day: WallTime) {
        guard day == start else { return }
        submitted -= count
        committed -= price * count
    }

    /// One of what was reserved has become a submission of a job, at its own price.
    mutating func claimed(_ job: JobID, reserved: Money, price: Money, day: WallTime) {
        guard day == start else { return }
        committed -= reserved - price
        claimed.insert(job)
    }

    /// A job that was shown absent is submitted again; it counts once a day.
    mutating func claimedAgain(_ job: JobID, price: Money) {
        guard claimed.insert(job).inserted else { return }
        submitted += 1
        committed += price
    }

    /// Certainly not accepted.
    mutating func turnedAway(_ job: JobID, price: Money) {
        guard claimed.remove(job) != nil else { return }
        submitted -= 1
        committed -= price
    }

    /// FAILED, which is not billed; it was a submission all the same.
    mutating func failed(_ job: JobID, price: Money) {
        guard claimed.remove(job) != nil else { return }
        committed -= price
    }
}
