import NightjarCore
import Testing

@testable import NightjarCLI

@Suite struct SubmissionEstimateTests {
    private let prices = ["cheap": Money(micros: 10_000), "dear": Money(micros: 50_000)]

    private func estimate(
        _ jobs: [[String: Int]], limits: BatchSettings.Limits = .init(), maxJobs: Int? = nil, budget: Money? = nil,
        prices: [String: Money]? = nil
    ) -> SubmissionEstimate {
        SubmissionEstimate(
            jobs.map { .init(name: "batch", limits: limits, jobs: $0) }, maxJobs: maxJobs, budget: budget,
            prices: prices ?? self.prices)
    }

    @Test func `each model costs its own price`() {
        let both = estimate([["cheap": 10, "dear": 2], ["cheap": 1]])
        #expect(both.batches == [.init(jobs: 12, cost: Money(micros: 200_000)), .init(jobs: 1, cost: Money("0.01"))])
        #expect(both.total == .init(jobs: 13, cost: Money("0.21")))
        #expect(both.unpriced == [])
    }

    @Test func `without a price the cost is not known, and the model is named`() {
        let some = estimate([["cheap": 10, "new": 2, "other": 1]])
        #expect(some.total == .init(jobs: 13, cost: nil))
        #expect(some.unpriced == ["new", "other"])
        #expect(some.unpricedWords == "no price for `new`, `other`")
        #expect(estimate([["a": 1, "b": 1, "c": 1, "d": 1]]).unpricedWords == "no price for `a`, `b`, `c` and 1 more")
    }

    @Test func `the strictest limit counts, of the manifest or of the run`() {
        let limits = BatchSettings.Limits(maxJobs: 5)
        #expect(estimate([["cheap": 10], ["cheap": 10]], limits: limits).total == .init(jobs: 10, cost: Money("0.1")))
        #expect(estimate([["cheap": 10], ["cheap": 10]], limits: limits, maxJobs: 7).total.jobs == 7)
        #expect(estimate([["cheap": 10]], limits: limits, maxJobs: 70).total.jobs == 5)
        #expect(estimate([["cheap": 10]], maxJobs: 0).total == .init(jobs: 0, cost: .zero))
        #expect(estimate([["new": 10]], maxJobs: 0).total == .init(jobs: 0, cost: .zero))
    }

    @Test func `a budget bounds both the jobs and the cost`() {
        #expect(estimate([["cheap": 10]], budget: Money("0.05")).total == .init(jobs: 5, cost: Money("0.05")))
        // The cheapest first would be five jobs; the dearest first costs all of the budget.
        #expect(
            estimate([["cheap": 10, "dear": 10]], budget: Money("0.05")).total == .init(jobs: 5, cost: Money("0.05")))
        #expect(estimate([["cheap": 10]], budget: Money("5")).total == .init(jobs: 10, cost: Money("0.1")))
        #expect(estimate([["cheap": 10]], limits: .init(budget: Money("0.03"))).total.jobs == 3)
        #expect(estimate([["free": 10]], budget: .zero, prices: ["free": .zero]).total == .init(jobs: 10, cost: .zero))
    }

    @Test func `what is left over beside the limits is told`() {
        #expect(estimate([["cheap": 10], ["dear": 3]], maxJobs: 4).waiting == 13)
    }
}

@Suite struct ConfirmationWordsTests {
    private func words(_ batches: [(String, Int)], prices: [String: Money] = ["m": Money(micros: 10_000)])
        -> ConfirmationWords
    {
        let estimate = SubmissionEstimate(
            batches.map { .init(name: $0.0, limits: .init(), jobs: ["m": $0.1]) }, maxJobs: nil, budget: nil,
            prices: prices)
        return ConfirmationWords(estimate, names: batches.map(\.0))
    }

    @Test func `one batch is named in the question`() {
        let one = words([("spring", 12_000)])
        #expect(one.lines == [])
        #expect(one.question == "Submit 12,000 images of `spring` (about 120.00)?")
        #expect(words([("spring", 1)], prices: [:]).question == "Submit 1 image of `spring` (no price for `m`)?")
    }

    @Test func `several batches are told one by one, those with nothing to submit left out`() {
        let some = words([("spring", 1200), ("done", 0), ("autumn", 1)])
        #expect(some.lines == ["spring: 1,200 images, about 12.00", "autumn: 1 image, about 0.01"])
        #expect(some.question == "Submit 1,201 images (about 12.01)?")
        let many = words((1...25).map { ("b\($0)", 1) })
        #expect(many.lines.count == 21)
        #expect(many.lines.last == "and 5 batches more")
    }

    @Test func `only yes is yes`() {
        for yes in ["y\n", "Y\n", " yes \n", "YES\n"] { #expect(Question.isYes(yes)) }
        for no in ["", "\n", "n\n", "yy\n", "no\n", "yes please\n", "1\n"] { #expect(!Question.isYes(no)) }
    }
}
