import NightjarCore

extension Duration {
    /// At most seven cells: `45s`, `4m 32s`, `2h 05m`, `3d 04h`, `>99d`.
    var compact: String {
        let seconds = Int64(min(max(0, inSeconds.rounded(.up)), 1e15))
        func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
            "\(large)\(largeUnit) \(small < 10 ? "0" : "")\(small)\(smallUnit)"
        }
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return pair(seconds / 60, "m", seconds % 60, "s")
        case ..<86400: return pair(seconds / 3600, "h", seconds / 60 % 60, "m")
        case ..<8_640_000: return pair(seconds / 86400, "d", seconds / 3600 % 24, "h")
        default: return ">99d"
        }
    }
}

/// Images a second in the unit that reads best, at most seven cells: `1.4/s`, `12/min`, `20/h`.
func spoken(imagesPerSecond rate: Double) -> String {
    guard rate.isFinite, rate > 0 else { return "0/s" }
    let (value, unit) = rate >= 1 ? (rate, "s") : rate * 60 >= 1 ? (rate * 60, "min") : (rate * 3600, "h")
    guard value < 9999 else { return ">9999/s" }
    let tenths = Int((value * 10).rounded())
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10)/\(unit)" : "\(Int(value.rounded()))/\(unit)"
}
