internal import NightjarCore
internal import Synchronization

/// Which steps of the pumps are under way, and since when: a step that takes longer than any request may is stuck.
///
/// Waiting for a slot, the gate, the budget or the next look is no step.
final class PumpHealth: Sendable {
    enum Pump: String, Sendable {
        case submitter, poller, downloader, reconciliation, clock
    }

    private struct Steps {
        var next = 0
        var open: [Int: (pump: Pump, since: Duration)] = [:]
    }

    private let steps = Mutex(Steps())
    private let time: Timekeeper

    init(time: Timekeeper) {
        self.time = time
    }

    func step<Value>(_ pump: Pump, _ body: () async throws -> Value) async rethrows -> Value {
        let now = time.now()
        let number = steps.withLock { steps in
            steps.next += 1
            steps.open[steps.next] = (pump, now)
            return steps.next
        }
        defer { steps.withLock { _ = $0.open.removeValue(forKey: number) } }
        return try await body()
    }

    /// - Returns: In words, the step that has taken longer than `limit`; `nil` where none has.
    func stuck(longerThan limit: Duration) -> String? {
        let now = time.now()
        let oldest = steps.withLock { steps in steps.open.values.min { $0.since < $1.since } }
        guard let oldest, now - oldest.since > limit else { return nil }
        return "the \(oldest.pump.rawValue) has been at one step for \((now - oldest.since).spoken)"
    }
}
