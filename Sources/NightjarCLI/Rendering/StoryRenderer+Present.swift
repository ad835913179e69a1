import NightjarCore

/// Where a job stands, what it waits for, and what to do about it.
extension StoryRenderer {
    func addPresent(_ story: JobStory, to sheet: inout FactSheet) {
        let job = story.job
        if job.isUnwanted { addUnwanted(job, to: &sheet) }
        switch job.state {
        case .pending where isPaused(job), .waiting where isPaused(job): addPause(job, to: &sheet)
        case .pending:
            sheet.add("now", .text("waits for its turn; `nightjar run` submits it"))
        case .waiting:
            let due = story.dueAt.map { "may be submitted again from \(full($0)) on (\(distance(to: $0)))" }
            sheet.add("now", .text("\(due ?? "may be submitted again"); FAILED jobs are not billed"))
        case .submitting:
            sheet.add(
                "now",
                .text("its submission is out, or a run that ended left it so: the next `nightjar run` looks it up"))
        case .submitted:
            sheet.add("now", .text("is at the API as \(id(job)); a run asks for it until it ends"))
        case .ready:
            sheet.add("now", .text("is completed at the API as \(id(job)); a run fetches the image"))
        case .unknown: addHold(story, to: &sheet)
        case .done, .filtered: addFile(job, to: &sheet)
        case .failed: addFailure(job, to: &sheet)
        case .cancelled:
            if story.isFormer {
                sheet.add("now", .text("not asked for any more"))
                if job.remoteID != nil {
                    sheet.add("to fetch it", .whole(Cells.plain(advice.retry(name, of: job.batch))))
                }
            } else if story.job.isRemoved {
                sheet.add("now", .text("cancelled, since the manifest no longer names it; named again, it returns"))
            } else {
                sheet.add("now", .text("cancelled by a person; this takes that back:"))
                sheet.add("to type", .whole(Cells.plain(advice.retry(name, of: job.batch))))
            }
        }
        if let holder = story.seedHolder { addSeedHolder(holder, of: job, to: &sheet) }
    }

    // MARK: A person's word

    private func isPaused(_ job: JobSummary) -> Bool { job.isPaused || batch?.paused ?? false }

    private func addPause(_ job: JobSummary, to sheet: inout FactSheet) {
        guard let batch, batch.paused else {
            sheet.add("now", .text("paused by a person: it is not submitted before this:", .warning))
            return sheet.add("to type", .whole(Cells.plain(advice.resume(name, of: job.batch))))
        }
        let what = batch.isAllPaused ? "everything is paused" : "its batch is paused"
        sheet.add("now", .text("\(what) by a person: it is not submitted before this:", .warning))
        sheet.add("to type", .whole(Cells.plain(advice.resume(batch))))
    }

    private func addUnwanted(_ job: JobSummary, to sheet: inout FactSheet) {
        sheet.add(
            "cancelled",
            [
                .text(
                    "by a person: what the API has of it comes home, and it is not submitted again; this takes that "
                        + "back:", .warning),
                .whole(Cells.plain(advice.retry(name, of: job.batch))),
            ])
    }

    private func addSeedHolder(_ holder: JobStory.SeedHolder, of job: JobSummary, to sheet: inout FactSheet) {
        let whose =
            holder.key == job.key
            ? "its own submission before" : "`\(holder.key.description.prefix(12))`, of its model and seed,"
        let words =
            "the answer to \(whose) was lost at \(full(holder.lostAt)); for some minutes after that this one does not "
            + "leave, since images of the two could not be told apart"
        sheet.add("held up", .text(words, .warning))
    }

    private func id(_ job: JobSummary) -> String {
        job.remoteID.map { "`\(plain($0.rawValue))`" } ?? "a job without a name"
    }

    // MARK: A file

    private func addFile(_ job: JobSummary, to sheet: inout FactSheet) {
        guard let file = job.file else { return }
        if job.state == .filtered {
            let words = "every pixel has the same colour, so it is kept out of the tree; it was billed"
            sheet.add("blank", .text(words, .warning))
        }
        sheet.add("file", .whole(self.file(file.path)))
        let size = "\(file.width)\(style.unicode ? "×" : "x")\(file.height) px"
        sheet.add("size", .text("\(size), \(ByteCount(bytes: file.bytes))"))
        sheet.add("sha256", .whole(file.sha256))
        if job.state == .filtered {
            sheet.add(
                "to type",
                [
                    .whole(Cells.plain(advice.resubmit(name, of: job.batch))),
                    .text("pays for another; with the same seed it may well come back the same"),
                ])
        }
    }

    // MARK: A failure

    private func addFailure(_ job: JobSummary, to sheet: inout FactSheet) {
        guard let error = job.error else { return }
        sheet.add("failed", .text("\(error.kind.rawValue): \(plain(error.message))", .bad))
        sheet.add("cost", .text(Self.cost(of: error.kind)))
        switch error.kind {
        case .rejected:
            sheet.add("what to do", .text("correct the manifest and run it again; or, where the API was at fault:"))
        case .remoteFailed:
            sheet.add("what to do", .text("another attempt, which is paid for only if it completes:"))
        case .timeout, .vanished, .download, .blockedURL, .invalidImage, .wrongSize, .disk, .lost:
            sheet.add(
                "what to do",
                .text(
                    "ask for the old job again, and fetch it where it has completed; where the API no longer knows it, "
                        + "another one is paid for:"))
        }
        sheet.add("to type", .whole(Cells.plain(advice.retry(name, of: job.batch))))
        if error.kind != .rejected, error.kind != .remoteFailed {
            sheet.add(
                "or",
                [.whole(Cells.plain(advice.resubmit(name, of: job.batch))), .text("pays for another image")])
        }
    }

    /// What a job that failed so has cost.
    static func cost(of kind: FailureCause.Kind) -> String {
        switch kind {
        case .rejected, .remoteFailed: "nothing"
        case .timeout: "an image, if it was completed later"
        case .vanished, .lost: "perhaps an image"
        case .download, .blockedURL, .invalidImage, .wrongSize, .disk: "an image"
        }
    }

    // MARK: A lost answer

    private func addHold(_ story: JobStory, to sheet: inout FactSheet) {
        let job = story.job
        let open = story.submissions.last { $0.isOpen }
        let hold = open?.hold
        sheet.add(
            "held",
            .text(
                hold.map { "\($0.reason.rawValue): \(plain($0.words))" }
                    ?? "its answer was lost; it may have been billed, so it is not simply submitted again", .warning))
        let candidates = story.candidates
        sheet.add("candidates", candidates.prefix(Self.mostCandidates).map { .text(describe($0)) })
        if candidates.count > Self.mostCandidates {
            sheet.add("", .text("and \(candidates.count - Self.mostCandidates) more"))
        }
        sheet.add("settles it", .text(Self.settles(hold?.reason)))
        let adoptable = candidates.filter { !$0.status.isFailed }.prefix(3).map { Cells.plain($0.id.rawValue) }
        let ids = adoptable.isEmpty ? ["JOBID"] : Array(adoptable)
        sheet.add("to type", ids.map { .whole(Cells.plain(advice.adopt($0, as: name, of: job.batch))) })
        if story.job.isRemoved {
            return sheet.add("or", .text("name it in the manifest again: then it can be submitted again"))
        }
        sheet.add(
            "or",
            [.whole(Cells.plain(advice.resubmit(name, of: job.batch))), .text("pays for it, perhaps a second time")])
    }

    private static let mostCandidates = 10

    private func describe(_ candidate: Candidate) -> String {
        var parts = ["`\(plain(candidate.id.rawValue))` \(plain(candidate.status.words))"]
        parts.append(candidate.createdAt.map { "made at \(full($0))" } ?? "made nobody knows when")
        if let seed = candidate.seed {
            parts.append("seed \(plain(seed.words))")
        } else if candidate.isRead {
            parts.append("tells no seed")
        }
        if let prompt = candidate.prompt {
            parts.append("prompt `\(Cells.cut(plain(prompt), to: 40, ellipsis: style.ellipsis))`")
        }
        return parts.joined(separator: ", ")
    }

    /// What would decide about a job that is held so.
    static func settles(_ reason: Hold.Reason?) -> String {
        switch reason {
        case nil: "a run asks the API about it: `nightjar run` with its manifest"
        case .settling, .confirming: "a run, by itself: two lists of the API that show it, or show that it is not there"
        case .candidateRunning: "a run, by itself: when they have ended, they are recognised by their seed"
        case .listTooShort: "a list that reaches back before the request left; where the API shows none, your decision"
        case .listUnproven: "a list that shows this account's jobs; check key and `--base-url`, or decide"
        case .seedsNotComparable:
            "your decision: look at the candidates in your account at the API, and adopt the one with this prompt"
        case .ambiguous: "your decision: look in your account at the API whose prompt it has"
        case .noSeed: "your decision: look in your account at the API for an image of this prompt"
        case .sharedID: "your decision: the API merges equal requests, or has made no job of its own for this one"
        case .keyKnown: "your decision: the API has it; find its job id in your account, and adopt it"
        case .waitsForItsTurn: "a run, by itself: the API has not got it, so it is submitted again in its turn"
        }
    }
}

extension RemoteJob.Status {
    var isFailed: Bool {
        if case .failed = self { true } else { false }
    }

    /// As the API spells it.
    var words: String {
        switch self {
        case .queued: "QUEUED"
        case .processing: "PROCESSING"
        case .completed: "COMPLETED"
        case .failed: "FAILED"
        case .unheardOf(let text): text
        }
    }
}

extension EchoedSeed {
    var words: String {
        switch self {
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .text(let text): "`\(text)`"
        }
    }
}
