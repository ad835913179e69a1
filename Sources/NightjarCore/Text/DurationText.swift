extension Duration {
    /// Reads `30s`, `5m`, `8h`, `2d`, `250ms` and sums such as `1h30m`; a bare number is seconds.
    /// - Returns: `nil` when `text` is none of these, is negative, or has a part or a sum beyond 10⁹ days.
    package init?(text: String) {
        let longest: Duration = .seconds(86400 * 1_000_000_000)
        var total: Duration = .zero
        var rest = text.trimmed()[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), value <= 1e9, let scale = Self.secondsPerUnit[String(unit)] else {
                return nil
            }
            // A bare number stands alone: `1h30` could mean minutes.
            if unit.isEmpty, number.count != text.trimmed().count { return nil }
            total += .milliseconds(Int64((value * scale * 1000).rounded()))
            if total > longest { return nil }
        }
        self = total
    }

    private static let secondsPerUnit: [String: Double] = [
        "": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400,
    ]

    /// Whole milliseconds, rounded towards zero.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// At most two units, as people say it: `45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`.
    package var spoken: String {
        let seconds = Int64(inSeconds.rounded())
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
        case ..<86400: return "\(seconds / 3600) h \(seconds / 60 % 60 < 10 ? "0" : "")\(seconds / 60 % 60) min"
        default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }
}
