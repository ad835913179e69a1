internal import NightjarCore

/// What stands around every request but a submission: gate and budget before it, counts and consequences after it.
struct RequestPath: Sendable {
    let state: RunState
    let service: any ImageService
    let budget: RequestBudget
    let gate: Gate

    /// Waits until a request for a batch may leave.
    /// - Returns: Whether it may; `ended` must follow. `false` when no more requests are wanted in this run.
    func permission(for batch: BatchID) async throws -> Bool {
        let passing = try await state.health.wait {
            try await gate.pass(taking: budget, for: batch) { !state.wantsRequests }
        }
        // Where nothing is left to submit, a question is the probe.
        if passing == 1, state.settings.isService { await service.readKeyAnew() }
        return passing > 0
    }

    /// The request was answered, or given up.
    func ended(_ requests: RequestCounts, batch: BatchID, failure: RequestFailure?) {
        budget.end(for: batch)
        state.counted(requests, for: batch)
        switch failure {
        case nil, .notFound, .rejected: gate.answered(.question)
        case .throttled(let wait):
            state.counted(RequestCounts(rateLimited: 1), for: batch)
            gate.throttled(wait, .question)
        case .unavailable(let words): gate.failed(words, .question)
        case .refused(let trouble) where state.settings.isService:
            gate.blocked(trouble.words, .question, stopsQuestions: trouble.kind != .paymentRequired)
        case .refused(let trouble):
            gate.answered(.question)
            switch trouble.kind {
            case .paymentRequired:
                state.stop(.accountBlocked(trouble.message))
                // Then there is no way to see home what runs.
                state.stopQuestions()
            case .keyRefused, .forbidden: state.stop(.keyRefused(trouble.message))
            }
        }
    }
}
