/// The durable state: every batch, every job, every job id, every attempt.
///
/// What a method has returned is on disk. Each change of a job is "from this state to that one", and says whether it
/// found the job there: someone else may have moved first, and that is an answer.
package protocol JobStore: ReconciliationStore, DecisionStore, OrderStore {
    // MARK: Intake

    /// Takes a manifest's batch in, in one transaction: what is new becomes `pending`, what is known stays, what is no
    /// longer named and never was submitted becomes `cancelled`, what is named again returns.
    /// - Parameters:
    ///   - digest: Of everything that the expansion depends on. A batch taken in under the same digest is left as it is.
    ///   - changed: What becomes of jobs that were paid for and are asked for differently now.
    ///   - expand: Calls its argument once for each job, in the order of the manifest; throws to take nothing in.
    /// - Throws: `IntakeConflicts` where jobs share paths; nothing is taken in.
    func takeIn(
        _ settings: BatchSettings, digest: String, changed: ChangedJobs, now: WallTime,
        expand: (_ add: (PlannedJob) throws -> Void) throws -> Void
    ) throws -> Intake

    // MARK: Running

    /// What an earlier process left, in every batch: `submitting` becomes `unknown`, lost at `moment`, and what is at the
    /// API or completed comes back.
    func recover(at moment: Moment, now: WallTime) async throws -> Recovery

    /// Moves up to `limit` jobs of one batch whose time has come from `pending` or `waiting` to `submitting`, those that
    /// wait for another attempt first, then in the order of their index. Durable before it returns.
    /// - Parameters:
    ///   - taken: Fingerprints of submissions whose window is open: jobs that have one of them are passed over, and no two
    ///     of those claimed have the same.
    ///   - room: How many jobs of a model may be claimed, by model; of one that is not named, any number.
    ///   - prices: By model, for one image; what a job costs is kept with it, whatever the prices become.
    ///   - moment: The intent.
    func claim(
        _ limit: Int, of batch: BatchID, avoiding taken: Set<Fingerprint>, room: [String: Int],
        prices: [String: Money], at moment: Moment, now: WallTime
    ) async throws -> [ClaimedJob]

    /// Records a change. Changes that are recorded at the same time share one commit.
    @discardableResult
    func record(_ change: JobChange) async throws -> RecordOutcome

    /// What the downloader needs to name and describe a job's file.
    func outputJob(_ id: JobID) async throws -> OutputJob?

    /// What was submitted from a moment on, but for what was turned away; as money what may be billed: accepted and not
    /// FAILED, or not answered yet.
    func committed(since time: WallTime) async throws -> (submissions: Int, money: Money)

    /// The same of one batch, in all its runs.
    func committed(by batch: BatchID) async throws -> (submissions: Int, money: Money)

    /// Why a daemon has stopped a batch; an intake of other content and a job that is taken back clear it.
    func noteHalt(_ words: String?, of batch: BatchID) async throws

    /// A small write that waits for the disk: fails where the state cannot be written.
    func checkWritable(now: WallTime) async throws

    /// A job that is at the API or completed, as the pumps carry it; `nil` in other states.
    func runningJob(_ id: JobID) async throws -> RunningJob?

    /// The models of all jobs of `batches` that may still be submitted, the `unknown` ones among them, sorted.
    func modelsToSubmit(_ batches: [BatchID]) async throws -> [String]

    /// Which of `batches` have an image of a job that their manifest names.
    func haveImages(_ batches: [BatchID]) async throws -> Set<BatchID>

    /// When the next job of `batches` that waits for another attempt may be submitted.
    func nextDue(_ batches: [BatchID]) async throws -> WallTime?

    /// Takes back jobs that failed for good: to `pending` where nothing was billed, else to `submitted`, so that the job
    /// that may have been paid for is asked for first. What the manifest no longer names stays. Called before `recover`.
    /// - Returns: How many.
    func retryFailed(_ batches: [BatchID], now: WallTime) async throws -> Int

    /// Adds to what `status` tells: requests made, answers 429, and the present pace.
    /// - Parameter throughput: Images finished a second; `nil` where none are, or the run ends.
    func addRequests(_ counts: RequestCounts, throughput: Double?, to batch: BatchID, now: WallTime) async throws

    // MARK: Limits across restarts

    /// Reserves `count` requests of a rate before they leave.
    /// - Parameter batch: Whose rate it is; `nil` for the operator's.
    func reserveRequests(_ count: Int, of batch: BatchID?, at time: WallTime) async throws

    /// Reservations not older than `since`, oldest first.
    func reservedRequests(of batch: BatchID?, since: WallTime) async throws -> [RequestReservation]

    // MARK: Views that are written as files

    /// The SHA-256 of each of the last two metadata files written for a batch, and how many images they listed.
    func metadataRecord(of batch: BatchID) async throws -> MetadataRecord

    func setMetadataRecord(_ record: MetadataRecord, of batch: BatchID) async throws

    // MARK: Reading

    /// In the order in which they were first seen.
    func batches() async throws -> [BatchSummary]

    func batch(_ id: BatchID) async throws -> BatchSummary?

    /// Jobs in the order of batch and index, streamed.
    func forEachJob(
        of batch: String?, in states: Set<JobState>?, _ body: (JobSummary) throws -> Void
    ) async throws

    /// The jobs that a person means: by their `id`, their key or a beginning of it, or a job id of the API. What is meant
    /// exactly goes before what only begins so.
    /// - Parameter batch: `nil`: of any.
    /// - Returns: In the order of batch and index, at most 100.
    func findJobs(_ text: String, batch: String?) async throws -> [FoundJob]

    /// Everything that is known of one job; `nil` where there is none.
    func story(of job: JobID) async throws -> JobStory?
}

/// Why the state cannot be used.
package enum StoreFailure: Error, Equatable, Sendable {
    /// Full, read-only, gone, not permitted.
    case unwritable(String)
    case damaged(String)
    /// Written by a newer Nightjar.
    case newer(String)
    case other(String)
}

package enum RecordOutcome: Equatable, Sendable {
    case recorded
    /// The job was not in the state that the change begins from: someone else moved first.
    case notInState
    /// The job id already belongs to another job, or is known as a duplicate of one; nothing was recorded.
    case remoteIDTaken
    /// The job is not wanted any more, by the manifest or by a person: it is `cancelled` instead of to be submitted again.
    case setAside
    /// A resubmission was turned away. The submission that it should have replaced is still open, so the job is `unknown`
    /// again, not `pending`: that submission is to be shown absent anew.
    case heldAsUnknown
}

/// What is known of a batch's `metadata.jsonl`.
package struct MetadataRecord: Equatable, Sendable {
    /// At most two, the newest last: while a new one is put in place, either may be there.
    package var hashes: [String] = []
    /// Images listed; `nil` before the first writing.
    package var images: Int?

    package init(hashes: [String] = [], images: Int? = nil) {
        self.hashes = hashes
        self.images = images
    }
}

/// What a manifest brought.
package struct Intake: Equatable, Sendable {
    package var batch: BatchID
    package var total = 0
    package var added = 0
    /// Known before, and the same.
    package var kept = 0
    /// Same `id`, other request; kept as they are.
    package var changed = 0
    /// Of these, the ones that the API has, or may have: whatever is wished, they come home first.
    package var atAPI = 0
    /// Same `id`, other request; not paid for yet, so that the new one counts.
    package var replaced = 0
    /// Same `id`, other request; made anew.
    package var redone = 0
    /// Same `id`, and a request that had been made for it once: that is what it is again.
    package var restored = 0
    /// No longer named: cancelled where they had not been submitted.
    package var removed = 0
    /// Named again after having been removed.
    package var returned = 0
    /// By how much the counts of the batch have changed.
    package var countChanges: [JobState: Int] = [:]

    package init(batch: BatchID) {
        self.batch = batch
    }
}

/// Why a manifest cannot be taken in as it stands.
package struct IntakeConflicts: Error, Equatable, Sendable {
    /// In the order of their places; at most 20.
    package var conflicts: [IntakeConflict]
    /// How many there are beyond these.
    package var omitted: Int

    package init(conflicts: [IntakeConflict], omitted: Int) {
        self.conflicts = conflicts
        self.omitted = omitted
    }
}

/// A path that two jobs of a batch share.
package struct IntakeConflict: Equatable, Sendable {
    package var message: String
    package var place: SourcePlace
    /// The job that was there first.
    package var first: SourcePlace

    package init(message: String, place: SourcePlace, first: SourcePlace) {
        self.message = message
        self.place = place
        self.first = first
    }
}

/// A job whose intent is durable and whose submission may leave.
package struct ClaimedJob: Equatable, Sendable {
    package var id: JobID
    package var batch: BatchID
    package var reference: JobReference
    package var request: ImageRequest
    /// What an image of it costs.
    package var price: Money
    /// `pending` or `waiting`; `unknown` where it is submitted again.
    package var from: JobState
    package var lifecycle: JobLifecycle
    /// The same until the job is known to have FAILED or a person wants another; unlike those of any other state file.
    package var idempotencyKey: String
    /// The attempt it belongs to, from 1.
    package var attempt: Int {
        guard case .submitting(let attempt) = lifecycle.state else { return 1 }
        return attempt
    }
    /// Whether an earlier submission of the same attempt was shown absent: its job is `unknown` again where this one is
    /// turned away.
    package var isRepeated: Bool { from == .unknown }
    /// Which submission of the job it is, from 1.
    package var submission: Int
    package var intent: Moment

    package init(
        id: JobID, batch: BatchID, reference: JobReference, request: ImageRequest, price: Money, from: JobState,
        lifecycle: JobLifecycle, idempotencyKey: String, submission: Int, intent: Moment
    ) {
        self.submission = submission
        self.intent = intent
        self.id = id
        self.batch = batch
        self.reference = reference
        self.request = request
        self.price = price
        self.from = from
        self.lifecycle = lifecycle
        self.idempotencyKey = idempotencyKey
    }
}

/// A job at the API or completed there, as the pumps carry it.
package struct RunningJob: Equatable, Sendable {
    package var id: JobID
    package var batch: BatchID
    package var reference: JobReference
    package var request: ImageRequest
    /// What an image of it costs.
    package var price: Money
    package var submittedAt: WallTime
    /// The manifest no longer names it: it is brought home, and not submitted again.
    package var isRemoved: Bool
    /// A person wants it in any case: where the API no longer knows it, another is submitted.
    package var isWanted = false
    package var lifecycle: JobLifecycle

    package var model: String { request.parameters.model }

    package init(
        id: JobID, batch: BatchID, reference: JobReference, request: ImageRequest, price: Money, submittedAt: WallTime,
        isRemoved: Bool = false, lifecycle: JobLifecycle
    ) {
        self.id = id
        self.batch = batch
        self.reference = reference
        self.request = request
        self.price = price
        self.submittedAt = submittedAt
        self.isRemoved = isRemoved
        self.lifecycle = lifecycle
    }
}

/// What a start finds.
package struct Recovery: Equatable, Sendable {
    /// `submitted` and `ready`, oldest first.
    package var running: [RunningJob] = []
    /// How many jobs were `submitting`, and are `unknown` now.
    package var interrupted = 0

    package init() {}
}

/// One step of one job.
package struct JobChange: Equatable, Sendable {
    package var job: JobID
    package var batch: BatchID
    package var from: JobState
    package var to: JobLifecycle.State
    package var at: WallTime
    /// Added to what the batch has spent; negative where nothing was billed after all.
    package var spent: Money
    /// What happened, for the attempt's row: the raw error of the API, say.
    package var note: String?
    /// Which submission of the job the change tells of; `nil`: the last. An older one may turn out to have made the job.
    package var submission: Int?
    /// Where the change is an answer that was lost.
    package var lost: OpenSubmission.Lost?
    /// Where the API has accepted the job: when that was known.
    package var acceptedAt: Moment?

    package init(
        job: JobID, batch: BatchID, from: JobState, to: JobLifecycle.State, at: WallTime, spent: Money = .zero,
        note: String? = nil, submission: Int? = nil, lost: OpenSubmission.Lost? = nil, acceptedAt: Moment? = nil
    ) {
        self.submission = submission
        self.lost = lost
        self.acceptedAt = acceptedAt
        self.job = job
        self.batch = batch
        self.from = from
        self.to = to
        self.at = at
        self.spent = spent
        self.note = note
    }
}

/// Requests by kind, as `status --json` counts them.
package struct RequestCounts: Equatable, Sendable, Codable {
    package var submit = 0
    package var get = 0
    package var list = 0
    package var download = 0
    /// Answers 429, whatever was asked.
    package var rateLimited = 0

    package init(submit: Int = 0, get: Int = 0, list: Int = 0, download: Int = 0, rateLimited: Int = 0) {
        self.submit = submit
        self.get = get
        self.list = list
        self.download = download
        self.rateLimited = rateLimited
    }

    package static func += (left: inout RequestCounts, right: RequestCounts) {
        left.submit += right.submit
        left.get += right.get
        left.list += right.list
        left.download += right.download
        left.rateLimited += right.rateLimited
    }
}

/// Requests that may have left at `time` or later, before the next reservation.
package struct RequestReservation: Equatable, Sendable {
    package var time: WallTime
    package var count: Int

    package init(time: WallTime, count: Int) {
        self.time = time
        self.count = count
    }
}
