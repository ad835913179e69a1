import Foundation
import NightjarCore
import Testing

struct HTTPDateTests {
    /// Tue, 24 Nov 2026 12:00:00 GMT.
    private let now: Int64 = 1_795_521_600

    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Int64(0)), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799), ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
        ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000), ("Sun, 28 Feb 2100 00:00:00 GMT", 4_107_456_000),
        ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_600), ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
    ])
    func `HTTP dates are read`(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text, now: now) == seconds)
    }

    @Test func `HTTP dates agree with the calendar`() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for seconds in stride(from: Int64(0), to: 5_000_000_000, by: 86_400 * 13 + 3671) {
            let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(HTTPDate.seconds(text, now: now) == seconds, "\(text)")
        }
    }

    @Test(arguments: [
        ("Sunday, 06-Nov-94 08:49:37 GMT", Int64(784_111_777)), ("Tuesday, 24-Nov-26 12:00:00 GMT", 1_795_521_600),
        ("Thursday, 29-Feb-24 12:00:00 GMT", 1_709_208_000), ("Friday, 31-Dec-76 00:00:00 GMT", 3_376_598_400),
        ("Saturday, 31-Dec-77 00:00:00 GMT", 252_374_400), ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Tue Nov 24 12:00:00 2026", 1_795_521_600),
    ])
    func `the obsolete forms are read`(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text, now: now) == seconds)
    }

    @Test(arguments: [
        "", "GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37", "Sunday, 06-Nov-94 08:49:37 CET",
        "Sun Nov 6 08:49 1994", "Sun Nov 31 08:49:37 2026", "Sun Foo  6 08:49:37 1994", "Sun Nov  6 24:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
        "2026-11-24T12:00:00Z", "1795521600", "Sunday, 06-Nov--4 08:49:37 GMT",
    ])
    func `what is no date of HTTP is none`(text: String) {
        #expect(HTTPDate.seconds(text, now: now) == nil)
    }
}
