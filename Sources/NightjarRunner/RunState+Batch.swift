internal import NightjarCore

extension RunState {
    /// One batch: its settings, its counts, and what this run has done with it.
    struct Batch: Sendable {
        let id: BatchID
        let name: String
        let settings: BatchSettings
        /// Named in this run; of other batches only what is already at the API is brought home.
        let isAsked: Bool
        var counts: [JobState: Int]
        /// Spent in all runs.
        var spent: Money
        /// Submissions of this run that count against `max_jobs`.
        var submitted = 0
        /// What this run has committed, unfinished submissions among it.
        var committed: Money = .zero
        var unfinished = 0
        /// What one submission reserves before its model is known: never too little.
        var highestPrice: Money = .zero
        /// Before then no waiting job's time comes; `nil` where that is not known.
        var nextDue: WallTime?
        var pace = Pace()
        var requests = RequestCounts()

        func count(_ states: JobState...) -> Int { states.reduce(0) { $0 + counts[$1, default: 0] } }

        /// Jobs that may be claimed at `now`, as far as memory knows.
        func claimable(at now: WallTime) -> Int {
            let isDue = nextDue.map { $0 <= now } ?? true
            return count(.pending) + (isDue ? count(.waiting) : 0)
        }
    }
}
