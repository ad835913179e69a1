internal import NightjarCore
internal import NightjarStore

/// What a person wants, as it is left in the state for the process that holds it.
protocol Wish: Sendable {
    associatedtype Outcome: Sendable

    /// - Returns: A number to ask for its outcome by.
    func leave(in store: SQLiteStore, now: WallTime) async throws -> Int64

    /// What became of it; `nil` while no process has carried it out.
    static func outcome(of number: Int64, in store: SQLiteStore) async throws -> Outcome?
}

struct JobWish: Wish {
    let job: JobID
    let decision: Decision

    func leave(in store: SQLiteStore, now: WallTime) async throws -> Int64 {
        try await store.leave(decision, for: job, now: now)
    }

    static func outcome(of number: Int64, in store: SQLiteStore) async throws -> DecisionOutcome.Result? {
        try await store.outcome(ofDecision: number)?.result
    }
}

struct BatchWish: Wish {
    /// `nil`: every batch, also those to come.
    let batch: BatchID?
    let order: Order

    func leave(in store: SQLiteStore, now: WallTime) async throws -> Int64 {
        try await store.leave(order, for: batch, now: now)
    }

    static func outcome(of number: Int64, in store: SQLiteStore) async throws -> OrderOutcome.Result? {
        try await store.outcome(ofOrder: number)?.result
    }
}
