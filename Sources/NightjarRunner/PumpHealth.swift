internal import NightjarCore
internal import Synchronization

/// Which steps of the pumps are under way, and since when: a step that takes longer than any request may is stuck.
///
/// Waiting for a slot, the gate, the budget or the next look is no part of a step.
final class PumpHealth: Sendable {
    enum Pump: String, Sendable {
        case submitter, poller, downloader, reconciliation

        /// An image may be large, and the line slow, as long as bytes come.
        var patience: Int { self == .downloader ? 10 : 1 }
    }

    private struct Step {
        let pump: Pump
        /// `nil` while it waits.
        var since: Duration?
    }

    private struct Steps {
        var last = 0
        var open: [Int: Step] = [:]
    }

    @TaskLocal private static var current: Int?
    private let steps = Mutex(Steps())
    private let time: Timekeeper

    init(time: Timekeeper) {
        self.time = time
    }

    func step<Value>(_ pump: Pump, _ body: () async throws -> Value) async rethrows -> Value {
        let now = time.now()
        let number = steps.withLock { steps in
            steps.last += 1
            steps.open[steps.last] = Step(pump: pump, since: now)
            return steps.last
        }
        defer { steps.withLock { _ = $0.open.removeValue(forKey: number) } }
        return try await Self.$current.withValue(number) { try await body() }
    }

    /// A wait, in a step or not, that may take any time.
    func wait<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        guard let number = Self.current else { return try await body() }
        steps.withLock { $0.open[number]?.since = nil }
        defer {
            let now = time.now()
            steps.withLock { $0.open[number]?.since = now }
        }
        return try await body()
    }

    /// - Returns: In words, the step that has taken longer than `limit`; `nil` where none has.
    func stuck(longerThan limit: Duration) -> String? {
        let now = time.now()
        let stuck = steps.withLock { steps in
            steps.open.values.compactMap { step in
                step.since.map { (pump: step.pump, time: now - $0) }
            }.filter { $0.time > limit * $0.pump.patience }.max { $0.time < $1.time }
        }
        return stuck.map { "the \($0.pump.rawValue) has been at one step for \($0.time.spoken)" }
    }
}
