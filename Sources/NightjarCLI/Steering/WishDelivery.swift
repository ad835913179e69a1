internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

/// Brings wishes into the state, and has them carried out: by the process that runs the jobs, or here where none does.
struct WishDelivery {
    let statePath: String

    struct Receipt<Outcome> {
        /// In the order of the wishes; `nil` where a process holds the state and has not carried it out.
        var outcomes: [Outcome?]
        /// A process that holds the state goes on with the jobs.
        var isRunning: Bool
    }

    /// A running process hears of it within a second.
    private static let patience: Duration = .seconds(5)
    /// Decisions about every job of a large batch take their time.
    private static let patienceForEach: Duration = .milliseconds(1)
    private static let pause: Duration = .milliseconds(50)
    /// What is written at the same time shares a commit.
    private static let width = 64

    /// - Parameter refusal: Thrown where no process holds the state, instead of carrying it out here.
    /// - Throws: `Refusal` where the state cannot be used.
    func deliver<Wanted: Wish>(_ wishes: [Wanted], onlyToOther refusal: Refusal? = nil) async throws -> Receipt<
        Wanted.Outcome
    > {
        var numbers: [Int64]?
        var beside: SQLiteStore?
        var end = ContinuousClock.now + Self.patience
        while true {
            if let receipt = try await carryOutHere(wishes, &numbers, onlyToOther: refusal) { return receipt }
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
                left = try await leave(wishes, in: store)
                numbers = left
                Composition.bell(of: statePath).ring()
                end = ContinuousClock.now + Self.patience + Self.patienceForEach * wishes.count
            }
            let outcomes: [Wanted.Outcome?] = try await outcomes(of: Wanted.self, left, in: store)
            if outcomes.allSatisfy({ $0 != nil }) || ContinuousClock.now >= end {
                return Receipt(outcomes: outcomes, isRunning: true)
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// - Parameter numbers: Of the wishes, once they have been left.
    /// - Returns: `nil` where another process holds the state.
    private func carryOutHere<Wanted: Wish>(
        _ wishes: [Wanted], _ numbers: inout [Int64]?, onlyToOther refusal: Refusal?
    ) async throws -> Receipt<Wanted.Outcome>? {
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
        // One that was left beside a process which has ended meanwhile is carried out all the same.
        if let refusal, numbers == nil { throw refusal }
        let left: [Int64]
        if let numbers {
            left = numbers
        } else {
            left = try await leave(wishes, in: state.store)
            numbers = left
        }
        _ = try await state.store.carryOutDecisions(now: WallTime.now)
        _ = try await state.store.carryOutOrders(now: WallTime.now)
        return Receipt(outcomes: try await outcomes(of: Wanted.self, left, in: state.store), isRunning: false)
    }

    private func leave(_ wishes: [some Wish], in store: SQLiteStore) async throws -> [Int64] {
        try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            var numbers = [Int64](repeating: 0, count: wishes.count)
            var next = 0
            func add() {
                let (place, wish) = (next, wishes[next])
                next += 1
                group.addTask { (place, try await wish.leave(in: store, now: WallTime.now)) }
            }
            while next < min(Self.width, wishes.count) { add() }
            while let (place, number) = try await group.next() {
                numbers[place] = number
                if next < wishes.count { add() }
            }
            return numbers
        }
    }

    /// They are carried out together: where one has not been, those behind it are not asked for.
    private func outcomes<Wanted: Wish>(
        of kind: Wanted.Type, _ numbers: [Int64], in store: SQLiteStore
    ) async throws -> [Wanted.Outcome?] {
        var outcomes: [Wanted.Outcome?] = []
        for number in numbers {
            let outcome = try await Wanted.outcome(of: number, in: store)
            outcomes.append(outcome)
            if outcome == nil { break }
        }
        return outcomes + Array(repeating: nil, count: numbers.count - outcomes.count)
    }
}
