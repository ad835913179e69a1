/// What a manifest says about a batch as a whole. Its jobs are streamed beside it.
package struct BatchSettings: Hashable, Sendable, Codable {
    /// Which sidecar files stand beside each image.
    package enum Sidecar: String, Hashable, Sendable, Codable, CaseIterable {
        /// `STEM.json`: the job's line of `metadata.jsonl`.
        case json
        /// `STEM.txt`: the prompt alone.
        case txt
    }

    /// Limits that the manifest sets for itself; they can only be stricter than the operator's.
    package struct Limits: Hashable, Sendable, Codable {
        /// Unfinished jobs at the API at one time, at least 1.
        package var concurrency: Int?
        package var rate: Rate?
        /// New submissions in one run, at least 0.
        package var maxJobs: Int?
        /// Spent in one run.
        package var budget: Money?

        package init(concurrency: Int? = nil, rate: Rate? = nil, maxJobs: Int? = nil, budget: Money? = nil) {
            self.concurrency = concurrency
            self.rate = rate
            self.maxJobs = maxJobs
            self.budget = budget
        }
    }

    /// What happens after a remote FAILED, and how long a job may take.
    package struct Retry: Hashable, Sendable, Codable {
        /// Attempts in all, at least 1.
        package var attempts: Int
        /// Counted from the submission; milliseconds in the stored form.
        package var jobTimeout: Duration

        package init(attempts: Int = 3, jobTimeout: Duration = .seconds(2 * 3600)) {
            self.attempts = attempts
            self.jobTimeout = jobTimeout
        }
    }

    /// Where a batch comes from that was dropped into an inbox, and what the configuration gives it there.
    package struct Origin: Hashable, Sendable, Codable {
        /// The inbox's folder, by its real path: it owns the batch's name.
        package var inbox: String
        /// Where the images go; absolute.
        package var output: String
        /// Its share among the batches of one priority, at least 1.
        package var weight: Int

        package init(inbox: String, output: String, weight: Int = 1) {
            self.inbox = inbox
            self.output = output
            self.weight = weight
        }
    }

    /// The batch's identity: `[A-Za-z0-9._-]+`.
    package var name: String
    /// `output.path` as the manifest spells it.
    package var pathTemplate: String
    /// In the order of the manifest, none twice.
    package var sidecars: [Sidecar]
    package var limits: Limits
    package var retry: Retry
    /// When jobs may be submitted; `nil`: at any time. States written before there were schedules have none.
    package var schedule: Schedule?
    /// `nil`: it came with a `run`.
    package var origin: Origin?

    /// Where its images go.
    /// - Parameter output: The output folder of a batch that came with a `run`.
    package func output(otherwise output: String) -> String { origin?.output ?? output }

    package static let defaultPathTemplate = "${batch}/${index:06}-${slug}-${seed}.${ext}"

    package init(
        name: String, pathTemplate: String = BatchSettings.defaultPathTemplate, sidecars: [Sidecar] = [],
        limits: Limits = Limits(), retry: Retry = Retry(), schedule: Schedule? = nil, origin: Origin? = nil
    ) {
        self.name = name
        self.pathTemplate = pathTemplate
        self.sidecars = sidecars
        self.limits = limits
        self.retry = retry
        self.schedule = schedule
        self.origin = origin
    }
}
