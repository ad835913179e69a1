import NightjarCore

/// What a batch waits for by its own schedule, as its stored settings tell.
struct ScheduleWait: Equatable {
    /// Said of the batch: `waits for its window, opens 22:00 Europe/Paris`.
    var words: String
    /// `nil` where its time is over.
    var until: WallTime?

    /// - Returns: `nil` where nothing is left to submit, or it may be submitted now.
    init?(_ batch: BatchSummary, at now: WallTime) {
        guard batch.count(.pending, .waiting) > 0, let schedule = batch.settings.schedule,
            let timetable = Timetable(schedule), let words = timetable.words(at: now)
        else { return nil }
        self.words = words
        if case .closed(let until) = timetable.phase(at: now) { self.until = until }
    }

    /// `{"reason","until"}`.
    var json: JSONWriter {
        var line = JSONWriter()
        line.add("reason", words)
        line.add("until", until)
        return line
    }
}
