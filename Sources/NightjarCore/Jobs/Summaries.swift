/// A batch as `status` shows it.
package struct BatchSummary: Equatable, Sendable {
    package var id: BatchID
    package var settings: BatchSettings
    /// Jobs by state; a state that is not there counts 0.
    package var counts: [JobState: Int]
    /// By itself, or because everything is.
    package var paused: Bool
    package var requests: RequestCounts
    /// Images that were paid for more than once.
    package var duplicates: Int
    package var spent: Money
    package var createdAt: WallTime
    package var updatedAt: WallTime
    /// Finished a second in the last minutes of running; `nil` when nothing is known.
    package var throughput: Double?
    /// Jobs whose answer was lost, by the reason for which they are held (`Hold.Reason`).
    package var held: [String: HeldJobs]
    /// Jobs that are `pending` or `waiting`, and paused by themselves.
    package var pausedJobs = 0
    /// Everything is paused: a word about this batch alone does not resume it.
    package var isAllPaused = false
    /// Why a daemon has stopped it; `nil`: it has not.
    package var halted: String?
    /// Limits that a person has set for this batch.
    package var overrides = LimitOverrides()

    package init(
        id: BatchID, settings: BatchSettings, counts: [JobState: Int] = [:], paused: Bool = false,
        requests: RequestCounts = RequestCounts(), duplicates: Int = 0, spent: Money = .zero, createdAt: WallTime,
        updatedAt: WallTime, throughput: Double? = nil, held: [String: HeldJobs] = [:]
    ) {
        self.held = held
        self.id = id
        self.settings = settings
        self.counts = counts
        self.paused = paused
        self.requests = requests
        self.duplicates = duplicates
        self.spent = spent
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.throughput = throughput
    }

    package func count(_ states: JobState...) -> Int {
        states.reduce(0) { $0 + counts[$1, default: 0] }
    }

    package var total: Int { counts.values.reduce(0, +) }

    /// Seconds until nothing is left to do at the present pace; `nil` when that is not known.
    package var etaSeconds: Int? {
        let left = total - count(.done, .failed, .filtered, .cancelled, .unknown)
        if left == 0 { return 0 }
        guard let throughput, throughput > 0 else { return nil }
        return Int((Double(left) / throughput).rounded(.up))
    }
}

/// How many jobs are held for one reason, with what is said of one of them.
package struct HeldJobs: Equatable, Sendable {
    package var jobs: Int
    package var example: String

    package init(jobs: Int, example: String) {
        self.jobs = jobs
        self.example = example
    }
}

/// A job as `jobs` shows it.
package struct JobSummary: Equatable, Sendable {
    package var id: JobID
    package var batch: String
    package var key: JobKey
    package var index: Int
    package var label: String?
    package var state: JobState
    /// No manifest names it any more; or it keeps what was made before a change of its request.
    package var isRemoved: Bool
    package var request: ImageRequest
    package var remoteID: RemoteJobID?
    /// Submissions that count as attempts.
    package var attempts: Int
    package var file: OutputFile?
    package var error: FailureCause?
    package var createdAt: WallTime
    package var updatedAt: WallTime
    /// JSON objects.
    package var variables: String?
    package var meta: String?
    /// A person keeps it from being submitted; only while it is `pending` or `waiting`.
    package var isPaused = false
    /// It is at the API, or may be, comes home, and is not submitted again: a person has cancelled it.
    package var isUnwanted = false

    package init(
        id: JobID, batch: String, key: JobKey, index: Int, label: String?, state: JobState, isRemoved: Bool = false,
        request: ImageRequest, remoteID: RemoteJobID?, attempts: Int, file: OutputFile?, error: FailureCause?,
        createdAt: WallTime, updatedAt: WallTime, variables: String?, meta: String?
    ) {
        self.id = id
        self.batch = batch
        self.key = key
        self.index = index
        self.label = label
        self.state = state
        self.isRemoved = isRemoved
        self.request = request
        self.remoteID = remoteID
        self.attempts = attempts
        self.file = file
        self.error = error
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.variables = variables
        self.meta = meta
    }
}
