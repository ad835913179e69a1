internal import NightjarCore
internal import Synchronization

extension RunState {
    /// How the run has ended, by what is left of it.
    func outcome() -> RunOutcome {
        let (stops, asked, limits) = state.withLock { state in
            (state.stops, state.order.compactMap { state.batches[$0] }.filter(\.isAsked), reachedLimits(state))
        }
        var codes = Set(stops.map(\.exitCode))
        let halted = asked.compactMap { batch in batch.halted.map { "\(batch.name): \($0)" } }
        let left = asked.reduce(0) { $0 + $1.count(.pending, .waiting, .submitting, .submitted, .ready) }
        let late = asked.filter { $0.halted == nil && $0.times.isOver && $0.count(.pending, .waiting) > 0 }
        let leftByLimits = asked.filter { $0.halted == nil && !$0.times.isOver }.reduce(0) {
            $0 + $1.count(.pending, .waiting)
        }
        let unknown = asked.reduce(0) { $0 + $1.count(.unknown) }
        let failed = asked.reduce(0) { $0 + $1.count(.failed) }
        let blank = asked.reduce(0) { $0 + $1.count(.filtered) }
        if leftByLimits > 0, stops.isEmpty { codes.insert(.limitReached) }
        if !late.isEmpty { codes.insert(.timeLimit) }
        // A stop that came when everything was done has stopped nothing.
        if left + unknown == 0 { codes.formIntersection([.internalError]) }
        if unknown > 0 { codes.insert(.unknownLeft) }
        if failed + blank > 0 || !halted.isEmpty { codes.insert(.someFailed) }
        let exit = ExitCode.precedence.first { codes.contains($0) } ?? .success
        let reason =
            switch exit {
            case .limitReached: "stopped at \(limits.joined(separator: " and ")); \(left) left"
            case .unknownLeft: "\(unknown) held as unknown: the answer to the submission was lost"
            case .someFailed where !halted.isEmpty: "stopped, \(left) left; \(halted.joined(separator: "; "))"
            case .someFailed where blank == 0: "\(failed) failed"
            case .someFailed: failed == 0 ? "\(blank) came back blank" : "\(failed) failed, \(blank) came back blank"
            case .timeLimit where !stops.contains(.timeLimit): Self.lateWords(late, wall: time.wall())
            case .success: ""
            default: stops.first { $0.exitCode == exit }?.words ?? ""
            }
        return RunOutcome(exit: exit, reason: reason, batches: progress.filter(\.isAsked).map(\.progress))
    }
}
