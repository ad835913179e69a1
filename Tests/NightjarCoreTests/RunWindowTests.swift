import NightjarCore
import Testing

@Suite struct RunWindowTests {
    private static func window(_ text: String, _ zone: String) throws -> RunWindow {
        RunWindow(try BatchSettings.Schedule.Window(text: text), clock: try #require(LocalClock(named: zone)))
    }

    /// RFC 3339.
    private static func time(_ text: String) throws -> WallTime {
        guard case .moment(let moment) = try WrittenTime(text: text) else {
            throw WrittenTime.ReadingError.form
        }
        return moment
    }

    private static func text(_ time: WallTime?) -> String? {
        time.map { String($0.rfc3339.prefix(16)) + "Z" }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var zone: String
        var window: String
        var after: String
        /// Until when it is open at `after`; `nil`: it is closed.
        var closes: String?
        var opens: String?

        var testDescription: String { "\(window) \(zone) at \(after)" }
    }

    static let cases: [Case] = [
        // An ordinary day and night.
        Case(
            zone: "Europe/Paris", window: "09:00-17:00", after: "2026-11-28T12:00:00+01:00",
            closes: "2026-11-28T16:00Z", opens: "2026-11-29T08:00Z"),
        Case(
            zone: "Europe/Paris", window: "22:00-07:00", after: "2026-11-28T12:00:00+01:00",
            closes: nil, opens: "2026-11-28T21:00Z"),
        Case(
            zone: "Europe/Paris", window: "22:00-07:00", after: "2026-11-28T23:00:00+01:00",
            closes: "2026-11-29T06:00Z", opens: "2026-11-29T21:00Z"),
        Case(
            zone: "Europe/Paris", window: "22:00-07:00", after: "2026-11-29T03:00:00+01:00",
            closes: "2026-11-29T06:00Z", opens: "2026-11-29T21:00Z"),
        // The start is within, the end is not.
        Case(
            zone: "UTC", window: "22:00-07:00", after: "2026-11-28T22:00:00Z",
            closes: "2026-11-29T07:00Z", opens: "2026-11-29T22:00Z"),
        Case(
            zone: "UTC", window: "22:00-07:00", after: "2026-11-29T07:00:00Z",
            closes: nil, opens: "2026-11-29T22:00Z"),
        // Ends at midnight, in both spellings, and begins at it.
        Case(
            zone: "UTC", window: "20:00-24:00", after: "2026-12-31T21:00:00Z",
            closes: "2027-01-01T00:00Z", opens: "2027-01-01T20:00Z"),
        Case(
            zone: "UTC", window: "20:00-00:00", after: "2026-12-31T21:00:00Z",
            closes: "2027-01-01T00:00Z", opens: "2027-01-01T20:00Z"),
        Case(
            zone: "UTC", window: "00:00-06:00", after: "2028-02-28T12:00:00Z",
            closes: nil, opens: "2028-02-29T00:00Z"),
        // The clock is put forward at 02:00 (01:00 UTC): a night of eight hours instead of nine.
        Case(
            zone: "Europe/Paris", window: "22:00-07:00", after: "2026-03-28T22:00:00+01:00",
            closes: "2026-03-29T05:00Z", opens: "2026-03-29T20:00Z"),
        // The start is skipped: it opens at 03:00.
        Case(
            zone: "Europe/Paris", window: "02:30-05:00", after: "2026-03-29T00:00:00+01:00",
            closes: nil, opens: "2026-03-29T01:00Z"),
        // The end is skipped: it closes at 03:00.
        Case(
            zone: "Europe/Paris", window: "01:00-02:30", after: "2026-03-29T01:30:00+01:00",
            closes: "2026-03-29T01:00Z", opens: "2026-03-29T23:00Z"),
        // All of it is skipped: not on this day.
        Case(
            zone: "Europe/Paris", window: "02:10-02:50", after: "2026-03-28T12:00:00+01:00",
            closes: nil, opens: "2026-03-30T00:10Z"),
        // The clock is put back at 03:00 (01:00 UTC): a night of ten hours.
        Case(
            zone: "Europe/Paris", window: "22:00-07:00", after: "2026-10-24T22:00:00+02:00",
            closes: "2026-10-25T06:00Z", opens: "2026-10-25T21:00Z"),
        // What lies in the hour that comes twice is open both times.
        Case(
            zone: "Europe/Paris", window: "02:15-02:45", after: "2026-10-25T02:30:00+02:00",
            closes: "2026-10-25T00:45Z", opens: "2026-10-25T01:15Z"),
        Case(
            zone: "Europe/Paris", window: "02:15-02:45", after: "2026-10-25T02:30:00+01:00",
            closes: "2026-10-25T01:45Z", opens: "2026-10-26T01:15Z"),
        // It has closed at 02:30, and the clock comes back to 02:00.
        Case(
            zone: "Europe/Paris", window: "22:00-02:30", after: "2026-10-25T02:40:00+02:00",
            closes: nil, opens: "2026-10-25T01:00Z"),
        // New York: forward at 02:00 (07:00 UTC), back at 02:00 (06:00 UTC).
        Case(
            zone: "America/New_York", window: "02:30-06:00", after: "2026-03-08T01:00:00-05:00",
            closes: nil, opens: "2026-03-08T07:00Z"),
        Case(
            zone: "America/New_York", window: "23:00-06:00", after: "2026-03-07T23:30:00-05:00",
            closes: "2026-03-08T10:00Z", opens: "2026-03-09T03:00Z"),
        Case(
            zone: "America/New_York", window: "01:30-06:00", after: "2026-11-01T01:00:00-04:00",
            closes: nil, opens: "2026-11-01T05:30Z"),
        Case(
            zone: "America/New_York", window: "01:30-06:00", after: "2026-11-01T01:40:00-04:00",
            closes: "2026-11-01T06:00Z", opens: "2026-11-01T06:30Z"),
        // Lord Howe moves by half an hour: forward at 02:00 +10:30, back at 02:00 +11:00.
        Case(
            zone: "Australia/Lord_Howe", window: "02:15-06:00", after: "2026-10-04T01:00:00+10:30",
            closes: nil, opens: "2026-10-03T15:30Z"),
        Case(
            zone: "Australia/Lord_Howe", window: "22:00-01:45", after: "2026-04-05T01:40:00+11:00",
            closes: "2026-04-04T14:45Z", opens: "2026-04-04T15:00Z"),
        // Kathmandu never moves, and is a quarter of an hour off.
        Case(
            zone: "Asia/Kathmandu", window: "22:00-07:00", after: "2026-06-01T12:00:00+05:45",
            closes: nil, opens: "2026-06-01T16:15Z"),
    ]

    @Test(arguments: cases) func `it opens and closes by the clock on the wall`(_ example: Case) throws {
        let window = try Self.window(example.window, example.zone)
        let time = try Self.time(example.after)
        #expect(window.isOpen(at: time) == (example.closes != nil))
        if example.closes != nil { #expect(Self.text(window.closing(after: time)) == example.closes) }
        #expect(Self.text(window.nextOpening(after: time)) == example.opens)
    }

    @Test func `one that is open all day never changes`() throws {
        let window = try Self.window("00:00-24:00", "Europe/Paris")
        let time = try Self.time("2026-03-28T12:00:00Z")
        #expect(window.isOpen(at: time))
        #expect(window.closing(after: time) == nil)
        #expect(window.nextOpening(after: time) == nil)
    }

    /// What is open can be told from its changes alone, minute by minute across a change of the clock.
    @Test(arguments: [
        ("Europe/Paris", "2026-03-28T12:00:00Z"), ("Europe/Paris", "2026-10-24T12:00:00Z"),
        ("America/New_York", "2026-03-07T12:00:00Z"), ("America/New_York", "2026-10-31T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"), ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
        ("Asia/Kathmandu", "2026-03-28T12:00:00Z"),
    ]) func `changes and openness agree`(zone: String, start: String) throws {
        for text in ["22:00-07:00", "02:30-03:30", "01:30-02:15", "02:05-02:20", "00:00-24:00", "03:00-02:00"] {
            let window = try Self.window(text, zone)
            var time = try Self.time(start)
            let end = time + .seconds(2 * 86_400)
            var isOpen = window.isOpen(at: time)
            var change = isOpen ? window.closing(after: time) : window.nextOpening(after: time)
            while time < end {
                time = time + .seconds(60)
                if let known = change, known <= time {
                    isOpen.toggle()
                    change = isOpen ? window.closing(after: known) : window.nextOpening(after: known)
                }
                #expect(window.isOpen(at: time) == isOpen, "\(text) at \(time.rfc3339)")
            }
        }
    }
}
