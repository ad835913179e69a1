internal import FoundationEssentials
internal import NightjarCore

/// Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or an HTTP date measured against the reply's own `Date`.
enum RetryAfterHeader {
    static func parse(_ value: String?, date: String?, now: Date = Date()) -> RetryAfter {
        guard let value = value?.trimmed(), !value.isEmpty else { return RetryAfter(nil) }
        // `Double` reads `0x10`, `1e3` and `inf` too; a number too large for it becomes infinite, so an hour.
        if let seconds = Double(value), value.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) {
            return RetryAfter(.milliseconds(Int64((min(seconds, 86_400) * 1000).rounded(.up))))
        }
        guard let until = httpDate(value) else { return RetryAfter(nil) }
        let reference = date.flatMap(httpDate) ?? Int64(now.timeIntervalSince1970)
        return RetryAfter(.seconds(until - reference))
    }

    /// Unix seconds of an IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT`; `nil` for all else.
    static func httpDate(_ text: String) -> Int64? {
        let parts = text.split { $0 == " " || $0 == ":" || $0 == "," }.map(String.init)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: parts[2]) else { return nil }
        let numbers = [1, 3, 4, 5, 6].compactMap { Int64(parts[$0]) }
        guard numbers.count == 5, (1970...9999).contains(numbers[1]),
            (1...daysOf(month: month + 1, year: numbers[1])).contains(numbers[0]),
            (0...23).contains(numbers[2]), (0...59).contains(numbers[3]), (0...60).contains(numbers[4])
        else { return nil }
        return daysFromCivil(year: numbers[1], month: Int64(month + 1), day: numbers[0]) * 86_400
            + numbers[2] * 3600 + numbers[3] * 60 + numbers[4]
    }

    private static func daysOf(month: Int, year: Int64) -> Int64 {
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        switch month {
        case 2: return isLeapYear ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    /// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2014; years from 1970 on.
    private static func daysFromCivil(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
