/// A number of bytes, as people write it.
package struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    package var bytes: Int64

    package init(bytes: Int64) {
        self.bytes = bytes
    }

    /// Reads `0`, `65536`, `64MiB`, `1GiB`, `500MB`.
    /// - Returns: `nil` when `text` is none of these, or more than 2⁵³.
    package init?(_ text: String) {
        let text = text.trimmed()
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), let unit = Self.units[text.dropFirst(digits.count).trimmed().lowercased()],
            number * unit <= 9_007_199_254_740_992
        else { return nil }
        bytes = Int64(number * unit)
    }

    private static let units: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "k": 1024, "m": 1_048_576, "g": 1_073_741_824,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    package var description: String {
        let names = ["KiB", "MiB", "GiB", "TiB"]
        guard bytes >= 1024 else { return "\(bytes) B" }
        var value = Double(bytes) / 1024
        var unit = 0
        // What would be rounded to 1024 is 1 of the next unit.
        while value >= 1023.5, unit < names.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 || tenths >= 1000
            ? "\(Int(value.rounded())) \(names[unit])" : "\(tenths / 10).\(tenths % 10) \(names[unit])"
    }
}
