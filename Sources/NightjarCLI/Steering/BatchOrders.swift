internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

/// Gives an order about whole batches, and tells what became of it.
struct BatchOrders {
    let reader: StateReader
    let advice: CommandAdvice
    /// `nil`: all.
    let batches: [String]?
    let order: Order

    /// - Throws: `Refusal` where a batch is not there, or the order makes no sense now.
    func carryOut() async throws -> OrderReport {
        guard let store = reader.store else { return OrderReport([], advice: advice, isRunning: false) }
        let all = try await store.batches()
        var chosen = try batches.map { try $0.map { try reader.batch(named: $0, among: all) } } ?? all
        var seen: Set<BatchID> = []
        chosen = chosen.filter { seen.insert($0.id).inserted }
        let receipt: WishDelivery.Receipt<OrderOutcome.Result>
        let delivery = WishDelivery(statePath: reader.path)
        if batches == nil, let order = wholeOrder {
            let before = try await overrides(in: store)
            receipt = try await delivery.deliver(
                [BatchWish(batch: nil, order: order)], onlyToOther: isLimit ? Self.nothingRuns : nil)
            let after = try await store.batches()
            let all = OrderReport.Item(
                order: order, batch: nil, summaries: after, before: before,
                after: try await store.limitOverrides(), result: receipt.outcomes[0])
            return OrderReport([all], advice: advice, isRunning: receipt.isRunning)
        }
        receipt = try await delivery.deliver(chosen.map { BatchWish(batch: $0.id, order: order) })
        let after = try await store.batches()
        var items: [OrderReport.Item] = []
        for (batch, result) in zip(chosen, receipt.outcomes) {
            let now = after.first { $0.id == batch.id } ?? batch
            items.append(
                OrderReport.Item(
                    order: order, batch: now.settings.name, summaries: [now],
                    paidFor: order == .cancel ? try await store.priceAtAPI(of: batch.id) : .zero,
                    before: batch.overrides, after: now.overrides, result: result))
        }
        return OrderReport(items, advice: advice, isRunning: receipt.isRunning)
    }

    /// For every batch, also those to come. A cancel is about those that there are.
    private var wholeOrder: Order? { order == .cancel ? nil : order }

    private var isLimit: Bool { if case .set = order { true } else { false } }

    /// As the process that runs has them; where that is not known, as they were set.
    private func overrides(in store: SQLiteStore) async throws -> LimitOverrides {
        if let live = LiveNote(state: reader.path).read() {
            return LimitOverrides(concurrency: live.concurrency, rate: live.rate)
        }
        return try await store.limitOverrides()
    }

    private static let nothingRuns = Refusal(
        .usage,
        "nothing runs here, so there are no limits of everything to change; give the next `nightjar run` its "
            + "`--concurrency` and `--rate`, or write them into the configuration")
}
