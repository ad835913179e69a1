package import NightjarCore

/// The operator's rate and those of the batches, for requests outside of a run: what an earlier process has sent counts,
/// and the next one counts what is sent here.
package struct RequestAllowance: Sendable {
    private let budget: RequestBudget

    package init(rate: Rate, batches: [BatchSummary], store: any JobStore, time: Timekeeper) async throws {
        var rates: [BatchID: Rate] = [:]
        for batch in batches { rates[batch.id] = batch.settings.limits.rate }
        budget = RequestBudget(rate: rate, batches: rates, store: store, time: time)
        try await budget.restore()
    }

    /// Waits until a request for a batch may leave; `ended` must follow.
    /// - Returns: `false` where the task was cancelled before.
    package func take(for batch: BatchID) async throws -> Bool {
        try await budget.take(for: batch) { false }
    }

    /// The request was answered, or given up.
    package func ended(for batch: BatchID) {
        budget.end(for: batch)
    }
}
