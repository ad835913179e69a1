/// What a person wants of whole batches.
package enum Order: Equatable, Sendable, Codable {
    /// Nothing more of it is submitted; what is at the API comes home.
    case pause
    case resume
    /// What was not submitted becomes `cancelled`; what is at the API, or may be, comes home and is not submitted again.
    case cancel
    /// Changes the limits of what runs.
    case set(LimitChange)
}

/// Limits that a person changes while batches run.
package struct LimitChange: Equatable, Sendable, Codable {
    package enum Replacement<Value: Equatable & Sendable & Codable>: Equatable, Sendable, Codable {
        case by(Value)
        /// As the configuration, or the manifest, gives it.
        case takenBack
    }

    /// Unfinished jobs at the API at one time, at least 1; `nil`: as it is.
    package var concurrency: Replacement<Int>?
    package var rate: Replacement<Rate>?
    /// −1000…1000, of a batch only.
    package var priority: Replacement<Int>?

    package init(
        concurrency: Replacement<Int>? = nil, rate: Replacement<Rate>? = nil, priority: Replacement<Int>? = nil
    ) {
        self.concurrency = concurrency
        self.rate = rate
        self.priority = priority
    }
}

/// Limits as a person has set them; `nil`: as the configuration or the manifest gives them.
package struct LimitOverrides: Equatable, Sendable, Codable {
    package var concurrency: Int?
    package var rate: Rate?
    package var priority: Int?

    package init(concurrency: Int? = nil, rate: Rate? = nil, priority: Int? = nil) {
        self.concurrency = concurrency
        self.rate = rate
        self.priority = priority
    }

    package mutating func apply(_ change: LimitChange) {
        Self.apply(change.concurrency, to: &concurrency)
        Self.apply(change.rate, to: &rate)
        Self.apply(change.priority, to: &priority)
    }

    private static func apply<Value>(_ change: LimitChange.Replacement<Value>?, to value: inout Value?) {
        switch change {
        case nil: break
        case .by(let new): value = new
        case .takenBack: value = nil
        }
    }
}

/// What became of an order.
package struct OrderOutcome: Equatable, Sendable {
    package enum Result: Equatable, Sendable, Codable {
        /// - `changed`: whether anything is different now.
        /// - `cancelled`: jobs that became so, by the state that they were in.
        /// - `comesHome`: jobs that are at the API, or may be, and are not wanted any more, by state.
        case carriedOut(changed: Bool, cancelled: [JobState: Int] = [:], comesHome: [JobState: Int] = [:])
        /// In words: why nothing was to be done.
        case refused(String)
    }

    /// `nil`: every batch, also those to come.
    package var batch: BatchID?
    package var order: Order
    package var result: Result

    package init(batch: BatchID?, order: Order, result: Result) {
        self.batch = batch
        self.order = order
        self.result = result
    }
}

/// How orders reach the state, and the process that runs it. Who leaves one tells that process through the state folder
/// (`RequestBell` of `NightjarFiles`).
package protocol OrderStore: Sendable {
    /// Leaves an order for the process that runs the jobs, or for the next one.
    /// - Parameter batch: `nil`: every batch, also those to come.
    /// - Returns: A number to ask for its outcome by.
    func leave(_ order: Order, for batch: BatchID?, now: WallTime) async throws -> Int64

    /// Carries out what was left, in order; called by the process that holds the state.
    func carryOutOrders(now: WallTime) async throws -> [OrderOutcome]

    /// What became of an order that was left; `nil` while no process has carried it out.
    func outcome(ofOrder number: Int64) async throws -> OrderOutcome?

    /// Limits that were set for every batch together.
    func limitOverrides() async throws -> LimitOverrides

    /// A new `run` begins with the limits that it is given.
    func clearLimitOverrides() async throws
}
