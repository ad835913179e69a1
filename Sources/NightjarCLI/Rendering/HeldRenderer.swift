import NightjarCore

/// Why jobs are held, reason by reason, and how to learn more.
struct HeldRenderer {
    let advice: CommandAdvice
    let width: Int?
    let style: TerminalStyle

    /// - Returns: No lines where nothing is held.
    func lines(_ batches: [BatchSummary]) -> [String] {
        let holding = batches.filter { !$0.held.isEmpty }
        guard !holding.isEmpty else { return [] }
        var sheet = FactSheet()
        for batch in holding {
            let reasons = batch.held.sorted { ($1.value.jobs, $0.key) < ($0.value.jobs, $1.key) }
            sheet.add(
                "held in \(style.plain(batch.settings.name))",
                reasons.map { reason, jobs in
                    .text("\(jobs.jobs) \(style.plain(reason)): \(style.plain(jobs.example))", .warning)
                })
        }
        let name = holding.count == 1 ? holding.first.map { [ShellWord.quoted($0.settings.name)] } ?? [] : []
        sheet.add(
            "which they are", .whole(advice.command((["jobs"] + name + ["--only", "unknown"]).joined(separator: " "))))
        sheet.add("why one is held", .whole(advice.command("why", "KEY")))
        return [""] + sheet.lines(width: width, style: style)
    }
}
