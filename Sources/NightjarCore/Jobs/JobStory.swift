/// Everything that is known of one job, as `why` tells it.
package struct JobStory: Equatable, Sendable {
    package struct Submission: Equatable, Sendable {
        /// From 1, counted over all attempts.
        package var number: Int
        package var attempt: Int
        /// When it left, by the wall clock.
        package var intentAt: WallTime
        /// The state that it led to; `nil` while it is out.
        package var outcome: JobState?
        package var endedAt: WallTime?
        package var remoteID: RemoteJobID?
        /// What happened, in words.
        package var note: String?
        package var loss: Loss?
        /// Why it is held.
        package var hold: Hold?
        /// Its fate is not known, or it is still watched.
        package var isOpen: Bool

        package init(
            number: Int, attempt: Int, intentAt: WallTime, outcome: JobState? = nil, endedAt: WallTime? = nil,
            remoteID: RemoteJobID? = nil, note: String? = nil, loss: Loss? = nil, hold: Hold? = nil,
            isOpen: Bool = false
        ) {
            self.number = number
            self.attempt = attempt
            self.intentAt = intentAt
            self.outcome = outcome
            self.endedAt = endedAt
            self.remoteID = remoteID
            self.note = note
            self.loss = loss
            self.hold = hold
            self.isOpen = isOpen
        }
    }

    /// A submission of the same model and seed whose answer was lost: until its window is over, images of the two could
    /// not be told apart.
    package struct SeedHolder: Equatable, Sendable {
        /// Of the job that it belongs to; the job's own where a person wants it submitted again.
        package var key: JobKey
        package var lostAt: WallTime

        package init(key: JobKey, lostAt: WallTime) {
            self.key = key
            self.lostAt = lostAt
        }
    }

    package var job: JobSummary
    /// It keeps what was made for another before its request was changed.
    package var isFormer: Bool
    /// Jobs that keep what was made for this one before its request was changed, in the order in which they came to be.
    package var former: [JobSummary]
    /// When it may be submitted again; only while `waiting`.
    package var dueAt: WallTime?
    /// In the order of their numbers.
    package var submissions: [Submission]
    package var duplicates: [Duplicate]
    /// Jobs at the API that may be this one: those of its model, while a submission of it is open.
    package var candidates: [Candidate]
    /// What it may wait for; the one lost last, and only while it is to be submitted.
    package var seedHolder: SeedHolder?

    package init(
        job: JobSummary, isFormer: Bool = false, former: [JobSummary] = [], dueAt: WallTime? = nil,
        submissions: [Submission],
        duplicates: [Duplicate] = [], candidates: [Candidate] = [], seedHolder: SeedHolder? = nil
    ) {
        self.job = job
        self.isFormer = isFormer
        self.former = former
        self.dueAt = dueAt
        self.submissions = submissions
        self.duplicates = duplicates
        self.candidates = candidates
        self.seedHolder = seedHolder
    }
}

/// An image that was paid for a second time.
package struct Duplicate: Equatable, Sendable {
    package var id: RemoteJobID
    package var job: JobID
    /// When it was noticed.
    package var noticedAt: WallTime
    /// Its image has been fetched, or cannot be.
    package var isEnded: Bool
    /// Relative to the output folder; `nil` where it has not been fetched.
    package var path: String?
    /// Why it cannot be had.
    package var note: String?

    package init(
        id: RemoteJobID, job: JobID, noticedAt: WallTime, isEnded: Bool = false, path: String? = nil,
        note: String? = nil
    ) {
        self.id = id
        self.job = job
        self.noticedAt = noticedAt
        self.isEnded = isEnded
        self.path = path
        self.note = note
    }
}

/// A job that a person has named.
package struct FoundJob: Equatable, Sendable {
    package var id: JobID
    package var batch: BatchID
    package var summary: JobSummary

    package init(id: JobID, batch: BatchID, summary: JobSummary) {
        self.id = id
        self.batch = batch
        self.summary = summary
    }
}
