/// An amount in the currency that the operator's prices are in, exact to a millionth.
package struct Money: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package var micros: Int64

    package static let zero = Money(micros: 0)

    package init(micros: Int64) {
        self.micros = micros
    }

    /// Reads a decimal number such as `20`, `20.00` or `0.0035`.
    /// - Returns: `nil` when `text` is not one, is negative, has more than six decimals or is over 10¹².
    package init?(_ text: String) {
        let parts = text.trimmed().split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = parts.first, (1...12).contains(whole.utf8.count) else {
            return nil
        }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...6).contains(fraction.utf8.count), (whole + fraction).utf8.allSatisfy({ (48...57).contains($0) }),
            let units = Int64(whole),
            let decimals = Int64(fraction + String(repeating: "0", count: 6 - fraction.utf8.count))
        else { return nil }
        micros = units * 1_000_000 + decimals
    }

    package var description: String {
        let digits = String(micros.magnitude % 1_000_000)
        var fraction = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        while fraction.utf8.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(micros < 0 ? "-" : "")\(micros.magnitude / 1_000_000).\(fraction)"
    }

    package static func < (left: Money, right: Money) -> Bool { left.micros < right.micros }
    // Prices come from a file: what does not fit is the largest amount there is, which is beyond every budget.
    package static func + (left: Money, right: Money) -> Money {
        let (sum, overflow) = left.micros.addingReportingOverflow(right.micros)
        return Money(micros: overflow ? (left.micros < 0 ? .min : .max) : sum)
    }
    package static func - (left: Money, right: Money) -> Money {
        let (difference, overflow) = left.micros.subtractingReportingOverflow(right.micros)
        return Money(micros: overflow ? (left.micros < 0 ? .min : .max) : difference)
    }
    package static func * (left: Money, count: Int) -> Money {
        let (product, overflow) = left.micros.multipliedReportingOverflow(by: Int64(count))
        return Money(micros: overflow ? ((left.micros < 0) == (count < 0) ? .max : .min) : product)
    }
    package static func += (left: inout Money, right: Money) { left = left + right }
    package static func -= (left: inout Money, right: Money) { left = left - right }
}
