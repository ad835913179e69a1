/// The dates of HTTP (RFC 9110 §5.6.7), in all three forms.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// - Parameters:
    ///   - text: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`. The name
    ///     of the day is not checked.
    ///   - now: Unix seconds, to choose the century of a year of two digits: the latest that is not more than 50 years
    ///     ahead.
    /// - Returns: Unix seconds; `nil` for all else.
    package static func seconds(_ text: String, now: Int64) -> Int64? {
        let parts = text.split { " ,:".contains($0) }.map(String.init)
        switch parts.count {
        case 8 where parts[7] == "GMT":
            return seconds(parts[1], parts[2], number(parts[3]), parts[4...6])
        case 6 where parts[5] == "GMT":
            let date = parts[1].split(separator: "-").map(String.init)
            guard date.count == 3, date[2].utf8.count == 2, let year = number(date[2]) else { return nil }
            // 365.2425 days a year.
            let thisYear = 1970 + now / 31_556_952
            let latest = thisYear + 50
            return seconds(date[0], date[1], latest - (latest - year) % 100, parts[2...4])
        case 7:
            return seconds(parts[2], parts[1], number(parts[6]), parts[3...5])
        default: return nil
        }
    }

    private static func seconds(_ day: String, _ month: String, _ year: Int64?, _ time: ArraySlice<String>) -> Int64? {
        let numbers = ([day] + time).compactMap(number).map { Int(clamping: $0) }
        guard let month = months.firstIndex(of: month), let year, (1970...9999).contains(year), numbers.count == 4,
            numbers[3] <= 60,
            // A leap second counts as the one after it.
            let time = LocalTime(
                year: Int(year), month: month + 1, day: numbers[0], hour: numbers[1], minute: numbers[2],
                second: min(numbers[3], 59))
        else { return nil }
        return time.milliseconds / 1000 + (numbers[3] == 60 ? 1 : 0)
    }

    /// Digits only: `Int64` reads signs too.
    private static func number(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}
