package import NightjarCore
import Synchronization

/// Keeps what a run told its observers.
package final class EventRecorder: RunObserver {
    private let kept = Mutex<[RunEvent]>([])
    /// Called for each event, on the pumps' own tasks.
    private let reaction: @Sendable (RunEvent) -> Void

    package init(_ reaction: @escaping @Sendable (RunEvent) -> Void = { _ in }) {
        self.reaction = reaction
    }

    package func observe(_ event: RunEvent) {
        kept.withLock { $0.append(event) }
        reaction(event)
    }

    package var events: [RunEvent] { kept.withLock { $0 } }

    /// The names of the events in order, without the counts that come every second and the gate's.
    package var steps: [String] {
        events.compactMap { event in
            switch event.kind {
            case .started: "started"
            case .submitted: "submitted"
            case .ready: "ready"
            case .done: "done"
            case .filtered: "filtered"
            case .failed(_, let cause): "failed \(cause.kind.rawValue)"
            case .unknown: "unknown"
            case .waiting: "waiting"
            case .finished: "finished"
            case .gate, .progress: nil
            }
        }
    }

    /// What the gate was said to wait for, in order; `nil` where it opened.
    package var gateReasons: [String?] {
        events.compactMap { event in
            if case .gate(let reason, _) = event.kind { return .some(reason) }
            return nil
        }
    }

    package func count(_ step: String) -> Int { steps.count { $0 == step } }
}
