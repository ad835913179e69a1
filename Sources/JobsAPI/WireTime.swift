/// Times as servers write them.
package enum WireTime {
    /// - Parameter number: Unix seconds or milliseconds; from 10¹¹ on it is taken for the latter (as seconds: the year 5138).
    /// - Returns: Unix seconds; `nil` when `number` is not finite.
    static func seconds(_ number: Double) -> Double? {
        guard number.isFinite else { return nil }
        return number > 1e11 ? number / 1000 : number
    }

    /// - Parameter text: RFC 3339, such as `2026-03-01T02:04:05.678Z` or with `+02:00`. Without an offset it is no moment.
    /// - Returns: Unix seconds.
    package static func seconds(rfc3339 text: String) -> Double? {
        let bytes = Array(text.utf8)
        func digits(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return Int64(String(decoding: bytes[range], as: UTF8.self))
        }
        func holds(_ characters: String, at index: Int) -> Bool {
            index < bytes.count && characters.utf8.contains(bytes[index])
        }
        guard let year = digits(0..<4), holds("-", at: 4), let month = digits(5..<7), holds("-", at: 7),
            let day = digits(8..<10), holds("Tt ", at: 10), let hour = digits(11..<13), holds(":", at: 13),
            let minute = digits(14..<16), holds(":", at: 16), let second = digits(17..<19),
            let whole = seconds(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        var index = 19
        var fraction = 0.0
        if holds(".", at: index) {
            let end = bytes[(index + 1)...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.endIndex
            guard end > index + 1, let value = Double("0" + String(decoding: bytes[index..<end], as: UTF8.self)) else {
                return nil
            }
            fraction = value
            index = end
        }
        if holds("Zz", at: index), index + 1 == bytes.count { return Double(whole) + fraction }
        guard holds("+-", at: index), index + 6 == bytes.count, let hours = digits(index + 1..<index + 3), hours < 24,
            holds(":", at: index + 3), let minutes = digits(index + 4..<index + 6), minutes < 60
        else { return nil }
        let offset = (hours * 3600 + minutes * 60) * (holds("-", at: index) ? -1 : 1)
        return Double(whole - offset) + fraction
    }

    /// Unix seconds of a moment in UTC; a leap second (60) counts as the one after it.
    /// - Returns: `nil` for what is not in the calendar, and before 1970.
    package static func seconds(
        year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64
    ) -> Int64? {
        guard (1970...9999).contains(year), (1...12).contains(month),
            (1...lengthOfMonth(month, year: year)).contains(day), (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        return daysFromCivil(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func lengthOfMonth(_ month: Int64, year: Int64) -> Int64 {
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
