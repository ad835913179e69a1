/// One `POST` of one job.
package struct SubmissionID: Hashable, Sendable {
    package var job: JobID
    /// From 1, counted over all attempts of the job.
    package var number: Int

    package init(job: JobID, number: Int) {
        self.job = job
        self.number = number
    }
}

/// A submission whose fate is open: out, lost, or replaced by another and still watched.
package struct OpenSubmission: Equatable, Sendable {
    package struct Lost: Equatable, Sendable {
        package var loss: Loss
        /// When the answer was given up; never changes.
        package var at: Moment

        package init(_ loss: Loss, at: Moment) {
            self.loss = loss
            self.at = at
        }
    }

    package var id: SubmissionID
    package var batch: BatchID
    package var reference: JobReference
    package var request: ImageRequest
    /// What an image of it costs.
    package var price: Money
    /// The attempt it belongs to, from 1.
    package var attempt: Int
    /// Just before its first byte left.
    package var intent: Moment
    /// `nil` while it is out.
    package var lost: Lost?
    /// When the first list that counts as evidence for it was asked for.
    package var firstCounted: Moment?
    /// The job's state; `unknown` and `submitting` are what a decision is wanted for, `cancelled` is watched.
    package var jobState: JobState
    /// A later submission of the job has taken its place: it is only watched.
    package var isReplaced: Bool
    /// Newest ids of the list read last before the intent: who shows one is this account's list, and none of them is the
    /// submission's.
    package var anchors: Set<RemoteJobID>
    /// A seed that the manifest gives is not unique among the processes that share an account's batch.
    package var sharesSeed: Bool

    package init(
        id: SubmissionID, batch: BatchID, reference: JobReference, request: ImageRequest, price: Money, attempt: Int,
        intent: Moment, lost: Lost? = nil, firstCounted: Moment? = nil, jobState: JobState = .submitting,
        isReplaced: Bool = false, anchors: Set<RemoteJobID> = [], sharesSeed: Bool = false
    ) {
        self.id = id
        self.batch = batch
        self.reference = reference
        self.request = request
        self.price = price
        self.attempt = attempt
        self.intent = intent
        self.lost = lost
        self.firstCounted = firstCounted
        self.jobState = jobState
        self.isReplaced = isReplaced
        self.anchors = anchors
        self.sharesSeed = sharesSeed
    }
}

/// A listed job that the state does not know and that an open submission may have made.
package struct Candidate: Equatable, Sendable {
    package var id: RemoteJobID
    package var status: RemoteJob.Status
    /// `nil`: not known, so it may be any time.
    package var createdAt: WallTime?
    package var model: String?
    /// Whether it has been asked for by its id since it completed: only then `seed` and `prompt` say anything.
    package var isRead: Bool
    package var seed: EchoedSeed?
    /// Echoed by the API; decides at once.
    package var prompt: String?

    package init(
        id: RemoteJobID, status: RemoteJob.Status, createdAt: WallTime?, model: String?, isRead: Bool = false,
        seed: EchoedSeed? = nil, prompt: String? = nil
    ) {
        self.id = id
        self.status = status
        self.createdAt = createdAt
        self.model = model
        self.isRead = isRead
        self.seed = seed
        self.prompt = prompt
    }
}

/// Why a submission is held, in words that `status` and `why` show.
package struct Hold: Equatable, Sendable {
    package enum Reason: String, Sendable {
        case settling
        case candidateRunning = "candidate running"
        case listTooShort = "list too short"
        case listUnproven = "list unproven"
        case seedsNotComparable = "seeds not comparable"
        case ambiguous
        case noSeed = "no seed"
        case sharedID = "shared id"
        case keyKnown = "key known"
        /// Shown absent once; the second list is due.
        case confirming
        /// Shown absent; waits for its turn to be submitted again.
        case waitsForItsTurn = "waits for its turn"
    }

    package var reason: Reason
    /// One sentence, lower case, without a full stop.
    package var words: String

    package init(_ reason: Reason, _ words: String) {
        self.reason = reason
        self.words = words
    }
}
