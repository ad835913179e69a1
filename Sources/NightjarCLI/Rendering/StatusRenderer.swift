package import NightjarCore

/// What `status` prints.
package enum StatusRenderer {
    /// A table for people, a line a batch, columns that would hold nothing but zeros left out; below it which batches wait
    /// for their time, why jobs are held, and where images lie that were paid for twice.
    /// - Parameters:
    ///   - stateFile: Named where there is nothing to show.
    ///   - output: The output folder as the user named it.
    ///   - width: Columns of the terminal; `nil` where there is none.
    package static func table(
        _ batches: [BatchSummary], stateFile: String, output: String = "output",
        advice: CommandAdvice = CommandAdvice(),
        width: Int?, style: TerminalStyle, now: WallTime = WallTime.now
    ) -> String {
        guard !batches.isEmpty else { return "no batches yet in \(style.plain(stateFile))\n" }
        var columns = [
            TextTable.Column(title: "batch", alignment: .left, cells: batches.map { style.plain($0.settings.name) }),
            numbers("total", batches.map(\.total)),
            numbers("done", batches.map { $0.count(.done) }),
        ]
        let optional = [
            numbers("running", batches.map { $0.count(.submitting, .submitted, .ready) }),
            numbers("pending", batches.map { $0.count(.pending, .waiting) }),
            numbers("unknown", batches.map { $0.count(.unknown) }),
            numbers("failed", batches.map { $0.count(.failed) }),
            numbers("blank", batches.map { $0.count(.filtered) }),
            numbers("cancelled", batches.map { $0.count(.cancelled) }),
            numbers("duplicates", batches.map(\.duplicates)),
        ]
        columns += optional.filter { $0.cells.contains { $0 != "0" } }
        if batches.contains(where: { $0.spent != .zero }) {
            columns.append(.init(title: "spent", alignment: .right, cells: batches.map(\.spent.description)))
        }
        columns.append(.init(title: "time left", alignment: .left, cells: batches.map { timeLeft($0, at: now) }))
        var lines = TextTable(columns: columns).lines(width: width, style: style)
        lines += ScheduleWait.lines(batches, at: now, width: width, style: style)
        lines += HeldRenderer(advice: advice, width: width, style: style).lines(batches)
        lines += duplicates(batches, output: output, width: width, style: style)
        return lines.map { $0 + "\n" }.joined()
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

    /// `{"version":1,"batches":[…]}` on one line, without a line end.
    package static func json(_ batches: [BatchSummary], now: WallTime = WallTime.now) -> String {
        var line = JSONWriter()
        line.add("version", 1)
        line.add("batches", batches.map { $0.json(now: now) })
        return line.text
    }

    private static func numbers(_ title: String, _ values: [Int]) -> TextTable.Column {
        .init(title: title, alignment: .right, cells: values.map(String.init))
    }

    private static func timeLeft(_ batch: BatchSummary, at now: WallTime) -> String {
        let left = batch.count(.pending, .waiting, .submitting, .submitted, .ready)
        if left == 0 { return batch.count(.unknown) > 0 ? "held" : "finished" }
        if batch.paused { return "paused" }
        if let wait = ScheduleWait(batch, at: now), batch.count(.submitting, .submitted, .ready) == 0 {
            return wait.until == nil ? "past its deadline" : "waits"
        }
        return batch.etaSeconds.map { Duration.seconds($0).spoken } ?? "not known"
    }
}
