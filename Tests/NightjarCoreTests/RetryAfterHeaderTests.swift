import Foundation
import NightjarCore
import Testing

struct RetryAfterHeaderTests {
    /// Tue, 24 Nov 2026 12:00:00 GMT.
    private let now = Date(timeIntervalSince1970: 1_795_521_600)

    @Test(arguments: [
        ("1", Duration.seconds(1)), ("120", .seconds(120)), (" 5 ", .seconds(5)), ("0.5", .milliseconds(500)),
        ("0.0001", .milliseconds(1)), ("1.2345", .milliseconds(1235)), ("3600", .seconds(3600)),
        ("3601", .seconds(3600)), ("99999999999999999999", .seconds(3600)),
        (String(repeating: "9", count: 400), .seconds(3600)),
    ])
    func `seconds are read, at most an hour of them`(text: String, delay: Duration) {
        #expect(RetryAfterHeader.parse(text, date: nil, now: now).delay == delay)
    }

    private static let useless: [String?] = [
        nil, "", " ", "0", "0.0", "-1", "-0", "soon", "1s", "1,5", "1 2", "nan", "inf", "Infinity", "0x10", "1e3", "+",
        ".", "Tue, 24 Nov 2026", "2026-11-24T12:00:01Z", "Tue, 24 Nov 2026 12:00:01 CET",
        "Tue, 24 Foo 2026 12:00:01 GMT", "Tue, 31 Nov 2026 12:00:01 GMT", "Tue, 29 Feb 2100 12:00:01 GMT",
        "Tue, 24 Nov 2026 24:00:01 GMT", "Tue, 24 Nov 2026 11:59:59 GMT", "Tue, 24 Nov 2026 12:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ]

    @Test(arguments: useless)
    func `what says nothing usable is absent`(text: String?) {
        #expect(RetryAfterHeader.parse(text, date: nil, now: now).delay == nil)
    }

    private static let clocks: [(date: String?, delay: Duration?)] = [
        (nil, .seconds(90)),
        ("Tue, 24 Nov 2026 12:01:00 GMT", .seconds(30)),  // the server's clock is a minute ahead of ours
        ("Tue, 24 Nov 2026 11:00:00 GMT", .seconds(3600)),
        ("yesterday", .seconds(90)),
        ("Tue, 24 Nov 2026 12:02:00 GMT", nil),
    ]

    @Test(arguments: clocks)
    func `a date is measured against the reply's own clock, if it says one`(date: String?, delay: Duration?) {
        let header = RetryAfterHeader.parse("Tue, 24 Nov 2026 12:01:30 GMT", date: date, now: now)
        #expect(header.delay == delay)
    }
}
