/// What a running process knows and the state does not: its limits, and why each batch waits.
///
/// It lies beside the state, written anew when it changes, and counts only while the process that wrote it holds the
/// state.
package struct RunSnapshot: Equatable, Sendable, Codable {
    /// Why something waits.
    package struct Wait: Equatable, Sendable, Codable {
        package enum Reason: String, Sendable, Codable, CaseIterable {
            case paused
            /// Outside the hours of `schedule: {window}`.
            case window
            case notBefore = "not_before"
            /// Its `deadline` has passed: nothing more is submitted.
            case deadline
            /// Its own `max_jobs` or `budget`, or the run's, is used up.
            case budget
            /// What `daily:` allows is used up until midnight.
            case daily
            /// 401, 402 or 403.
            case account
            /// The API does not answer.
            case api
            /// The API asks for a pause (429).
            case throttled
            /// Every slot is taken, or the rate used up: it moves as others finish.
            case limit
            /// The first jobs go alone.
            case pilot
            /// Answers were lost, and what is left could not be told from them.
            case unknown
            /// Too many failed: the batch was stopped.
            case failures
            /// The output or the state cannot be written, or has no room.
            case disk
            /// Another attempt has its time.
            case retry
            /// Images that were finished come home first.
            case downloads
            /// The process ends, and only sees home what runs.
            case stopping
        }

        package var reason: Reason
        /// Said of the batch, in one line.
        package var words: String
        /// When it ends by itself, where that is known.
        package var until: WallTime?
        /// What a person must do now, where anything: words and a command.
        package var action: String?

        package init(_ reason: Reason, _ words: String, until: WallTime? = nil, action: String? = nil) {
            self.reason = reason
            self.words = words
            self.until = until
            self.action = action
        }
    }

    package enum Command: String, Sendable, Codable {
        case run, daemon
    }

    package var command: Command
    package var pid: Int32
    package var startedAt: WallTime
    package var writtenAt: WallTime
    /// As they are now, whatever the configuration says.
    package var concurrency: Int
    package var rate: Rate
    /// Jobs unfinished at the API, or that may be.
    package var unfinished: Int
    /// By the batch's name, of those that have something left; a batch that moves has none.
    package var waits: [String: Wait]
    /// The names of those that this process runs; `nil`: it does not say.
    package var batches: [String]?
    /// It could not be written since: what it tells was so at `writtenAt`. Known to who reads it.
    package var isStale = false
    /// Limits of everything that a person has set, as the state has them. Known to who reads it.
    package var overrides = LimitOverrides()

    private enum CodingKeys: String, CodingKey {
        case command, pid, startedAt, writtenAt, concurrency, rate, unfinished, waits, batches
    }

    package init(
        command: Command, pid: Int32, startedAt: WallTime, writtenAt: WallTime, concurrency: Int, rate: Rate,
        unfinished: Int, waits: [String: Wait], batches: [String]? = nil
    ) {
        self.command = command
        self.pid = pid
        self.startedAt = startedAt
        self.writtenAt = writtenAt
        self.concurrency = concurrency
        self.rate = rate
        self.unfinished = unfinished
        self.waits = waits
        self.batches = batches
    }

    /// Whether this process goes on with a batch. Those of an inbox are the daemon's, all others those of `run`.
    package func runs(_ batch: BatchSettings) -> Bool {
        if let batches { return batches.contains(batch.name) }
        return (batch.origin != nil) == (command == .daemon)
    }
}
