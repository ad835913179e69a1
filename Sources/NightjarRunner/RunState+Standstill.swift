internal import NightjarCore
internal import Synchronization

/// Why nothing is submitted although jobs are left, where neither the counts nor the gate tell.
extension RunState {
    struct Standstill: Sendable {
        enum Kind: Equatable, Sendable {
            /// Unknown jobs hold every slot of the run, or of the batch.
            case slots
            /// The answers of those that go first were lost.
            case pilot
            /// What is left has the model and seed of a submission whose answer was lost.
            case seeds
            /// These batches wait for their time.
            case schedule([BatchID])
        }

        var kind: Kind
        /// `nil`: every batch of the run.
        var batch: BatchID?
        var words: String
        /// On the clock of `time.now`; `nil` where that is not known.
        var until: Duration?
        /// The same by the wall clock, where that is what counts.
        var opens: WallTime?

        func isLike(_ other: Standstill?) -> Bool { kind == other?.kind && batch == other?.batch }
    }

    /// Equal seeds of one model wait for each other's answers at any time; what takes longer than this is worth a word.
    private static let ordinarySeedWait: Duration = .seconds(5)

    /// The one that was told last, and has not ended.
    var saidStandstill: Standstill? {
        get { state.withLock { $0.saidStandstill } }
        set { state.withLock { $0.saidStandstill = newValue } }
    }

    /// - Parameter standstill: `nil`: nothing is waited for any more.
    func say(_ standstill: Standstill?, of batch: BatchID?) {
        let until = standstill?.opens ?? standstill?.until.map { time.wall() + ($0 - time.now()) }
        emit(.gate(reason: standstill?.words, until: until), batch: batch)
    }

    /// - Parameter seedsFree: When the first lost submission stops standing in the way of its seed, on the clock of
    ///   `time.now`.
    func standstill(seedsFree: Duration?) -> Standstill? {
        let now = time.now()
        let wall = time.wall()
        return state.withLock { state in
            let left = state.order.compactMap { state.batches[$0] }.filter { mayStillSubmit($0, in: state) }
            guard state.stops.isEmpty, !left.isEmpty else { return nil }
            let waiting = left.filter(\.times.isOpen)
            guard !waiting.isEmpty else { return Self.scheduleStandstill(left, wall: wall, now: now) }
            let held = Dictionary(grouping: state.heldSlots.values, by: \.batch)
            if let until = state.heldSlots.values.map(\.until).min(),
                state.heldSlots.count >= state.settings.concurrency
            {
                let words = "all slots are taken by \(Self.lostJobs(state.heldSlots.count))"
                return Standstill(kind: .slots, batch: nil, words: words, until: until)
            }
            for batch in waiting {
                let slots = held[batch.id] ?? []
                let until = slots.map(\.until).min()
                if !slots.isEmpty, slots.count >= batch.limits.concurrency ?? .max {
                    let words = "all slots of \(batch.name) are taken by \(Self.lostJobs(slots.count))"
                    return Standstill(kind: .slots, batch: batch.id, words: words, until: until)
                }
                if !slots.isEmpty, let pilot = batch.pilot, batch.unfinished == slots.count,
                    batch.pilotRoom(at: time.wall()) == 0
                {
                    let words =
                        "the first jobs of \(batch.name) go alone (`--pilot \(pilot)`), and are "
                        + Self.lostJobs(slots.count)
                    return Standstill(kind: .pilot, batch: batch.id, words: words, until: until)
                }
                if let seedsFree, batch.count(.pending) > 0, let since = batch.waitsForSeedsSince,
                    now - since >= Self.ordinarySeedWait
                {
                    let words =
                        "what is left of \(batch.name) has the model and seed of a submission whose answer was lost; "
                        + "the two could not be told apart"
                    return Standstill(kind: .seeds, batch: batch.id, words: words, until: seedsFree)
                }
            }
            return Self.scheduleStandstill(left, wall: wall, now: now)
        }
    }

    private static func lostJobs(_ count: Int) -> String {
        "\(count) \(count == 1 ? "job" : "jobs") whose answer was lost and that may be at the API"
    }
}
