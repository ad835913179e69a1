internal import NightjarCore
internal import NightjarRunner

/// A plan for people: for each batch what is new, what it costs, how long it takes, and what is sent first.
struct PlanRenderer {
    let plan: Plan
    /// Columns of the terminal; `nil` where there is none.
    let width: Int?
    let style: TerminalStyle

    /// Of more models only their number is told.
    private static let mostModels = 4
    /// Where no terminal says how wide it is.
    private static let widestPrompt = 110

    var text: String {
        var lines: [String] = []
        for (batch, amount) in zip(plan.batches, plan.estimate.batches) {
            if !lines.isEmpty { lines.append("") }
            lines += self.lines(batch, jobs: plan.batches.count == 1 ? plan.estimate.total.jobs : amount.jobs)
        }
        if plan.batches.count > 1 { lines += ["", style.paint("all \(plan.batches.count) batches", .strong)] + total }
        return lines.map { $0 + "\n" }.joined()
    }

    // MARK: One batch

    private func lines(_ batch: BatchForecast, jobs: Int) -> [String] {
        let file = TerminalStyle.Piece("  " + style.plain(batch.file), .dim)
        let head = style.line([.init(batch.settings.name, .strong), file], width: width ?? .max)
        var sheet = FactSheet()
        sheet.add("jobs", self.jobs(batch))
        sheet.add("to submit", toSubmit(batch, jobs: jobs))
        if batch.jobsToSubmit > 0 {
            sheet.add("cost", cost([batch], jobs: jobs, own: batch.settings.limits.budget))
            sheet.add("time", time([batch], jobs: jobs))
            sheet.add("schedule", schedule(batch, jobs: jobs))
            sheet.add("disk", disk([batch], jobs: jobs))
            sheet.add("first", batch.first.flatMap(request))
        }
        let warnings =
            batch.warnings.map { "\($0.words); the first is at \($0.first.file):\($0.first.line)" }
            + batch.settingWarnings
        sheet.add("warnings", warnings.map { .text(style.plain($0), .warning) })
        return [head] + sheet.lines(width: width, style: style)
    }

    private func jobs(_ batch: BatchForecast) -> [FactSheet.Line] {
        let counts: [(PreviewedJob.Change, String)] = [
            (.new, "new"), (.kept, "kept"), (.done, "done"), (.changed, "changed"),
        ]
        let parts = counts.compactMap { change, word in
            batch.counts[change].map { "\($0.grouped) \(word)" }
        }
        let first =
            parts.count == 1
            ? parts[0] : parts.isEmpty ? "none" : "\(batch.total.grouped): \(parts.joined(separator: ", "))"
        var lines = [FactSheet.Line.text(first)]
        if let removed = batch.counts[.removed] {
            lines.append(.text("besides \(removed.grouped) removed: no longer named by the manifest"))
        }
        if batch.keptChanges > 0 {
            lines.append(
                .text(
                    "\(batch.keptChanges.grouped) changed after they were paid for: they stay as they are made; "
                        + "`--changed redo` makes them anew", .warning))
        }
        if batch.redone > 0 {
            lines.append(
                .text(
                    "\(batch.redone.grouped) changed after they were paid for: made anew, and paid for again", .warning)
            )
        }
        if batch.restored > 0 {
            lines.append(.text("\(batch.restored.grouped) as they were made once: taken back, and not paid for again"))
        }
        if batch.retried > 0 {
            lines.append(.text("\(batch.retried.grouped) had failed: `--retry-failed` takes them up again"))
        }
        lines += held(batch).map { .text($0) }
        return lines
    }

    /// What neither is done nor waits to be submitted.
    private func held(_ batch: BatchForecast) -> [String] {
        func count(_ states: JobState...) -> Int { states.reduce(0) { $0 + batch.states[$1, default: 0] } }
        var lines: [String] = []
        let atAPI = count(.submitting, .submitted, .ready)
        if atAPI > 0 { lines.append("\(atAPI.grouped) at the API already: they are brought home") }
        if count(.unknown) > 0 {
            lines.append("\(count(.unknown).grouped) unknown: their answer was lost, and they are looked for first")
        }
        if count(.failed) > 0 {
            lines.append("\(count(.failed).grouped) failed: left alone without `--retry-failed`")
        }
        if count(.filtered) > 0 { lines.append("\(count(.filtered).grouped) came back blank: left alone") }
        if count(.cancelled) > 0 { lines.append("\(count(.cancelled).grouped) cancelled: left alone") }
        return lines
    }

    private func toSubmit(_ batch: BatchForecast, jobs: Int) -> [FactSheet.Line] {
        let all = batch.jobsToSubmit
        guard all > 0 else { return [.text("nothing", .good)] }
        let models = batch.jobsByModel.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let names =
            models.count == 1
            ? style.plain(models[0].key)
            : models.count > Self.mostModels
                ? "\(models.count) models"
                : models.map { "\($0.value.grouped) of \(style.plain($0.key))" }.joined(separator: ", ")
        var lines = [FactSheet.Line.text("\(Self.images(all)): \(names)")]
        if jobs < all { lines.append(.text("in one run \(Self.images(jobs)) at most: \(limits(batch))", .warning)) }
        return lines
    }

    private func limits(_ batch: BatchForecast) -> String {
        let (run, own) = (plan.configuration.run, batch.settings.limits)
        let limits = [
            run.maxJobs.map { "`--max-jobs \($0)`" }, run.budget.map { "`--budget \($0)`" },
            own.maxJobs.map { "its own `max_jobs: \($0)`" }, own.budget.map { "its own `budget: \($0)`" },
        ]
        return limits.compactMap(\.self).joined(separator: ", ")
    }

    // MARK: Facts of one batch, or of all

    private func cost(_ batches: [BatchForecast], jobs: Int, own: Money?) -> [FactSheet.Line] {
        let run = plan.configuration.run
        let models = Set(batches.flatMap(\.jobsByModel.keys))
        let unpriced = models.filter { run.prices[$0] == nil }
        guard unpriced.isEmpty else {
            let estimate = SubmissionEstimate(
                batches.map { .init(name: "", limits: .init(), jobs: $0.jobsByModel) }, maxJobs: nil, budget: nil,
                prices: run.prices)
            return [.text("not known: \(style.plain(estimate.unpricedWords))")]
        }
        let all = batches.flatMap(\.jobsByModel).reduce(Money.zero) { $0 + (run.prices[$1.key] ?? .zero) * $1.value }
        let prices = Set(models.compactMap { run.prices[$0] })
        let each = prices.count == 1 ? prices.first.map { " (\($0) an image)" } ?? "" : ""
        var lines = [FactSheet.Line.text("\(all)\(each)")]
        for (budget, name) in [(own, "its own budget"), (run.budget, "the budget of a run")] {
            guard let budget else { continue }
            lines.append(
                budget < all
                    ? .text("more than \(name), \(budget)", .warning) : .text("within \(name), \(budget)"))
        }
        return lines
    }

    private func time(_ batches: [BatchForecast], jobs: Int) -> [FactSheet.Line] {
        guard jobs > 0 else { return [] }
        let run = plan.configuration.run
        let time = plan.time(of: batches, jobs: jobs)
        let limits = batches.count == 1 ? batches[0].settings.limits : BatchSettings.Limits()
        let width = min(run.concurrency, limits.concurrency ?? .max)
        let rate = ([run.rate] + [limits.rate].compactMap(\.self)).min { Self.perSecond($0) < Self.perSecond($1) }
        let pace = "\(TimeForecast.requestsPerJob) requests an image at \(rate ?? run.rate)"
        var lines: [FactSheet.Line]
        if time.isLeast {
            lines = [
                .text(
                    "at least \(time.work.spoken): \(pace); how long the API takes for one is not known yet")
            ]
        } else {
            lines = [
                .text(
                    "about \(time.work.spoken): \(width.grouped) at a time, \(pace), as long as those of this state took"
                )
            ]
        }
        if let most = run.maxDuration, most < time.work {
            lines.append(.text("more than `--max-duration` (\(most.spoken)): the rest is for the next run", .warning))
        }
        return lines
    }

    private static func perSecond(_ rate: Rate) -> Double {
        Double(rate.requests) / rate.window.duration.inSeconds
    }

    private func schedule(_ batch: BatchForecast, jobs: Int) -> [FactSheet.Line] {
        guard jobs > 0, let schedule = batch.settings.schedule, let table = Timetable(schedule),
            schedule.window != nil || schedule.notBefore != nil || schedule.deadline != nil
        else { return [] }
        let waits = table.words(at: plan.now)
        var lines: [FactSheet.Line] = []
        if let waits {
            lines.append(.text(style.plain(waits)))
        } else if case .open(let until?) = table.phase(at: plan.now) {
            lines.append(.text("begins at once; closes \(style.plain(table.clock.text(until, from: plan.now)))"))
        }
        let time = plan.time(of: [batch], jobs: jobs)
        switch time.end(from: plan.now, phase: { table.phase(at: $0) }) {
        case .at(let end):
            // Nobody knows it to the second.
            let minute = WallTime(milliseconds: (end.milliseconds + 59_999) / 60_000 * 60_000)
            let when = style.plain(table.clock.text(minute, from: plan.now))
            lines.append(.text(time.isLeast ? "done at \(when) at the earliest" : "done about \(when)"))
        case .late(let share):
            let made = Int(Double(jobs) * max(0, min(share, 1)))
            let most = time.isLeast ? "at most" : "about"
            lines.append(
                .text("the deadline comes first: \(most) \(made.grouped) of \(Self.images(jobs)) by then", .warning))
        }
        return lines
    }

    private func disk(_ batches: [BatchForecast], jobs: Int) -> [FactSheet.Line] {
        let bytes = plan.bytes(of: batches, jobs: jobs)
        let how =
            plan.experience.knowsSizes
            ? "by the images of this state" : "at a guess of \(Experience.usualBytesPerPixel) bytes a pixel"
        let free = plan.freeBytes.map { "; \(ByteCount(bytes: $0)) are free" } ?? ""
        var lines = [FactSheet.Line.text("about \(ByteCount(bytes: bytes)), \(how)\(free)")]
        let least = plan.configuration.run.minFree
        if let free = plan.freeBytes, free < least {
            lines.append(
                .text("less is free than `--min-free` (\(ByteCount(bytes: least))): nothing would be submitted", .bad))
        } else if let free = plan.freeBytes, free - bytes < least {
            let room = ByteCount(bytes: free - least)
            lines.append(
                .text("not enough: there is room for \(room) above `--min-free` (\(ByteCount(bytes: least)))", .warning)
            )
        }
        return lines
    }

    private func request(_ request: BatchForecast.Request) -> [FactSheet.Line] {
        let parameters = request.request.parameters
        let prompt = style.plain(request.request.prompt)
        let shown = width == nil ? Cells.cut(prompt, to: Self.widestPrompt, ellipsis: style.ellipsis) : prompt
        var facts = [request.request.seed.map { "seed \($0)" } ?? "seed of the API's own"]
        if let width = parameters.width, let height = parameters.height { facts.append("\(width)x\(height)") }
        if let steps = parameters.steps { facts.append("\(steps) steps") }
        if let scale = parameters.cfgScale { facts.append("cfg \(scale)") }
        if let sampler = parameters.sampler { facts.append(style.plain(sampler)) }
        return [
            .cut(shown), .cut("  " + facts.joined(separator: ", "), .dim), .cut("  " + style.plain(request.path), .dim),
        ]
    }

    // MARK: All batches

    private var total: [String] {
        let jobs = plan.estimate.total.jobs
        let all = plan.whole.waiting
        var sheet = FactSheet()
        guard all > 0 else {
            sheet.add("to submit", .text("nothing", .good))
            return sheet.lines(width: width, style: style)
        }
        sheet.add("to submit", .text(Self.images(all) + (jobs < all ? ", \(jobs.grouped) of them in one run" : "")))
        sheet.add("cost", cost(plan.batches, jobs: jobs, own: nil))
        sheet.add("time", time(plan.batches, jobs: jobs))
        sheet.add("disk", disk(plan.batches, jobs: jobs))
        return sheet.lines(width: width, style: style)
    }

    private static func images(_ count: Int) -> String { count == 1 ? "1 image" : "\(count.grouped) images" }
}
