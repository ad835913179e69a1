package import NightjarCore

/// What is said of orders about whole batches: what became of each, and what goes on now.
package struct OrderReport: Sendable {
    package struct Item: Sendable {
        package var order: Order
        /// Its name; `nil`: everything.
        package var batch: String?
        /// Of the batch, or of all, as they are after the order.
        package var summaries: [BatchSummary]
        /// What jobs cost that are at the API, or completed there.
        package var paidFor: Money
        /// Limits as they were, and are.
        package var before: LimitOverrides
        package var after: LimitOverrides
        /// `nil`: it stands in the state, and the process that holds it has not carried it out.
        package var result: OrderOutcome.Result?

        package init(
            order: Order, batch: String?, summaries: [BatchSummary], paidFor: Money = .zero,
            before: LimitOverrides = LimitOverrides(), after: LimitOverrides = LimitOverrides(),
            result: OrderOutcome.Result?
        ) {
            self.order = order
            self.batch = batch
            self.summaries = summaries
            self.paidFor = paidFor
            self.before = before
            self.after = after
            self.result = result
        }
    }

    private let items: [Item]
    private let advice: CommandAdvice
    /// A process that holds the state has carried it out, and goes on.
    private let isRunning: Bool

    package init(_ items: [Item], advice: CommandAdvice, isRunning: Bool) {
        self.items = items
        self.advice = advice
        self.isRunning = isRunning
    }

    package var exit: ExitCode {
        if items.contains(where: { $0.result == nil }) { return .locked }
        return items.contains { $0.refusal != nil } ? .usage : .success
    }

    /// For standard output.
    package var lines: [String] {
        let carriedOut = items.filter { $0.result != nil && $0.refusal == nil }
        guard !carriedOut.isEmpty else {
            return items.isEmpty ? ["there are no batches yet"] : []
        }
        return carriedOut.flatMap(lines) + next(carriedOut)
    }

    /// For standard error.
    package var problems: [String] {
        var problems = items.compactMap { item in item.refusal.map { "\(item.title): \($0)" } }
        let left = items.count { $0.result == nil }
        if left > 0 {
            problems.append(
                "a process holds the state, and has not carried out \(left == 1 ? "the order" : "\(left) orders") in "
                    + "time; it stands in the state, and is carried out by that process or by the next run")
        }
        return problems
    }

    // MARK: What became of one

    private func lines(_ item: Item) -> [String] {
        guard case .carriedOut(let isChanged, let cancelled, let comesHome) = item.result else { return [] }
        switch item.order {
        case .pause: return [pauseLine(item, isChanged)]
        case .resume: return [resumeLine(item, isChanged)]
        case .cancel: return ["\(item.title): \(cancelWords(item, cancelled, comesHome))"]
        case .set(let change): return limitLines(item, change)
        }
    }

    private func pauseLine(_ item: Item, _ isChanged: Bool) -> String {
        let left = item.count(.pending, .waiting)
        let words = left == 0 ? "nothing is left to submit" : "\(Self.jobs(left)) \(left == 1 ? "waits" : "wait")"
        return "\(item.title) is paused\(isChanged ? "" : " already"): \(words)\(item.homecoming)"
    }

    private func resumeLine(_ item: Item, _ isChanged: Bool) -> String {
        let left = item.count(.pending, .waiting)
        let words = left == 0 ? "nothing is left to submit" : "\(Self.jobs(left)) left to submit"
        return "\(item.title) \(isChanged ? "goes on" : "was not paused"): \(words)\(item.homecoming)"
    }

    private func cancelWords(
        _ item: Item, _ cancelled: [JobState: Int], _ comesHome: [JobState: Int]
    ) -> String {
        let count = cancelled.values.reduce(0, +)
        var parts: [String] = []
        if count > 0 {
            parts.append("\(count) cancelled")
        } else {
            let before = item.count(.cancelled)
            parts.append("nothing\(before > 0 ? " more" : "") to cancel" + (before > 0 ? ", \(before) are" : ""))
        }
        let atAPI = comesHome[.submitted, default: 0] + comesHome[.ready, default: 0]
        if atAPI > 0 {
            let price = item.paidFor == .zero ? "" : " (\(item.paidFor))"
            parts.append(
                atAPI == 1
                    ? "1 is at the API, paid for\(price), and comes home"
                    : "\(atAPI) are at the API, paid for\(price), and come home")
        }
        let out = comesHome[.submitting, default: 0]
        if out > 0 {
            parts.append(
                out == 1
                    ? "1 is on its way there, and comes home if it is taken"
                    : "\(out) are on their way there, and come home if they are taken")
        }
        let lost = comesHome[.unknown, default: 0]
        if lost > 0 {
            parts.append(
                lost == 1
                    ? "1 answer was lost: what the API has of it comes home, and it is not submitted again"
                    : "\(lost) answers were lost: what the API has of them comes home, and they are not submitted again"
            )
        }
        return parts.joined(separator: "; ")
    }

    // MARK: Limits

    private func limitLines(_ item: Item, _ change: LimitChange) -> [String] {
        let schedule = item.summaries.first?.settings.schedule
        let limits = item.batch == nil ? nil : item.summaries.first?.settings.limits
        let usual = item.batch == nil ? "as configured" : "as for everything"
        var parts: [String] = []
        if change.concurrency != nil {
            let given = limits?.concurrency.map { "\($0), as its manifest says" } ?? usual
            parts.append(
                "concurrency "
                    + Self.step(item.before.concurrency?.description, item.after.concurrency?.description, given))
        }
        if change.rate != nil {
            let given = limits?.rate.map { "\($0), as its manifest says" } ?? usual
            parts.append("rate " + Self.step(item.before.rate?.description, item.after.rate?.description, given))
        }
        if change.priority != nil {
            let given = schedule.map { "\($0.priority), as its manifest says" } ?? "0"
            parts.append(
                "priority " + Self.step(item.before.priority?.description, item.after.priority?.description, given))
        }
        return ["\(item.title): \(parts.joined(separator: ", "))"]
    }

    private static func step(_ before: String?, _ after: String?, _ usual: String) -> String {
        let (before, after) = (before ?? usual, after ?? usual)
        return before == after ? "is \(after) already" : "\(before) \u{2192} \(after)"
    }

    // MARK: What goes on

    private func next(_ items: [Item]) -> [String] {
        guard let order = items.first?.order else { return [] }
        let names = items.compactMap(\.batch)
        let place = names.isEmpty ? "--all" : names.map { ShellWord.quoted($0) }.joined(separator: " ")
        switch order {
        case .pause: return ["to let \(names.count == 1 ? "it" : "them") go on: `\(advice.command("resume", place))`"]
        case .resume:
            let open = summaries(of: items) { $0.left + $0.running > 0 }
            guard !open.isEmpty else { return [] }
            return isRunning ? ["the process that runs goes on"] : ["to go on: \(toGoOn(open))"]
        case .cancel:
            var lines: [String] = []
            let away = summaries(of: items) { $0.running + $0.count(.unknown) > 0 }
            if !isRunning, !away.isEmpty {
                lines.append("to bring home what is at the API: \(toGoOn(away))")
            }
            let changed = items.filter(\.hasCancelled)
            let undone = (changed.isEmpty ? items.filter { $0.count(.cancelled) > 0 } : changed).compactMap(\.batch)
            if !undone.isEmpty {
                let place = undone.map { ShellWord.quoted($0) }.joined(separator: " ")
                lines.append("to take it back: `\(advice.command("retry", place))`")
            }
            return lines
        case .set:
            let isDaemons = summaries(of: items) { $0.settings.origin == nil }.isEmpty
            return isRunning ? [] : ["nothing runs here: it is kept for the next \(isDaemons ? "daemon" : "run")"]
        }
    }

    private func summaries(of items: [Item], where fits: (BatchSummary) -> Bool) -> [BatchSummary] {
        items.flatMap(\.summaries).filter(fits)
    }

    private func toGoOn(_ batches: [BatchSummary]) -> String {
        let ofInboxes = batches.filter { $0.settings.origin != nil }.map(\.settings.name)
        return CommandAdvice.toGoOn(batches.map(\.settings.name), ofInboxes: Set(ofInboxes))
    }

    private static func jobs(_ count: Int) -> String { count == 1 ? "1 job" : "\(count) jobs" }
}

extension OrderReport.Item {
    fileprivate var title: String { batch.map { Cells.plain($0) } ?? "everything" }

    fileprivate var refusal: String? {
        if case .refused(let words)? = result { Cells.plain(words) } else { nil }
    }

    /// Whether anything of it is not asked for any more.
    fileprivate var hasCancelled: Bool {
        if case .carriedOut(_, let cancelled, let comesHome)? = result {
            !cancelled.isEmpty || !comesHome.isEmpty
        } else {
            false
        }
    }

    fileprivate func count(_ states: JobState...) -> Int {
        states.reduce(0) { sum, state in sum + summaries.reduce(0) { $0 + $1.count(state) } }
    }

    /// What is at the API comes home, whatever is said.
    fileprivate var homecoming: String {
        let count = count(.submitting, .submitted, .ready)
        return count == 0 ? "" : count == 1 ? ", 1 at the API comes home" : ", \(count) at the API come home"
    }
}
