package import NightjarCore

/// What `status` prints.
package enum StatusRenderer {
    /// What a person must do; a table for people, a line a batch, columns that would hold nothing but zeros left out; below
    /// it who runs, why batches wait, why jobs are held, and where images lie that were paid for twice.
    /// - Parameters:
    ///   - live: What the process says that runs; `nil`: none does.
    ///   - stateFile: Named where there is nothing to show.
    ///   - output: The output folder as the user named it.
    ///   - width: Columns of the terminal; `nil` where there is none.
    package static func table(
        _ batches: [BatchSummary], live: RunSnapshot? = nil, stateFile: String, output: String = "output",
        advice: CommandAdvice = CommandAdvice(),
        width: Int?, style: TerminalStyle, now: WallTime = WallTime.now
    ) -> String {
        guard !batches.isEmpty else { return "no batches yet in \(style.plain(stateFile))\n" }
        let standings = batches.map { BatchStanding($0, live: live, advice: advice, now: now) }
        var lines = ToDoList(standings).lines(width: width, style: style)
        if !lines.isEmpty { lines.append("") }
        lines += StatusTable(standings.map { StatusTable.Row($0) }).lines(width: width, style: style)
        lines += movement(standings, live, width: width, style: style, now: now)
        lines += HeldRenderer(advice: advice, width: width, style: style).lines(batches)
        lines += duplicates(batches, output: output, width: width, style: style)
        return lines.map { $0 + "\n" }.joined()
    }

    /// Who runs, and of each batch with something left why it waits and when it ends.
    static func movement(
        _ standings: [BatchStanding], _ live: RunSnapshot?, width: Int?, style: TerminalStyle, now: WallTime,
        isRedrawn: Bool = false
    ) -> [String] {
        var sheet = FactSheet()
        var isEmpty = true
        if let live {
            isEmpty = false
            sheet.add("running", .text(words(for: live, at: now)))
        }
        for standing in standings {
            guard let text = standing.text(at: now) else { continue }
            isEmpty = false
            let name = Cells.cut(
                style.plain(standing.batch.settings.name), to: widestName, ellipsis: style.ellipsis)
            sheet.add(name, .text(style.plain(text)))
        }
        return isEmpty ? [] : [""] + sheet.lines(width: width, style: style, isRedrawn: isRedrawn)
    }

    private static let widestName = 24

    private static func words(for live: RunSnapshot, at now: WallTime) -> String {
        let minute = WallTime(milliseconds: live.startedAt.milliseconds / 60_000 * 60_000)
        let from = now - minute < .seconds(86_400) ? minute : now
        let since = LocalClock(named: nil).map { " since \($0.text(minute, from: from))" } ?? ""
        func byHand(_ isSet: Bool) -> String { isSet ? " (set by hand)" : "" }
        return
            "`nightjar \(live.command.rawValue)`, process \(live.pid),\(since); at most \(live.concurrency) at a time"
            + "\(byHand(live.overrides.concurrency != nil)), \(live.rate)\(byHand(live.overrides.rate != nil)); "
            + "\(live.unfinished) at the API"
    }

    private static func duplicates(
        _ batches: [BatchSummary], output: String, width: Int?, style: TerminalStyle
    ) -> [String] {
        let count = batches.reduce(0) { $0 + $1.duplicates }
        guard count > 0 else { return [] }
        let words =
            count == 1
            ? "1 image was paid for twice; the second one is"
            : "\(count) images were paid for twice; the second ones are"
        var sheet = FactSheet()
        sheet.add("paid twice", [.text("\(words) kept in"), .whole(Cells.plain("\(output)/.nightjar/duplicates"))])
        return [""] + sheet.lines(width: width, style: style)
    }

    /// `{"version":1,"batches":[…],"running":…,"action":…}` on one line, without a line end.
    package static func json(
        _ batches: [BatchSummary], live: RunSnapshot? = nil, advice: CommandAdvice = CommandAdvice(),
        now: WallTime = WallTime.now
    ) -> String {
        var line = JSONWriter()
        line.add("version", 1)
        line.add("batches", batches.map { json($0, live: live, advice: advice, now: now) })
        line.add("running", live.map(json))
        let standings = batches.map { BatchStanding($0, live: live, advice: advice, now: now) }
        line.add("action", ToDoList(standings).items.first?.remedy)
        return line.text
    }

    private static func json(_ live: RunSnapshot) -> JSONWriter {
        var line = JSONWriter()
        line.add("command", live.command.rawValue)
        line.add("pid", Int(live.pid))
        line.add("since", live.startedAt)
        line.add("concurrency", live.concurrency)
        line.add("rate", live.rate.description)
        line.add("unfinished", live.unfinished)
        line.add("set_by_hand", live.overrides != LimitOverrides())
        return line
    }

    /// A batch as `status --json` shows it.
    package static func json(
        _ batch: BatchSummary, live: RunSnapshot? = nil, advice: CommandAdvice = CommandAdvice(),
        now: WallTime = WallTime.now
    ) -> JSONWriter {
        let standing = BatchStanding(batch, live: live, advice: advice, now: now)
        var line = batch.json(now: now)
        line.add("waits_for", standing.wait?.json)
        line.add("action", standing.action?.remedy)
        return line
    }
}
