internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

/// Brings decisions into the state, and has them carried out: by the process that runs the jobs, or here where none does.
struct DecisionDelivery {
    let statePath: String

    struct Receipt {
        /// In the order of the decisions; `nil` where a process holds the state and has not carried it out.
        var outcomes: [DecisionOutcome?]
        /// A process that holds the state goes on with the jobs.
        var isRunning: Bool
    }

    /// A running process looks once a second.
    private static let patience: Duration = .seconds(5)
    private static let pause: Duration = .milliseconds(100)
    /// Decisions that are written at the same time share a commit.
    private static let width = 64

    /// - Throws: `Refusal` where the state cannot be used.
    func deliver(_ decisions: [(job: JobID, decision: Decision)]) async throws -> Receipt {
        var numbers: [Int64]?
        var beside: SQLiteStore?
        let end = ContinuousClock.now + Self.patience
        while true {
            if let receipt = try await carryOutHere(decisions, &numbers) { return receipt }
            let store: SQLiteStore
            if let beside {
                store = beside
            } else {
                guard let opened = try SQLiteStore.openBeside(path: statePath) else {
                    throw Refusal(.usage, "there is no state `\(statePath)` any more")
                }
                store = opened
                beside = opened
            }
            let left: [Int64]
            if let numbers {
                left = numbers
            } else {
                left = try await leave(decisions, in: store)
                numbers = left
            }
            let outcomes = try await outcomes(left, in: store)
            if outcomes.allSatisfy({ $0 != nil }) || ContinuousClock.now >= end {
                return Receipt(outcomes: outcomes, isRunning: true)
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// - Parameter numbers: Of the decisions, once they have been left.
    /// - Returns: `nil` where another process holds the state.
    private func carryOutHere(
        _ decisions: [(job: JobID, decision: Decision)], _ numbers: inout [Int64]?
    ) async throws -> Receipt? {
        let state: (lock: FileLock, store: SQLiteStore)
        do {
            state = try Composition.openState(statePath)
        } catch let refusal as Refusal where refusal.exit == .locked {
            return nil
        }
        defer {
            try? state.store.close()
            state.lock.release()
        }
        let left: [Int64]
        if let numbers {
            left = numbers
        } else {
            left = try await leave(decisions, in: state.store)
            numbers = left
        }
        _ = try await state.store.carryOutDecisions(now: WallTime.now)
        return Receipt(outcomes: try await outcomes(left, in: state.store), isRunning: false)
    }

    private func leave(
        _ decisions: [(job: JobID, decision: Decision)], in store: SQLiteStore
    ) async throws -> [Int64] {
        try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            var numbers = [Int64](repeating: 0, count: decisions.count)
            var next = 0
            func add() {
                let (place, decision) = (next, decisions[next])
                next += 1
                group.addTask {
                    (place, try await store.leave(decision.decision, for: decision.job, now: WallTime.now))
                }
            }
            while next < min(Self.width, decisions.count) { add() }
            while let (place, number) = try await group.next() {
                numbers[place] = number
                if next < decisions.count { add() }
            }
            return numbers
        }
    }

    /// They are carried out together: where one has not been, those behind it are not asked for.
    private func outcomes(_ numbers: [Int64], in store: SQLiteStore) async throws -> [DecisionOutcome?] {
        var outcomes: [DecisionOutcome?] = []
        for number in numbers {
            let outcome = try await store.outcome(ofDecision: number)
            outcomes.append(outcome)
            if outcome == nil { break }
        }
        return outcomes + Array(repeating: nil, count: numbers.count - outcomes.count)
    }
}
