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
        var times: Times
        /// Submissions of this run that count against `max_jobs`.
        var submitted = 0
        /// What this run has committed, unfinished submissions among it.
        var committed: Money = .zero
        var unfinished = 0
        /// What one submission reserves before its model is known: never too little.
        var highestPrice: Money = .zero
        /// Before then no waiting job's time comes; `nil` where that is not known.
        var nextDue: WallTime?
        /// What may be submitted has the seed of a submission that is out or lost.
        var waitsForSeeds = false
        /// Since when nothing could be claimed for that reason, on the clock of `time.now`.
        var waitsForSeedsSince: Duration?
        var pace = Pace()
        /// Jobs that go alone, until one of them has brought an image; `nil` when one has, or there is no pilot.
        var pilot: Int?
        /// Of this run: jobs that ended, and those of them that failed or came back blank.
        var ended = 0
        var failed = 0
        var blank = 0
        /// Why nothing more is submitted, in words.
        var halted: String?
        var requests = RequestCounts()

        func count(_ states: JobState...) -> Int { states.reduce(0) { $0 + counts[$1, default: 0] } }

        /// What the pilot leaves free.
        func pilotRoom(at now: WallTime) -> Int {
            guard let pilot else { return .max }
            let begun = unfinished + count(.ready) + failed + blank
            let isDue = nextDue.map { $0 <= now } ?? true
            return max(pilot - begun - (isDue ? 0 : count(.waiting)), 0)
        }

        /// Takes note of one more job that waits for another attempt.
        mutating func isWaiting(until due: WallTime?) {
            let isAlone = count(.waiting) == 1
            guard let due, let known = isAlone ? due : nextDue else { return nextDue = nil }
            nextDue = min(known, due)
        }

        /// Takes note of a job that ended in this run.
        /// - Parameter failFast: Percent of the ended jobs that may fail; `nil`: any.
        mutating func jobEnded(_ state: JobState, failFast: Int?) {
            switch state {
            case .done: pilot = nil
            case .failed: failed += 1
            case .filtered: blank += 1
            case .pending, .submitting, .unknown, .submitted, .ready, .waiting, .cancelled: return
            }
            ended += 1
            if let pilot, failed + blank >= pilot, count(.submitting, .submitted, .ready) == 0 {
                halted = "none of the first \(failed + blank) jobs brought an image (`--pilot \(pilot)`)"
            }
            if let failFast, ended >= Self.fewestForAShare, failed * 100 > failFast * ended {
                halted = "\(failed) of \(ended) jobs failed (`--fail-fast \(failFast)`)"
            }
        }

        /// Fewer ended jobs say nothing about the share that fails.
        private static let fewestForAShare = 20

        /// Jobs that may be claimed at `now`, as far as memory knows.
        func claimable(at now: WallTime) -> Int {
            if waitsForSeeds { return 0 }
            let isDue = nextDue.map { $0 <= now } ?? true
            return count(.pending) + (isDue ? count(.waiting) : 0)
        }
    }
}
