import NightjarCore

extension ScheduleWait {
    func text(at now: WallTime) -> String {
        words + (until.map { " (in \(($0 - now).spoken))" } ?? "")
    }

    /// - Returns: No lines where no batch waits for its time.
    static func lines(
        _ batches: [BatchSummary], at now: WallTime, width: Int?, style: TerminalStyle
    ) -> [String] {
        var sheet = FactSheet()
        var isEmpty = true
        for batch in batches {
            guard let wait = ScheduleWait(batch, at: now) else { continue }
            isEmpty = false
            sheet.add(style.plain(batch.settings.name), .text(style.plain(wait.text(at: now))))
        }
        return isEmpty ? [] : [""] + sheet.lines(width: width, style: style)
    }
}
