import Foundation
import NightjarCore
import Testing

@Suite struct ScheduleTests {
    typealias Schedule = BatchSettings.Schedule

    private static func time(_ text: String) throws -> WallTime {
        guard case .moment(let moment) = try WrittenTime(text: text) else { throw WrittenTime.ReadingError.form }
        return moment
    }

    // MARK: Stored

    @Test func `a state written before there were schedules still decodes`() throws {
        let before = """
            {"name":"spring","pathTemplate":"${batch}/${index}.${ext}","sidecars":["json"],"limits":{},\
            "retry":{"attempts":3,"jobTimeout":[0,7200]}}
            """
        let encoded = try JSONEncoder().encode(BatchSettings(name: "spring"))
        #expect(!String(decoding: encoded, as: UTF8.self).contains("schedule"))
        var stored = try #require(JSONSerialization.jsonObject(with: Data(before.utf8)) as? [String: Any])
        // Durations as this release writes them.
        let known = try #require(JSONSerialization.jsonObject(with: encoded) as? [String: Any])
        stored["retry"] = known["retry"]
        let data = try JSONSerialization.data(withJSONObject: stored)
        #expect(try JSONDecoder().decode(BatchSettings.self, from: data).schedule == nil)
    }

    @Test func `a schedule survives being stored`() throws {
        let schedule = Schedule(
            window: try .init(text: "22:00-07:00"), timeZone: "Europe/Paris", notBefore: WallTime(milliseconds: 1),
            deadline: WallTime(milliseconds: 2), priority: -3)
        let settings = BatchSettings(name: "spring", schedule: schedule)
        #expect(try JSONDecoder().decode(BatchSettings.self, from: JSONEncoder().encode(settings)) == settings)
    }

    // MARK: Read

    @Test(arguments: [
        ("22:00-07:00", 1320, 420), ("7:05-9:30", 425, 570), ("00:00-24:00", 0, 1440), (" 22:00 – 24:00 ", 1320, 1440),
        ("22:00-00:00", 1320, 0),
    ]) func `windows are read`(text: String, start: Int, end: Int) throws {
        let window = try Schedule.Window(text: text)
        #expect(window.start == start && window.end == end)
    }

    @Test(arguments: [
        ("", Schedule.Window.ReadingError.form), ("22:00", .form), ("22-07", .form), ("22:00-07:00-08:00", .form),
        ("22:0-07:00", .form), ("-1:00-07:00", .form), ("٢٢:00-07:00", .form), ("24:00-07:00", .time("24:00")),
        ("22:60-07:00", .time("22:60")), ("22:00-24:01", .time("24:01")), ("22:00-25:00", .time("25:00")),
        ("07:00-07:00", .equal),
    ]) func `what is no window is refused`(text: String, error: Schedule.Window.ReadingError) {
        #expect(throws: error) { try Schedule.Window(text: text) }
    }

    @Test(arguments: [
        ("2026-11-28T22:00:00Z", "2026-11-28T22:00:00.000Z"), ("2026-11-28t22:00:00.25z", "2026-11-28T22:00:00.250Z"),
        ("2026-11-28T22:00:00+01:00", "2026-11-28T21:00:00.000Z"),
        ("2026-11-28 22:00-09:30", "2026-11-29T07:30:00.000Z"), ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ]) func `moments are read`(text: String, utc: String) throws {
        #expect(try Self.time(text).rfc3339 == utc)
    }

    @Test func `local times and dates are read as such`() throws {
        let local = try #require(LocalTime(year: 2026, month: 11, day: 28, hour: 22))
        #expect(try WrittenTime(text: "2026-11-28 22:00") == .local(local))
        #expect(try WrittenTime(text: "2026-11-28T22:00:00") == .local(local))
        #expect(try WrittenTime(text: "2026-11-28") == .date(try #require(LocalTime(year: 2026, month: 11, day: 28))))
        #expect(local.dateText == "2026-11-28" && local.timeText == "22:00" && local.minute == 1320)
    }

    @Test(arguments: [
        ("tomorrow", WrittenTime.ReadingError.form), ("2026-11-28 22", .form), ("2026-11-28T22:00:00+1:00", .form),
        ("26-11-28", .form), ("2026-11-28T22:00:00Z ", .form), ("2026-02-29", .value), ("2026-13-01", .value),
        ("2026-11-28 24:00", .value), ("2026-11-28T22:00:60Z", .value), ("0000-01-01", .value),
        ("2026-11-28T22:00:00+25:00", .value),
    ]) func `what is no time is refused`(text: String, error: WrittenTime.ReadingError) {
        #expect(throws: error) { try WrittenTime(text: text) }
    }

    // MARK: Clocks

    @Test func `every name of the database is known, and what looks like one is not`() {
        #expect(LocalClock.hasDatabase)
        for name in LocalClock.names { #expect(LocalClock(named: name) != nil, "\(name)") }
        for name in ["", "PST", "GMT+2", "+02:00", "europe/paris", "Mars/Base", "Paris", "/", "../UTC"] {
            #expect(LocalClock(named: name) == nil, "\(name)")
        }
    }

    @Test func `a time that is skipped has no moment, and one that comes twice has two`() throws {
        let paris = try #require(LocalClock(named: "Europe/Paris"))
        let skipped = try #require(LocalTime(year: 2026, month: 3, day: 29, hour: 2, minute: 30))
        #expect(paris.moments(of: skipped) == [])
        #expect(paris.firstMoment(from: skipped).rfc3339 == "2026-03-29T01:00:00.000Z")
        let twice = try #require(LocalTime(year: 2026, month: 10, day: 25, hour: 2, minute: 30))
        #expect(paris.moments(of: twice).map(\.rfc3339) == ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"])
        // Cairo skips the first hour of a day.
        let cairo = try #require(LocalClock(named: "Africa/Cairo"))
        let day = try #require(LocalTime(year: 2026, month: 4, day: 24))
        #expect(cairo.firstMoment(from: day).rfc3339 == "2026-04-23T22:00:00.000Z")
        #expect(cairo.local(at: cairo.firstMoment(from: day)).timeText == "01:00")
    }

    @Test func `the machine's own zone has an offset and a name`() throws {
        let machine = try #require(LocalClock(named: nil))
        let now = WallTime.now
        #expect(abs(machine.offset(at: now)) < 86_400_000)
        #expect(!machine.zoneText(at: now).isEmpty)
        #expect(machine.moments(of: machine.local(at: now)).contains(now))
    }

    // MARK: Phases

    private static func timetable(
        window: String? = nil, notBefore: String? = nil, deadline: String? = nil
    ) throws -> Timetable {
        try #require(
            Timetable(
                Schedule(
                    window: try window.map { try .init(text: $0) }, timeZone: "Europe/Paris",
                    notBefore: try notBefore.map(time), deadline: try deadline.map(time))))
    }

    @Test func `nothing but a priority is open for ever`() throws {
        #expect(try Self.timetable().phase(at: WallTime(milliseconds: 0)) == .open(until: nil))
    }

    @Test func `a window, a beginning and a deadline work together`() throws {
        let table = try Self.timetable(
            window: "22:00-07:00", notBefore: "2026-11-28T12:00:00+01:00", deadline: "2026-11-30T06:00:00+01:00")
        func phase(_ text: String) throws -> Timetable.Phase { table.phase(at: try Self.time(text)) }
        let first = try Self.time("2026-11-28T22:00:00+01:00")
        // Its window is open in this night too, but it is too early.
        #expect(try phase("2026-11-28T03:00:00+01:00") == .closed(until: first))
        #expect(try phase("2026-11-28T15:00:00+01:00") == .closed(until: first))
        #expect(try phase("2026-11-28T22:00:00+01:00") == .open(until: try Self.time("2026-11-29T07:00:00+01:00")))
        #expect(try phase("2026-11-29T23:00:00+01:00") == .open(until: try Self.time("2026-11-30T06:00:00+01:00")))
        #expect(try phase("2026-11-30T06:00:00+01:00") == .over)
    }

    @Test func `a beginning within the window opens at that moment`() throws {
        let table = try Self.timetable(window: "22:00-07:00", notBefore: "2026-11-29T01:00:00+01:00")
        let beginning = try Self.time("2026-11-29T01:00:00+01:00")
        #expect(table.phase(at: try Self.time("2026-11-28T23:00:00+01:00")) == .closed(until: beginning))
    }

    @Test func `a window that does not open before the deadline is not waited for`() throws {
        let table = try Self.timetable(window: "22:00-07:00", deadline: "2026-11-28T20:00:00+01:00")
        #expect(table.phase(at: try Self.time("2026-11-28T08:00:00+01:00")) == .over)
        #expect(
            table.words(at: try Self.time("2026-11-28T08:00:00+01:00"))
                == "has no time left: its window does not open before its deadline, 20:00 Europe/Paris")
    }

    @Test func `words say why, and when it goes on, with the date where that is far`() throws {
        let table = try Self.timetable(
            window: "22:00-07:00", notBefore: "2026-11-28T12:00:00+01:00", deadline: "2026-12-24T20:00:00+01:00")
        func words(_ text: String) throws -> String? { table.words(at: try Self.time(text)) }
        #expect(
            try words("2026-11-20T23:00:00+01:00")
                == "waits for its `not_before`, begins 2026-11-28 22:00 Europe/Paris")
        #expect(try words("2026-11-29T12:00:00+01:00") == "waits for its window, opens 22:00 Europe/Paris")
        #expect(try words("2026-11-29T23:00:00+01:00") == nil)
        #expect(try words("2026-12-25T00:00:00+01:00") == "is past its deadline, 2026-12-24 20:00 Europe/Paris")
    }

    @Test func `an unknown time zone makes no timetable`() {
        #expect(Timetable(Schedule(timeZone: "Mars/Base")) == nil)
    }
}
