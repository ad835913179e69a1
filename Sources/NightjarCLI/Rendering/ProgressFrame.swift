package import NightjarCore

/// One picture of a run on a terminal: pure, so that what a person sees can be tested.
package enum ProgressFrame {
    /// No more batches than this are shown, however tall the terminal is.
    private static let mostBatches = 20

    /// The lines from top to bottom, each narrower than the terminal, fewer than its rows.
    /// - Parameter isLast: The picture that stays when the run is over: without what happens just now.
    package static func lines(
        _ state: ProgressState, size: TerminalSize, now: WallTime, style: TerminalStyle, isLast: Bool = false
    ) -> [String] {
        // The last column stays free: many terminals wrap, or forget that cell, when it is written.
        let width = max(1, size.columns - 1)
        let footer = isLast ? [] : self.footer(state, width: width, now: now, style: style)
        let room = max(1, size.rows - 1)
        guard !state.batches.isEmpty else {
            return Array((isLast ? [] : ["starting\(style.ellipsis)"] + footer).prefix(room))
        }
        var rows = shown(state.batches, room: min(mostBatches, room - footer.count))
        let hidden = state.batches.count - rows.count
        var more: [String] = []
        if hidden > 0 {
            rows.append(.sum(of: state.batches, named: "all \(state.batches.count)"))
            let places = Set(rows.map(\.batch))
            let settled = state.batches.count { !places.contains($0.batch) && $0.isSettled }
            let note = settled > 0 ? ", \(settled) of them finished" : ""
            more = [style.line([.init("and \(hidden) more\(note)", .dim)], width: width)]
        }
        var lines = BatchColumns(rows, width: width, style: style, isLast: isLast).lines
        if let total = lines.last, hidden > 0 { lines = lines.dropLast() + more + [total] }
        return Array((lines + footer).prefix(room))
    }

    /// Batches that are worked on come first into the choice; shown they keep their order.
    private static func shown(_ batches: [BatchProgress], room: Int) -> [BatchProgress] {
        guard batches.count > room else { return batches }
        // One line says how many more there are, one sums up all.
        let places = max(1, room - 2)
        let active = batches.indices.filter { !batches[$0].isSettled }
        let settled = batches.indices.filter { batches[$0].isSettled }
        return (active + settled.reversed()).prefix(places).sorted().map { batches[$0] }
    }

    private static func footer(
        _ state: ProgressState, width: Int, now: WallTime, style: TerminalStyle
    ) -> [String] {
        var lines: [String] = []
        if let path = state.lastFile {
            let text = Cells.cutMiddle(style.plain(path), to: max(1, width - 8), ellipsis: style.ellipsis)
            lines.append(style.line([.init("last    ", .dim), .init(text, .dim)], width: width))
        }
        if let problem = state.lastProblem {
            let batch = state.batches.count > 1 ? (problem.batch.map { "\($0) " } ?? "") : ""
            let text = "\(batch)#\(problem.job.index) \(problem.cause.message)"
            let isUnknown = problem.cause.kind == .lost
            let label = isUnknown ? "unknown " : "failed  "
            lines.append(
                style.line(
                    [.init(label, isUnknown ? .warning : .bad), .init(style.plain(text), .dim)], width: width))
        }
        if let gate = state.gate {
            let left = gate.until.map { $0 > now ? ($0 - now).compact : "any moment" }
            let note = left.map { "  \($0)" } ?? ""
            let reason = Cells.cut(
                style.plain(gate.reason), to: max(1, width - 8 - note.count), ellipsis: style.ellipsis)
            lines.append(
                style.line([.init("waits   ", .warning), .init(reason), .init(note, .strong)], width: width))
        }
        return lines
    }
}
