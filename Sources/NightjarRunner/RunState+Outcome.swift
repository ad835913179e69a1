internal import NightjarCore
internal import Synchronization

extension RunState {
    /// How the run has ended, by what is left of it.
    func outcome() -> RunOutcome {
        let (stops, asked, limits) = state.withLock { state in
            (state.stops, state.order.compactMap { state.batches[$0] }.filter(\.isAsked), reachedLimits(state))
        }
        let needs = whatIsNeeded(asked)
        var codes = Set(stops.map(\.exitCode))
        let halted = asked.compactMap { batch in batch.halted.map { "\(batch.name): \($0)" } }
        let left = asked.reduce(0) { $0 + $1.count(.pending, .waiting, .submitting, .submitted, .ready) }
        let late = asked.filter { $0.halted == nil && $0.times.isOver && $0.count(.pending, .waiting) > 0 }
        let heldUp = asked.filter { $0.halted == nil && !$0.times.isOver && $0.count(.pending, .waiting) > 0 }
        let unknown = asked.reduce(0) { $0 + $1.count(.unknown) }
        let failed = asked.reduce(0) { $0 + $1.count(.failed) }
        let blank = asked.reduce(0) { $0 + $1.count(.filtered) }
        if !heldUp.isEmpty, stops.isEmpty { codes.insert(.limitReached) }
        if !late.isEmpty { codes.insert(.timeLimit) }
        // A stop that came when everything was done has stopped nothing.
        if left + unknown == 0 { codes.formIntersection([.internalError]) }
        if unknown > 0 { codes.insert(.unknownLeft) }
        if failed + blank > 0 || !halted.isEmpty { codes.insert(.someFailed) }
        let exit = ExitCode.precedence.first { codes.contains($0) } ?? .success
        let reason =
            switch exit {
            case .limitReached: "\(Self.words(for: heldUp, limits)); \(left) left"
            case .unknownLeft: "\(unknown) held as unknown: the answer to the submission was lost"
            case .someFailed where !halted.isEmpty: "stopped, \(left) left; \(halted.joined(separator: "; "))"
            case .someFailed where blank == 0: "\(failed) failed"
            case .someFailed: failed == 0 ? "\(blank) came back blank" : "\(failed) failed, \(blank) came back blank"
            case .timeLimit where !stops.contains(.timeLimit): Self.lateWords(late, wall: time.wall())
            case .success: ""
            default: stops.first { $0.exitCode == exit }?.words ?? ""
            }
        let couldNotWrite = stops.contains { if case .cannotWrite = $0 { true } else { false } }
        return RunOutcome(
            exit: exit, couldNotWrite: couldNotWrite, reason: reason, needs: needs,
            batches: progress.filter(\.isAsked).map(\.progress))
    }

    /// Why nothing more was submitted of batches that were neither stopped nor late.
    private static func words(for heldUp: [Batch], _ limits: [String]) -> String {
        var parts: [String] = []
        if heldUp.contains(where: { $0.unpaused > 0 }) {
            parts.append("stopped at \(limits.joined(separator: " and "))")
        }
        var commands: [String] = []
        for batch in heldUp where batch.unpaused < batch.count(.pending, .waiting) {
            if !commands.contains(batch.resumeCommand) { commands.append(batch.resumeCommand) }
        }
        if !commands.isEmpty { parts.append("paused: \(commands.joined(separator: ", "))") }
        return parts.joined(separator: "; ")
    }

    /// What must change before a run with the same settings and manifests would submit anything, or bring anything home.
    private func whatIsNeeded(_ asked: [Batch]) -> [String] {
        var needs: [String] = []
        for batch in asked {
            if batch.count(.submitting, .submitted, .ready, .unknown) > 0 { return [] }
            guard batch.count(.pending, .waiting) > 0 else { continue }
            guard let need = need(of: batch) else { return [] }
            if !needs.contains(need) { needs.append(need) }
        }
        return needs
    }

    private func need(of batch: Batch) -> String? {
        let (own, price) = (batch.limits, batch.highestPrice)
        if batch.times.isOver { return "a later `deadline` for \(batch.name)" }
        if batch.unpaused == 0 { return batch.resumeCommand }
        if settings.maxJobs == 0 { return "`--max-jobs` above 0" }
        if own.maxJobs == 0 { return "`max_jobs` of \(batch.name) above 0" }
        if let budget = settings.budget, budget < price { return "a `--budget` of at least \(price), for one image" }
        if let budget = own.budget, budget < price {
            return "a `budget` of \(batch.name) of at least \(price), for one image"
        }
        return nil
    }
}
