package import NightjarCore

/// What a run has come to, in words, and what to type next.
package enum RunSummary {
    /// Lines that each end with a line end.
    /// - Parameters:
    ///   - output: The output folder as the user named it.
    ///   - elapsed: Of this run.
    ///   - reason: Why it ended, in words; may be empty.
    package static func text(
        batches: [BatchProgress], output: String, elapsed: Duration, exit: Int32, reason: String
    ) -> String {
        var lines = batches.map(batch)
        let verb = exit == 0 ? "finished in" : "ended after"
        let reason = Cells.plain(reason)
        let why = exit == 0 || reason.isEmpty ? "" : ": \(reason)"
        lines.append("\(verb) \(elapsed.spoken)\(why)")
        if batches.contains(where: { $0.count(.done) > 0 }) { lines.append("the images are in `\(Cells.plain(output))`") }
        lines += advice(batches)
        return lines.map { $0 + "\n" }.joined()
    }

    private static func batch(_ batch: BatchProgress) -> String {
        var text = "\(batch.batch): \(batch.count(.done)) of \(batch.total) done"
        let left = batch.count(.pending, .waiting)
        let parts: [(Int, String)] = [
            (batch.count(.failed), "failed"), (batch.count(.filtered), "blank"), (batch.count(.unknown), "unknown"),
            (batch.count(.cancelled), "cancelled"), (batch.running, "still at the API"), (left, "left"),
        ]
        for (count, word) in parts where count > 0 { text += ", \(count) \(word)" }
        if batch.spent != .zero { text += "; spent \(batch.spent)" }
        return text
    }

    private static func advice(_ batches: [BatchProgress]) -> [String] {
        var lines: [String] = []
        let failed = batches.filter { $0.count(.failed) > 0 }
        if !failed.isEmpty {
            lines.append("what failed, and why:  \(command(failed, "failed"))")
            lines.append("to try it again:       nightjar run … --retry-failed")
        }
        let blank = batches.filter { $0.count(.filtered) > 0 }
        if !blank.isEmpty { lines.append("what came back blank:  \(command(blank, "filtered"))") }
        let unknown = batches.filter { $0.count(.unknown) > 0 }
        if !unknown.isEmpty {
            let count = unknown.reduce(0) { $0 + $1.count(.unknown) }
            lines.append(
                count == 1
                    ? "1 job is unknown: it may have been billed; it is held, and was not submitted again"
                    : "\(count) jobs are unknown: they may have been billed; they are held, and were not submitted again")
            lines.append("to see what is held:   \(command(unknown, "unknown"))")
        }
        return lines
    }

    /// For one batch its name, for several the command that shows all.
    private static func command(_ batches: [BatchProgress], _ state: String) -> String {
        let name = batches.count == 1 ? batches.first.map { " \($0.batch)" } : nil
        return "nightjar jobs\(name ?? "") --only \(state)"
    }
}
