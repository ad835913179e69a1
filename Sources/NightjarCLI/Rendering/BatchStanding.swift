package import NightjarCore

/// Where a batch stands: why it does not move, when it will end, and what a person must do.
package struct BatchStanding: Sendable {
    package struct Wait: Equatable, Sendable {
        /// One of `RunSnapshot.Wait.Reason`, or `not_running`.
        package var reason: String
        /// Said of the batch.
        package var words: String
        package var until: WallTime?
    }

    struct Action: Equatable, Sendable {
        enum Kind: Equatable, Sendable {
            /// The matter of all batches.
            case all
            /// Something is to be done about one batch.
            case single
            /// Nobody runs it.
            case run
        }

        var kind = Kind.single
        /// What is the matter.
        var words: String
        /// What to do about it: a command, or words.
        var remedy: String
        /// What to do after that.
        var next: String?
    }

    /// What people look for first comes first.
    enum Group: Int, Comparable, Sendable {
        case needsAction, running, waiting, finished

        static func < (first: Group, second: Group) -> Bool { first.rawValue < second.rawValue }
    }

    package let batch: BatchSummary
    package let wait: Wait?
    /// When it ends at its present pace, where that is known.
    let ends: WallTime?
    let action: Action?
    let group: Group

    /// - Parameter live: What the process says that runs; `nil`: none does.
    package init(_ batch: BatchSummary, live: RunSnapshot?, advice: CommandAdvice, now: WallTime) {
        self.batch = batch
        let holder = live
        let live = live.flatMap { $0.runs(batch.settings) ? $0 : nil }
        let isOpen = batch.left + batch.running > 0
        let (wait, action): (Wait?, Action?) =
            if !isOpen {
                (Self.heldWait(batch), nil)
            } else if let live {
                Self.standing(batch, live, advice)
            } else {
                Self.standingAlone(batch, besides: holder, advice, now)
            }
        self.wait = wait
        self.action = action ?? Self.aftermath(batch, isOpen: isOpen, isRunning: live != nil, advice)
        let eta = isOpen && wait == nil ? batch.etaSeconds : nil
        ends = eta.map { now + .seconds($0) }
        group =
            self.action != nil
            ? .needsAction
            : isOpen
                ? (live != nil && (wait == nil || batch.running > 0) ? .running : .waiting)
                : batch.count(.unknown) > 0 ? .waiting : .finished
    }

    // MARK: Beside a process

    private static func standing(
        _ batch: BatchSummary, _ live: RunSnapshot, _ advice: CommandAdvice
    ) -> (Wait?, Action?) {
        // The state knows at once what the process notes within a second.
        if let paused = paused(batch, advice) { return paused }
        if live.isStale {
            let words = "the disk of the state is full, or cannot be written: what the process does is not known"
            return (
                Wait(reason: RunSnapshot.Wait.Reason.disk.rawValue, words: words),
                Action(kind: .all, words: words, remedy: "make room on the disk of the state")
            )
        }
        guard let wait = live.waits[batch.settings.name], wait.reason != .paused else { return (nil, nil) }
        let action = wait.action.map { action in
            switch wait.reason {
            case .account, .disk, .api:
                Action(kind: .all, words: wait.words, remedy: advice.completed(action))
            case .paused, .window, .notBefore, .deadline, .budget, .daily, .throttled, .limit, .pilot, .unknown,
                .failures, .retry, .downloads, .stopping:
                Action(words: "\(batch.settings.name) \(wait.words)", remedy: advice.completed(action))
            }
        }
        return (Wait(reason: wait.reason.rawValue, words: wait.words, until: wait.until), action)
    }

    /// - Returns: `nil` where something may be submitted, as far as people have said.
    private static func paused(_ batch: BatchSummary, _ advice: CommandAdvice) -> (Wait?, Action?)? {
        guard batch.left > 0, batch.paused || batch.pausedJobs >= batch.left else { return nil }
        let words = batch.paused ? "is paused" : "has only paused jobs left"
        let wait = Wait(reason: RunSnapshot.Wait.Reason.paused.rawValue, words: words)
        return (wait, Action(words: "\(batch.settings.name) \(words)", remedy: advice.resume(batch)))
    }

    // MARK: Where none runs

    private static func standingAlone(
        _ batch: BatchSummary, besides holder: RunSnapshot?, _ advice: CommandAdvice, _ now: WallTime
    ) -> (Wait?, Action?) {
        if let paused = paused(batch, advice) { return paused }
        let name = batch.settings.name
        if let schedule = ScheduleWait(batch, at: now) {
            let isEarly = batch.settings.schedule?.notBefore.map { $0 > now } ?? false
            let reason: RunSnapshot.Wait.Reason = schedule.until == nil ? .deadline : isEarly ? .notBefore : .window
            let wait = Wait(reason: reason.rawValue, words: schedule.words, until: schedule.until)
            guard schedule.until == nil, batch.running == 0 else {
                return (wait, toRun(batch, besides: holder, advice))
            }
            let words = "\(name) \(schedule.words)"
            return (
                wait, Action(words: words, remedy: "give it a later `deadline` in its manifest, or cancel the rest")
            )
        }
        return (Wait(reason: "not_running", words: "nobody runs it"), toRun(batch, besides: holder, advice))
    }

    /// - Parameter holder: A process that holds the state, and runs others.
    private static func toRun(
        _ batch: BatchSummary, besides holder: RunSnapshot?, _ advice: CommandAdvice
    ) -> Action {
        let words = "nobody runs `\(batch.settings.name)`, and \(batch.left + batch.running) of its jobs are left"
        let first =
            switch holder?.command {
            case .daemon: ", once the daemon is stopped"
            case .run: ", once the present run has ended"
            case nil: ""
            }
        return Action(kind: .run, words: words, remedy: advice.run(batch.settings) + first)
    }

    // MARK: What is left when nothing is left to do

    private static func heldWait(_ batch: BatchSummary) -> Wait? {
        let held = batch.count(.unknown)
        guard held > 0 else { return nil }
        let words = held == 1 ? "1 answer was lost, and is not decided" : "\(held) answers were lost, and not decided"
        return Wait(reason: RunSnapshot.Wait.Reason.unknown.rawValue, words: words)
    }

    private static func aftermath(
        _ batch: BatchSummary, isOpen: Bool, isRunning: Bool, _ advice: CommandAdvice
    ) -> Action? {
        let name = batch.settings.name
        let needsPerson = batch.held.keys.contains { Hold.Reason(rawValue: $0)?.needsPerson ?? false }
        let held = batch.count(.unknown)
        if held > 0, needsPerson || !isOpen && !isRunning {
            let words = "\(held) of \(name) \(held == 1 ? "is" : "are") held: the answer to the submission was lost"
            return Action(words: words, remedy: advice.command("why", "KEY"))
        }
        let failed = batch.count(.failed)
        guard failed > 0, !isOpen else { return nil }
        return Action(
            words: "\(failed) of \(name) failed: the first command shows why, the second tries again",
            remedy: advice.command("jobs", ShellWord.quoted(name), "--only", "failed"),
            next: advice.command("retry", ShellWord.quoted(name)))
    }

    // MARK: Words

    /// A number only where it moves.
    var timeLeft: String {
        guard batch.left + batch.running > 0 else { return batch.count(.unknown) > 0 ? "held" : "finished" }
        switch wait?.reason {
        case nil: return batch.etaSeconds.map { Duration.seconds($0).spoken } ?? "not known"
        case RunSnapshot.Wait.Reason.paused.rawValue: return "paused"
        case RunSnapshot.Wait.Reason.deadline.rawValue: return "past its deadline"
        default: return "waits"
        }
    }

    /// Why it waits and until when, or that it moves; and when it will end. `nil` where nothing of it is left.
    func text(at now: WallTime) -> String? {
        guard batch.left + batch.running > 0 else { return nil }
        var parts: [String] = []
        if let wait {
            parts.append(wait.words + (wait.until.map { $0 > now ? " (in \(($0 - now).spoken))" : "" } ?? ""))
        } else {
            parts.append("runs")
        }
        if let ends {
            // Up, so that it is never past.
            let minute = WallTime(milliseconds: (ends.milliseconds + 59_999) / 60_000 * 60_000)
            let clock = LocalClock(named: nil).map { "about \($0.text(minute, from: now)) " } ?? ""
            parts.append("ends \(clock)(in \((ends - now).spoken))")
        } else if wait == nil {
            parts.append("when it ends is not known yet")
        }
        return parts.joined(separator: "; ")
    }
}

extension BatchStanding.Wait {
    /// `{"reason","words","until"}`.
    var json: JSONWriter {
        var line = JSONWriter()
        line.add("reason", reason)
        line.add("words", words)
        line.add("until", until)
        return line
    }
}

extension BatchSummary {
    /// To be submitted, now or later.
    var left: Int { count(.pending, .waiting) }
    /// At the API, on the way there, or on the way back.
    var running: Int { count(.submitting, .submitted, .ready) }
}

extension Hold.Reason {
    /// Whether no list of the API will decide it.
    var needsPerson: Bool {
        switch self {
        case .settling, .confirming, .candidateRunning, .waitsForItsTurn: false
        case .listTooShort, .listUnproven, .seedsNotComparable, .ambiguous, .noSeed, .sharedID, .keyKnown: true
        }
    }
}
