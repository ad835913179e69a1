internal import NightjarCore

/// What one run would submit, and what it would cost, if nothing went wrong.
struct SubmissionEstimate: Equatable, Sendable {
    /// One batch: what waits to be submitted, and what the manifest lets it submit.
    struct Batch: Equatable, Sendable {
        let name: String
        let limits: BatchSettings.Limits
        /// Jobs by model.
        let jobs: [String: Int]

        init(name: String, limits: BatchSettings.Limits, jobs: [String: Int]) {
            self.name = name
            self.limits = limits
            self.jobs = jobs
        }
    }

    /// At most so many submissions, and at most so much.
    struct Amount: Equatable, Sendable {
        var jobs = 0
        /// `nil` where a model has no price.
        var cost: Money? = .zero
    }

    /// In the order given, each within the limits of its own manifest.
    let batches: [Amount]
    /// Of all batches together, within the limits of the run.
    let total: Amount
    /// All jobs that wait, whatever the limits.
    let waiting: Int
    /// Models without a price, sorted.
    let unpriced: [String]

    /// - Parameters:
    ///   - maxJobs: Submissions of the run; `nil`: no limit.
    ///   - budget: Of the run; `nil`: no limit.
    ///   - prices: By model, for one image.
    init(_ batches: [Batch], maxJobs: Int?, budget: Money?, prices: [String: Money]) {
        self.batches = batches.map { batch in
            Self.bounded(
                Self.sum(batch.jobs, prices), by: batch.limits.maxJobs, batch.limits.budget,
                prices: batch.jobs.keys.compactMap { prices[$0] })
        }
        let models = Set(batches.flatMap(\.jobs.keys))
        total = Self.bounded(
            self.batches.reduce(Amount()) { sum, batch in
                Amount(jobs: sum.jobs + batch.jobs, cost: sum.cost.flatMap { cost in batch.cost.map { cost + $0 } })
            },
            by: maxJobs, budget, prices: models.compactMap { prices[$0] })
        waiting = batches.reduce(0) { $0 + $1.jobs.values.reduce(0, +) }
        unpriced = models.filter { prices[$0] == nil }.sorted()
    }

    /// `no price for …`, of many models only the first.
    var unpricedWords: String {
        let shown = unpriced.prefix(3).map { "`\(Cells.plain($0))`" }.joined(separator: ", ")
        let more = unpriced.count > 3 ? " and \(unpriced.count - 3) more" : ""
        return "no price for \(shown)\(more)"
    }

    private static func sum(_ jobs: [String: Int], _ prices: [String: Money]) -> Amount {
        jobs.reduce(Amount()) { sum, entry in
            let cost = sum.cost.flatMap { cost in prices[entry.key].map { cost + $0 * entry.value } }
            return Amount(jobs: sum.jobs + entry.value, cost: cost)
        }
    }

    /// Which jobs a limit leaves is not known before they are claimed: the cheapest make the most jobs, the dearest the
    /// highest cost.
    private static func bounded(_ amount: Amount, by maxJobs: Int?, _ budget: Money?, prices: [Money]) -> Amount {
        var amount = amount
        if let maxJobs { amount.jobs = min(amount.jobs, maxJobs) }
        guard let cost = amount.cost, let cheapest = prices.min(), let dearest = prices.max() else {
            if amount.jobs == 0 { amount.cost = .zero }
            return amount
        }
        if let budget, cheapest > .zero {
            amount.jobs = min(amount.jobs, Int(clamping: budget.micros / cheapest.micros))
        }
        amount.cost = min(cost, dearest * amount.jobs, budget ?? cost)
        return amount
    }
}
