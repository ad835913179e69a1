package import FoundationEssentials

/// Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or an HTTP date measured against the reply's own `Date`.
package enum RetryAfterHeader {
    package static func parse(_ value: String?, date: String?, now: Date = Date()) -> RetryAfter {
        guard let value = value?.trimmed(), !value.isEmpty else { return RetryAfter(nil) }
        // `Double` reads `0x10`, `1e3` and `inf` too; a number too large for it becomes infinite, so an hour.
        if let seconds = Double(value), value.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) {
            return RetryAfter(.milliseconds(Int64((min(seconds, 86_400) * 1000).rounded(.up))))
        }
        let clock = Int64(now.timeIntervalSince1970)
        guard let until = HTTPDate.seconds(value, now: clock) else { return RetryAfter(nil) }
        let reference = date.flatMap { HTTPDate.seconds($0, now: clock) } ?? clock
        return RetryAfter(.seconds(until - reference))
    }
}
