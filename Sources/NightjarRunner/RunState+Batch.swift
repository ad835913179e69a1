internal import NightjarCore

extension RunState {
    /// One batch: its settings, its counts, and what this run has done with it.
    struct Batch: Sendable {
        let id: BatchID
        let name: String
        private(set) var settings: BatchSettings
        /// What a person has set while it runs.
        private(set) var overrides: LimitOverrides
        /// Named in this run; of other batches only what is already at the API is brought home.
        let isAsked: Bool
        var counts: [JobState: Int]
        /// Nothing more of it is submitted before a person says so.
        var isPaused: Bool
        /// With everything else, not by its own.
        private var isAllPaused: Bool
        /// Jobs that are `pending` or `waiting`, and paused by themselves.
        var pausedJobs: Int
        /// Spent in all runs.
        var spent: Money
        var times: Times
        /// Submissions so far, each divided by the batch's weight.
        var served = 0.0
        /// Its end has been told, and nothing has come since.
        var hasEnded = false
        /// Submissions of this run that count against `max_jobs`.
        var submitted = 0
        /// What this run has committed, unfinished submissions among it.
        var committed: Money = .zero
        var unfinished = 0
        /// What one submission reserves before its model is known: never too little.
        var highestPrice: Money = .zero
        /// Its models that have no price.
        var unpriced: [String] = []
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
        /// What of that is on record.
        var notedHalt: String?
        var requests = RequestCounts()
        /// Of the jobs that it may still submit; empty where that does not matter.
        private(set) var models: [String] = []

        /// - Parameters:
        ///   - pilot: 0: none.
        ///   - staysHalted: What was stopped before stays so: nobody has asked for it again.
        init(_ summary: BatchSummary, isAsked: Bool, pilot: Int, staysHalted: Bool = false, at now: WallTime) {
            id = summary.id
            name = summary.settings.name
            settings = summary.settings
            overrides = summary.overrides
            self.isAsked = isAsked
            counts = summary.counts
            isPaused = summary.paused
            isAllPaused = summary.isAllPaused
            pausedJobs = summary.pausedJobs
            spent = summary.spent
            times = Times(summary.settings.schedule, at: now)
            if pilot > 0 { self.pilot = pilot }
            if staysHalted { (halted, notedHalt) = (summary.halted, summary.halted) }
            checkTimes()
        }

        mutating func uses(_ models: [String], prices: [String: Money]) {
            self.models = models
            highestPrice = models.compactMap { prices[$0] }.max() ?? .zero
            unpriced = models.filter { prices[$0] == nil }
        }

        /// Another manifest under the same name, or another word of a person.
        mutating func update(_ summary: BatchSummary, at now: WallTime) {
            if settings.schedule != summary.settings.schedule {
                times = Times(summary.settings.schedule, at: now)
            }
            settings = summary.settings
            overrides = summary.overrides
            isPaused = summary.paused
            isAllPaused = summary.isAllPaused
            pausedJobs = summary.pausedJobs
        }

        /// What was stopped for its failures, and is edited or tried again, has another chance.
        mutating func beginAgain() {
            (halted, notedHalt, hasEnded) = (nil, nil, false)
            (ended, failed, blank) = (0, 0, 0)
            checkTimes()
        }

        private mutating func checkTimes() {
            guard let schedule = settings.schedule, times.timetable == nil else { return }
            halted = "no time zone `\(schedule.timeZone ?? "")` is known here"
        }

        /// As a person has set them, or as the manifest gives them.
        var limits: BatchSettings.Limits {
            var limits = settings.limits
            limits.concurrency = overrides.concurrency ?? limits.concurrency
            limits.rate = overrides.rate ?? limits.rate
            return limits
        }

        var priority: Int { overrides.priority ?? settings.schedule?.priority ?? 0 }
        var weight: Int { settings.origin?.weight ?? 1 }
        var inbox: String? { settings.origin?.inbox }

        /// What a run still has to submit.
        var unpaused: Int { isPaused ? 0 : max(count(.pending, .waiting) - pausedJobs, 0) }

        /// What a person types to let the paused ones go on.
        var resumeCommand: String { "nightjar resume \(isAllPaused ? "--all" : name)" }

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
            // Which of the two the paused ones are is not known here: the claim passes them over.
            return min(count(.pending) + (isDue ? count(.waiting) : 0), unpaused)
        }
    }
}
