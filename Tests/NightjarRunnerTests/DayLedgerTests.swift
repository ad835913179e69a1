import NightjarCore
import Testing

@testable import NightjarRunner

/// What a day allows, and what is given back to it.
struct DayLedgerTests {
    private static let noon = WallTime(milliseconds: 1_772_366_400_000)
    private static let price = Money(micros: 100_000)

    private static func ledger(_ limits: DailyLimits) throws -> DayLedger {
        try #require(DayLedger(limits, at: noon))
    }

    @Test func `what is in flight counts as spent`() throws {
        var day = try Self.ledger(DailyLimits(budget: Money("1.00"), maxJobs: 5, timeZone: "UTC"))
        #expect(day.allowance(price: Self.price) == 5)
        day.reserve(4, price: Self.price)
        #expect(day.allowance(price: Self.price) == 1)
        day.dismiss(2, price: Self.price, day: day.start)
        #expect(day.allowance(price: Self.price) == 3)
    }

    @Test func `a failure gives its money back, and was a submission all the same`() throws {
        var day = try Self.ledger(DailyLimits(budget: Money("0.20"), maxJobs: 5, timeZone: "UTC"))
        day.reserve(2, price: Self.price)
        for id: Int64 in [1, 2] {
            day.claimed(JobID(id), reserved: Self.price, price: Self.price, day: day.start)
        }
        #expect(day.allowance(price: Self.price) == 0)
        day.failed(JobID(1), price: Self.price)
        day.failed(JobID(1), price: Self.price)
        #expect(day.allowance(price: Self.price) == 1)
        day.turnedAway(JobID(2), price: Self.price)
        #expect(day.allowance(price: Self.price) == 2)
        day.limits.maxJobs = 1
        #expect(day.allowance(price: Self.price) == 0)
    }

    @Test func `yesterday's money makes no room today`() throws {
        var day = try Self.ledger(DailyLimits(budget: Money("0.20"), timeZone: "UTC"))
        let yesterday = day.start
        day.reserve(2, price: Self.price)
        day.claimed(JobID(1), reserved: Self.price, price: Self.price, day: yesterday)
        let isNew = day.refresh(at: Self.noon + .seconds(86_400))
        #expect(isNew)
        day.reserve(2, price: Self.price)
        day.failed(JobID(1), price: Self.price)
        day.dismiss(1, price: Self.price, day: yesterday)
        #expect(day.allowance(price: Self.price) == 0)
    }
}
