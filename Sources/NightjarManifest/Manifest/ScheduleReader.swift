import NightjarCore
import YAMLStream

/// Reads `schedule`: when a batch submits its jobs.
enum ScheduleReader {
    /// What is wrong has been reported, and is as if it were not there.
    /// - Returns: `nil` where it is no mapping.
    static func schedule(_ node: YAMLNode, sink: DiagnosticSink) -> BatchSettings.Schedule? {
        guard let reader = MappingReader(node, place: "`schedule`", sink: sink) else { return nil }
        reader.checkKeys(Schema.schedule, allowsExtensions: true)
        var schedule = BatchSettings.Schedule()
        schedule.window = window(reader)
        let clock = reader.clock("timezone", code: "schedule")
        schedule.timeZone = clock?.name
        schedule.notBefore = time("not_before", reader, clock, atEnd: false)
        schedule.deadline = time("deadline", reader, clock, atEnd: true)
        schedule.priority = reader.integer("priority", in: BatchSettings.Schedule.priorities) ?? 0
        checkOrder(schedule, reader)
        return schedule
    }

    // MARK: Window

    private static let windowForm = "hours of the day such as `22:00-07:00`"

    private static func window(_ reader: MappingReader) -> BatchSettings.Schedule.Window? {
        guard let (text, node) = reader.scalar("window", expected: windowForm) else { return nil }
        do throws(BatchSettings.Schedule.Window.ReadingError) {
            return try BatchSettings.Schedule.Window(text: text)
        } catch {
            switch error {
            case .form:
                reader.sink.report(
                    "type", "`window` must be \(windowForm), got \(node.described)", at: node,
                    hint: "write `window: \"22:00-07:00\"`, say; it may run across midnight")
            case .time(let time):
                reader.sink.report(
                    "schedule", "no day has the time \(DisplayText.quoted(time))", at: node,
                    hint: "times are 00:00 to 23:59; a window may end at 24:00")
            case .equal:
                reader.sink.report(
                    "schedule", "the window \(DisplayText.quoted(text)) begins and ends at the same time", at: node,
                    hint: "leave `window` away to submit at any time of the day")
            }
        }
        return nil
    }

    // MARK: Moments

    private static let timeForm = "a time such as `2026-11-28 22:00` or `2026-11-28T22:00:00+01:00`, or a date"

    /// - Parameters:
    ///   - clock: That a local time is read on; `nil` where its time zone is wrong.
    ///   - atEnd: Whether a date means its end.
    private static func time(
        _ key: String, _ reader: MappingReader, _ clock: LocalClock?, atEnd: Bool
    ) -> WallTime? {
        guard let (text, node) = reader.scalar(key, expected: timeForm) else { return nil }
        let written: WrittenTime
        do throws(WrittenTime.ReadingError) {
            written = try WrittenTime(text: text.trimmed())
        } catch {
            switch error {
            case .form:
                reader.sink.report(
                    "type", "`\(key)` must be \(timeForm), got \(node.described)", at: node,
                    hint: "write `\(key): 2026-11-28 22:00`, say")
            case .value:
                reader.sink.report("schedule", "there is no such time as \(DisplayText.quoted(text))", at: node)
            }
            return nil
        }
        switch written {
        case .moment(let moment): return moment
        case .date(let day):
            let end = LocalTime(milliseconds: day.milliseconds + LocalTime.millisecondsPerDay)
            return clock?.firstMoment(from: atEnd ? end : day)
        case .local(let local): return clock.flatMap { moment(local, on: $0, key, node, reader.sink) }
        }
    }

    private static func moment(
        _ local: LocalTime, on clock: LocalClock, _ key: String, _ node: YAMLNode, _ sink: DiagnosticSink
    ) -> WallTime? {
        let moments = clock.moments(of: local)
        if moments.count == 1 { return moments.first }
        let shown = "\(local.dateText) \(local.timeText)"
        guard let first = moments.first, let second = moments.last else {
            let next = clock.firstMoment(from: local)
            let zone = clock.zoneText(at: next)
            let shownNext = clock.local(at: next)
            sink.report(
                "schedule", "`\(shown)` does not exist in \(zone): the clock is put forward past it", at: node,
                hint: "it goes on at \(shownNext.timeText): write `\(key): \(shownNext.dateText) \(shownNext.timeText)`"
            )
            return nil
        }
        let choices = [first, second].map { moment in
            "`\(local.dateText)T\(local.timeText)\(local.timeText.utf8.count == 5 ? ":00" : "")\(offsetText(clock, moment))`"
        }
        sink.report(
            "schedule", "`\(shown)` comes twice in \(clock.zoneText(at: first)): the clock is put back", at: node,
            hint: "say which: \(choices.joined(separator: " is the first, ")) the second")
        return nil
    }

    /// `+01:00`.
    private static func offsetText(_ clock: LocalClock, _ moment: WallTime) -> String {
        let minutes = clock.offset(at: moment) / 60_000
        let size = abs(minutes)
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(minutes < 0 ? "-" : "+")\(padded(size / 60)):\(padded(size % 60))"
    }

    private static func checkOrder(_ schedule: BatchSettings.Schedule, _ reader: MappingReader) {
        guard let notBefore = schedule.notBefore, let deadline = schedule.deadline,
            let node = reader.value("deadline"), let begin = reader.value("not_before")
        else { return }
        if deadline <= notBefore {
            return reader.sink.report(
                "schedule", "`deadline` is not later than `not_before`: nothing could be submitted", at: node,
                hint: "give a later `deadline`, or leave one of the two away",
                notes: [("`not_before` is here", begin.start)])
        }
        // Before both, so that it does not depend on when the manifest is read.
        guard let timetable = Timetable(schedule), case .over = timetable.phase(at: notBefore) else { return }
        reader.sink.report(
            "schedule", "the window does not open between `not_before` and `deadline`: nothing could be submitted",
            at: node, hint: "the window is \(schedule.window?.text ?? ""); give a later `deadline`",
            notes: [("`not_before` is here", begin.start)])
    }
}
