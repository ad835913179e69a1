package import NightjarCore

/// What `why` prints of one job: what was asked for, all that happened, where it stands, and what to do.
package struct StoryRenderer: Sendable {
    /// What the job is called in the commands to type: its `id`, or the beginning of its key.
    let name: String
    let advice: CommandAdvice
    /// The output folder as the user named it.
    let output: String
    let now: WallTime
    /// Columns of the terminal; `nil` where there is none.
    let width: Int?
    let style: TerminalStyle
    /// The job's batch, which may be paused.
    let batch: BatchSummary?

    /// Prompts are cut to this where no terminal says how wide it is.
    private static let widestPrompt = 200

    package init(
        name: String, advice: CommandAdvice, output: String, now: WallTime, width: Int?, style: TerminalStyle,
        batch: BatchSummary? = nil
    ) {
        self.name = name
        self.advice = advice
        self.output = output
        self.now = now
        self.width = width
        self.style = style
        self.batch = batch
    }

    package func text(_ story: JobStory) -> String {
        var sheet = FactSheet()
        addRequest(story, to: &sheet)
        if !story.submissions.isEmpty { sheet.addGap() }
        for submission in story.submissions { addSubmission(submission, of: story, to: &sheet) }
        sheet.addGap()
        addPresent(story, to: &sheet)
        addDuplicates(story, to: &sheet)
        let job = story.job
        let ink = JobsRenderer.ink(job.state)
        var heading = [TerminalStyle.Piece("\(plain(name)) of \(plain(job.batch)): ", .strong)]
        heading.append(.init(job.state.rawValue, ink))
        let title = style.line(heading, width: width ?? .max)
        return ([title, ""] + sheet.lines(width: width, style: style)).map { $0 + "\n" }.joined()
    }

    func plain(_ text: String) -> String { style.plain(text) }

    // MARK: What was asked for

    private func addRequest(_ story: JobStory, to sheet: inout FactSheet) {
        let job = story.job
        let parameters = job.request.parameters
        var parts = [plain(parameters.model)]
        if parameters.width != nil || parameters.height != nil {
            let sides = [parameters.width, parameters.height].map { $0.map(String.init) ?? "?" }
            parts.append("\(sides[0])\(style.unicode ? "×" : "x")\(sides[1]) px")
        }
        if let steps = parameters.steps { parts.append("\(steps) steps") }
        if let scale = parameters.cfgScale { parts.append("cfg \(scale)") }
        if let sampler = parameters.sampler { parts.append(plain(sampler)) }
        parts.append(job.request.seed.map { "seed \($0)" } ?? "seed chosen by the API")
        sheet.add("request", .text(parts.joined(separator: ", ")))
        sheet.add("prompt", prompt(job.request.prompt))
        if let negative = parameters.negativePrompt, !negative.isEmpty { sheet.add("negative", prompt(negative)) }
        if let variables = job.variables { sheet.add("variables", prompt(variables)) }
        sheet.add("job", .whole("\(job.index), key \(job.key)"))
        sheet.add("first seen", .text(full(job.createdAt)))
        for job in story.former {
            let what = job.file.map { plain($0.path) } ?? job.state.rawValue
            sheet.add("before", .text("key \(job.key.description.prefix(12)): \(what), made for it by another request"))
        }
        if story.isFormer {
            sheet.add("manifest", .text("asks for something else under this `id` now; asked for again, this returns"))
        } else if story.job.isRemoved {
            sheet.add("manifest", .text("no longer names it", .warning))
        }
    }

    private func prompt(_ text: String) -> FactSheet.Line {
        .cut(Cells.cut(plain(text), to: width ?? Self.widestPrompt, ellipsis: style.ellipsis))
    }

    // MARK: What happened

    private func addSubmission(_ submission: JobStory.Submission, of story: JobStory, to sheet: inout FactSheet) {
        var lines: [FactSheet.Line] = [.text("left at \(full(submission.intentAt)), attempt \(submission.attempt)")]
        let (words, ink) = outcome(submission)
        let at = submission.endedAt.map { "at \(short($0, after: submission.intentAt)): " } ?? ""
        lines.append(.text(at + words, ink))
        if submission.isOpen, submission.number != story.submissions.last?.number {
            lines.append(.text("still watched: what it made, if anything, would be a second image"))
        }
        sheet.add("submission \(submission.number)", lines)
    }

    private func outcome(_ submission: JobStory.Submission) -> (words: String, ink: TerminalStyle.Ink) {
        let id = submission.remoteID.map { "`\(plain($0.rawValue))`" }
        let note = submission.note.map { plain($0) }
        let because = note.map { ": \($0)" } ?? ""
        guard let outcome = submission.outcome else { return ("the answer is still awaited", .bar) }
        if let loss = submission.loss, outcome == .unknown || outcome == .cancelled {
            return ("the answer was lost: \(plain(loss.words))", .warning)
        }
        switch outcome {
        case .pending where submission.remoteID != nil:
            return ("accepted as \(id ?? "a job"), and perhaps billed\(because)", .warning)
        case .pending: return ("turned away, and not billed\(because)", .normal)
        case .submitting: return ("the answer is still awaited", .bar)
        case .unknown: return ("the answer was lost\(because)", .warning)
        case .submitted: return ("accepted as \(id ?? "a job without a name")", .bar)
        case .ready: return ("completed as \(id ?? "a job without a name")", .bar)
        case .waiting: return ("FAILED at the API\(id.map { " as \($0)" } ?? ""), and not billed\(because)", .warning)
        case .done: return ("delivered\(id.map { " as \($0)" } ?? "")", .good)
        case .filtered: return ("delivered\(id.map { " as \($0)" } ?? ""), but blank", .warning)
        case .failed: return ("failed\(id.map { " as \($0)" } ?? "")\(because)", .bad)
        case .cancelled: return ("cancelled\(because)", .dim)
        }
    }

    // MARK: What else there is

    private func addDuplicates(_ story: JobStory, to sheet: inout FactSheet) {
        guard !story.duplicates.isEmpty else { return }
        let lines = story.duplicates.flatMap { duplicate -> [FactSheet.Line] in
            let what = "`\(plain(duplicate.id.rawValue))`, noticed at \(full(duplicate.noticedAt))"
            if let path = duplicate.path { return [.text(what), .whole(file(path))] }
            let note = duplicate.note.map { plain($0) }
            let state =
                duplicate.isEnded ? "it cannot be had: \(note ?? "not known why")" : "it has not been fetched yet"
            return [.text("\(what); \(state)")]
        }
        sheet.add("paid twice", lines)
    }

    // MARK: Words

    func file(_ path: String) -> String { Cells.plain("\(output)/\(path)") }

    /// To the second, in UTC, as the lines of a run have it.
    func full(_ time: WallTime) -> String { "\(time.rfc3339.prefix(19))Z" }

    /// The time of day alone where it is of the same day as an earlier one.
    func short(_ time: WallTime, after earlier: WallTime) -> String {
        let (text, before) = (full(time), full(earlier))
        return text.prefix(11) == before.prefix(11) ? String(text.dropFirst(11)) : text
    }

    /// How long until then, or since.
    func distance(to time: WallTime) -> String {
        time > now ? "in \((time - now).spoken)" : "\((now - time).spoken) ago"
    }
}
