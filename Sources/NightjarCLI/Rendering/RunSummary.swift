package import NightjarCore

/// What a run has come to, in words, and what to type next.
package enum RunSummary {
    /// From so many batches on, those of which all is done share a line.
    private static let mostBatches = 20

    /// Lines that each end with a line end.
    /// - Parameters:
    ///   - output: The output folder as the user named it.
    ///   - elapsed: Of this run.
    ///   - reason: Why it ended, in words; may be empty.
    ///   - needs: What must change before the same command would do more, in words.
    ///   - stateFlags: What other commands must be told to find the state, such as ` --output night`; may be empty.
    package static func text(
        batches: [BatchProgress], output: String, elapsed: Duration, exit: Int32, reason: String,
        needs: [String] = [], stateFlags: String = ""
    ) -> String {
        var lines = self.batches(batches)
        let reason = Cells.plain(reason)
        let why = exit == 0 || reason.isEmpty ? "" : ": \(reason)"
        lines.append("\(exit == 0 ? "finished in" : "ended after") \(elapsed.spoken)\(why)")
        if batches.contains(where: { $0.count(.done) > 0 }) {
            lines.append("the images are in `\(Cells.plain(output))`")
        }
        lines += advice(batches, needs, stateFlags)
        return lines.map { $0 + "\n" }.joined()
    }

    private static func batches(_ batches: [BatchProgress]) -> [String] {
        guard batches.count > mostBatches else { return batches.map(batch) }
        let shown = batches.filter { $0.count(.done) != $0.wanted }.prefix(mostBatches)
        let all = BatchProgress.sum(of: batches, named: "all \(batches.count) batches")
        return shown.map(batch) + [batch(all)]
    }

    private static func batch(_ batch: BatchProgress) -> String {
        var text = "\(batch.batch): \(batch.count(.done)) of \(batch.total) done"
        let parts: [(Int, String)] = [
            (batch.count(.failed), "failed"), (batch.count(.filtered), "blank"), (batch.count(.unknown), "unknown"),
            (batch.count(.cancelled), "cancelled"), (batch.running, "still at the API"),
            (batch.count(.pending, .waiting), "left"),
        ]
        for (count, word) in parts where count > 0 { text += ", \(count) \(word)" }
        if batch.spent != .zero { text += "; spent \(batch.spent)" }
        return text
    }

    private static func advice(_ batches: [BatchProgress], _ needs: [String], _ stateFlags: String) -> [String] {
        func those(_ state: JobState) -> [BatchProgress] { batches.filter { $0.count(state) > 0 } }
        var lines: [String] = []
        if !those(.failed).isEmpty {
            lines.append("what failed, and why:  \(command(those(.failed), .failed, stateFlags))")
            lines.append("to try that again:     nightjar run … --retry-failed")
        }
        if !those(.filtered).isEmpty {
            lines.append("what came back blank:  \(command(those(.filtered), .filtered, stateFlags))")
        }
        let unknown = batches.reduce(0) { $0 + $1.count(.unknown) }
        if unknown > 0 {
            lines.append("what is held:          \(command(those(.unknown), .unknown, stateFlags))")
            lines.append("why one is held:       nightjar why KEY\(stateFlags)")
            lines.append(
                unknown == 1
                    ? "  1 unknown job may have been billed; it is held, not submitted again"
                    : "  \(unknown) unknown jobs may have been billed; they are held, not submitted again")
        }
        if batches.contains(where: { $0.running + $0.count(.pending, .waiting) > 0 }) {
            let needs = needs.map { $0.hasPrefix("nightjar ") ? "`\($0)\(stateFlags)`" : $0 }
            let change =
                needs.isEmpty ? "the same command again" : "\(needs.joined(separator: ", ")), then the same command"
            lines.append("to go on:              \(Cells.plain(change)); nothing is paid for twice")
        }
        return lines
    }

    /// For one batch its name, for several the command that shows all.
    private static func command(_ batches: [BatchProgress], _ state: JobState, _ stateFlags: String) -> String {
        let name = batches.count == 1 ? batches.first.map { " \($0.batch)" } : nil
        return "nightjar jobs\(name ?? "") --only \(state.rawValue)\(stateFlags)"
    }
}
