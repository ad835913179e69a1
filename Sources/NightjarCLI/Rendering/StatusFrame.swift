package import NightjarCore

/// One picture of `status --watch`: pure, so that what a person sees can be tested.
package enum StatusFrame {
    /// From more on, finished batches share a line.
    private static let mostFinished = 10
    private static let mostToDo = 3
    /// However much there is to say below it, the table has so many lines.
    private static let fewestRows = 4

    /// The lines from top to bottom, each narrower than the terminal, fewer than its rows.
    package static func lines(
        _ batches: [BatchSummary], live: RunSnapshot?, stateFile: String, advice: CommandAdvice, size: TerminalSize,
        now: WallTime, style: TerminalStyle
    ) -> [String] {
        // The last column stays free: many terminals wrap, or forget that cell, when it is written.
        let width = max(1, size.columns - 1)
        let room = max(1, size.rows - 1)
        guard !batches.isEmpty else {
            return [style.line([.init("no batches yet in \(style.plain(stateFile))", .dim)], width: width)]
        }
        let standings = ordered(batches.map { BatchStanding($0, live: live, advice: advice, now: now) })
        var top = ToDoList(standings).lines(width: width, style: style, most: mostToDo, isRedrawn: true)
        if !top.isEmpty { top.append("") }
        let bottom = StatusRenderer.movement(
            standings, live, width: width, style: style, now: now, isRedrawn: true)
        let free = room - top.count - 1
        let rows = max(fewestRows, free - min(bottom.count, free / 2))
        let table = StatusTable(folded(standings, rows: rows)).lines(width: width, style: style)
        return Array((top + table + bottom).prefix(room))
    }

    /// What must differ for a pipe to be told again: all but the times.
    package static func mark(_ batches: [BatchSummary], live: RunSnapshot?, advice: CommandAdvice) -> String {
        let now = WallTime(milliseconds: 0)
        let parts = batches.map { batch in
            let standing = BatchStanding(batch, live: live, advice: advice, now: now)
            let counts = JobState.allCases.map { String(batch.count($0)) }.joined(separator: ",")
            return [batch.settings.name, counts, standing.wait?.reason, standing.action?.remedy, "\(batch.duplicates)"]
                .map { $0 ?? "" }.joined(separator: " ")
        }
        let process = live.map { "\($0.command) \($0.pid) \($0.concurrency) \($0.rate)" } ?? ""
        return (parts + [process]).joined(separator: "\n")
    }

    private static func ordered(_ standings: [BatchStanding]) -> [BatchStanding] {
        standings.enumerated().sorted { ($0.element.group, $0.offset) < ($1.element.group, $1.offset) }.map(\.element)
    }

    /// As many batches as there are rows; the others as sums.
    private static func folded(_ standings: [BatchStanding], rows: Int) -> [StatusTable.Row] {
        var shown = standings.map { StatusTable.Row($0) }
        let finished = standings.count { $0.group == .finished }
        if finished > 1, shown.count > rows || finished > mostFinished {
            shown = shown.dropLast(finished) + [sum(shown.suffix(finished), "\(finished) finished")]
        }
        let excess = shown.count - rows
        guard excess > 0 else { return shown }
        let others = standings.count - (rows - 1)
        return shown.prefix(rows - 1) + [sum(shown.suffix(excess + 1), "\(others) more")]
    }

    /// Several batches as one line; of at least one.
    private static func sum(_ rows: ArraySlice<StatusTable.Row>, _ name: String) -> StatusTable.Row {
        let isSame = Set(rows.map(\.timeLeft)).count == 1
        var sum = StatusTable.Row(
            name: name, rows[rows.startIndex].batch, timeLeft: isSame ? rows[rows.startIndex].timeLeft : "not known")
        for row in rows.dropFirst() {
            sum.batch.counts.merge(row.batch.counts, uniquingKeysWith: +)
            sum.batch.spent += row.batch.spent
            sum.batch.duplicates += row.batch.duplicates
        }
        return sum
    }
}
