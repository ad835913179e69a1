/// What a clock on some wall shows, without saying where: milliseconds since 1970-01-01 00:00 on that clock.
package struct LocalTime: Hashable, Sendable, Comparable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// - Returns: `nil` where the calendar has no such day, or the day no such time.
    package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
            (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        // A civil date to days: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2014.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        milliseconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package static func < (left: LocalTime, right: LocalTime) -> Bool { left.milliseconds < right.milliseconds }

    package static let millisecondsPerDay: Int64 = 86_400_000

    /// Days since 1970-01-01, rounded down.
    package var day: Int64 {
        let remainder = milliseconds % Self.millisecondsPerDay
        return (milliseconds - remainder) / Self.millisecondsPerDay - (remainder < 0 ? 1 : 0)
    }

    /// Minutes after midnight, 0…1439.
    package var minute: Int { Int((milliseconds - day * Self.millisecondsPerDay) / 60_000) }

    /// `2026-11-28`.
    package var dateText: String { String(rfc3339.prefix(10)) }

    /// `22:00`, with seconds where there are any.
    package var timeText: String {
        let time = rfc3339.dropFirst(11).prefix(8)
        return String(time.hasSuffix(":00") ? time.prefix(5) : time)
    }

    private var rfc3339: String { WallTime(milliseconds: milliseconds).rfc3339 }
}

/// A moment as people write it.
package enum WrittenTime: Equatable, Sendable {
    /// With its offset: `2026-11-28T22:00:00+01:00`.
    case moment(WallTime)
    /// `2026-11-28 22:00`, on the clock of some time zone.
    case local(LocalTime)
    /// `2026-11-28`: its first moment.
    case date(LocalTime)

    package enum ReadingError: Error, Equatable, Sendable {
        case form
        /// Well formed, but the calendar has no such day, or the day no such time.
        case value
    }

    /// Reads an RFC 3339 time, a local time with `T` or a space, with or without seconds, or a date.
    package init(text: String) throws(ReadingError) {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.takes("-"), let month = scanner.number(2), scanner.takes("-"),
            let day = scanner.number(2)
        else { throw .form }
        if scanner.isAtEnd {
            guard let date = LocalTime(year: year, month: month, day: day) else { throw .value }
            self = .date(date)
            return
        }
        guard scanner.takes("Tt "), let hour = scanner.number(2), scanner.takes(":"), let minute = scanner.number(2)
        else { throw .form }
        var second = 0
        var milliseconds: Int64 = 0
        if scanner.takes(":") {
            guard let value = scanner.number(2) else { throw .form }
            second = value
            if scanner.takes(".") {
                guard let fraction = scanner.milliseconds() else { throw .form }
                milliseconds = fraction
            }
        }
        var offset: Int64?
        if !scanner.isAtEnd {
            guard let minutes = try scanner.offset() else { throw .form }
            offset = minutes
        }
        guard scanner.isAtEnd else { throw .form }
        guard
            var time = LocalTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { throw .value }
        time.milliseconds += milliseconds
        if let offset {
            self = .moment(WallTime(milliseconds: time.milliseconds - offset * 60_000))
        } else {
            self = .local(time)
        }
    }
}

private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// A number of exactly so many digits.
    mutating func number(_ digits: Int) -> Int? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest = rest.dropFirst(digits)
        return text.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// One of these characters.
    mutating func takes(_ characters: String) -> Bool {
        guard let first = rest.first, characters.utf8.contains(first) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// A fraction of a second; what is finer is dropped.
    mutating func milliseconds() -> Int64? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        let padded = Array(digits.prefix(3)) + Array(repeating: 48, count: max(0, 3 - digits.count))
        return padded.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// `Z` or `+01:00`, in minutes.
    mutating func offset() throws(WrittenTime.ReadingError) -> Int64? {
        if takes("Zz") { return 0 }
        let isNegative = rest.first == UInt8(ascii: "-")
        guard takes("+-"), let hours = number(2), takes(":"), let minutes = number(2) else { return nil }
        guard hours < 24, minutes < 60 else { throw .value }
        return Int64(isNegative ? -(hours * 60 + minutes) : hours * 60 + minutes)
    }
}
