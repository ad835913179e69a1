/// Which job an event speaks of.
package struct JobReference: Hashable, Sendable {
    package var key: JobKey
    package var index: Int

    package init(key: JobKey, index: Int) {
        self.key = key
        self.index = index
    }
}

/// Something that happened in a run; `--progress json` prints one a line.
package struct RunEvent: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The run begins to work on a batch.
        case started(BatchProgress)
        case submitted(JobReference, RemoteJobID)
        case ready(JobReference, RemoteJobID)
        case done(JobReference, OutputFile)
        case filtered(JobReference, OutputFile)
        case failed(JobReference, FailureCause)
        case unknown(JobReference, FailureCause)
        case waiting(JobReference, until: WallTime, FailureCause)
        /// What all requests wait for, in words, and until when if that is known; `nil`: nothing any more.
        case gate(reason: String?, until: WallTime?)
        /// Counts, at most once a second for each batch.
        case progress(BatchProgress)
        /// The run ends with this exit code; the one event after which nothing follows.
        ///
        /// `needs`: what must change before the same command would do more, in words; empty where nothing must.
        case finished(exit: Int32, reason: String, needs: [String] = [])
    }

    package var time: WallTime
    /// The batch's name; `nil` where all are meant.
    package var batch: String?
    package var kind: Kind

    package init(time: WallTime, batch: String?, kind: Kind) {
        self.time = time
        self.batch = batch
        self.kind = kind
    }
}

/// How far a batch is.
package struct BatchProgress: Equatable, Sendable {
    package var batch: String
    /// Jobs by state; a state that is not there counts 0.
    package var counts: [JobState: Int]
    /// Images finished a second, over the last half minute; `nil` before the first.
    package var throughput: Double?
    /// Seconds until nothing is left to do at this pace; `nil` when that is not known.
    package var etaSeconds: Int?
    /// Spent by this batch in all its runs.
    package var spent: Money

    package init(
        batch: String, counts: [JobState: Int], throughput: Double? = nil, etaSeconds: Int? = nil, spent: Money = .zero
    ) {
        self.batch = batch
        self.counts = counts
        self.throughput = throughput
        self.etaSeconds = etaSeconds
        self.spent = spent
    }

    package var total: Int { counts.values.reduce(0, +) }

    package func count(_ states: JobState...) -> Int {
        states.reduce(0) { $0 + counts[$1, default: 0] }
    }
}

/// Who wants to know what happens. Called on the pumps' own tasks: it must return at once.
package protocol RunObserver: Sendable {
    func observe(_ event: RunEvent)
}
