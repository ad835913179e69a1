internal import FoundationEssentials
// Without it `TimeZone` knows GMT alone. It brings the tz database along, so that no machine has to have one.
internal import FoundationInternationalization
internal import Glibc

/// The clock on the wall in one time zone.
package struct LocalClock: Sendable {
    /// As it was given; `nil`: the machine's time zone.
    package let name: String?
    private let zone: TimeZone?

    /// - Parameter name: Of the tz database; `nil`: the machine's time zone, as `date` shows it.
    /// - Returns: `nil` where the database has no such name; abbreviations such as `PST` and offsets are none.
    package init?(named name: String?) {
        self.name = name
        guard let name else {
            zone = nil
            return
        }
        guard name.contains("/") || Self.namesWithoutPlace.contains(name), let zone = TimeZone(identifier: name) else {
            return nil
        }
        self.zone = zone
    }

    /// The names of places, without old ones that stand for others; empty where there is no database at all.
    package static var names: [String] { TimeZone.knownTimeZoneIdentifiers + ["UTC"] }

    /// Whether time zones can be told at all.
    package static var hasDatabase: Bool { !TimeZone.knownTimeZoneIdentifiers.isEmpty }

    /// What the tz database has besides `Area/Place`.
    private static let namesWithoutPlace: Set<String> = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GB-Eire", "GMT", "Greenwich", "HST",
        "Hongkong", "Iceland", "Iran", "Israel", "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT",
        "NZ", "NZ-CHAT", "Navajo", "PRC", "PST8PDT", "Poland", "Portugal", "ROC", "ROK", "Singapore", "Turkey", "UCT",
        "UTC", "Universal", "W-SU", "WET", "Zulu",
    ]

    // MARK: From moments to what the clock shows

    /// How far the clock is ahead of UTC, in milliseconds.
    package func offset(at time: WallTime) -> Int64 {
        if let zone {
            // Whole seconds: a fraction before 1970 must not be rounded towards it.
            let seconds = Self.seconds(of: time)
            return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))) * 1000
        }
        return Int64(Self.machineTime(time).tm_gmtoff) * 1000
    }

    private static func seconds(of time: WallTime) -> Int64 {
        let remainder = time.milliseconds % 1000
        return (time.milliseconds - remainder) / 1000 - (remainder < 0 ? 1 : 0)
    }

    private static func machineTime(_ time: WallTime) -> tm {
        var seconds = time_t(seconds(of: time))
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts
    }

    package func local(at time: WallTime) -> LocalTime {
        LocalTime(milliseconds: time.milliseconds + offset(at: time))
    }

    /// `Europe/Paris`, or what the machine calls its own zone at this time, such as `CET`.
    package func zoneText(at time: WallTime) -> String {
        if let name { return name }
        let parts = Self.machineTime(time)
        return parts.tm_zone.map { String(cString: $0) } ?? "local time"
    }

    /// `22:00 Europe/Paris`; with the date where it is not within a day from `now`.
    package func text(_ time: WallTime, from now: WallTime) -> String {
        let local = local(at: time)
        let isSoon = time >= now && time - now < .seconds(86_400)
        return "\(isSoon ? "" : local.dateText + " ")\(local.timeText) \(zoneText(at: time))"
    }

    // MARK: From what the clock shows to moments

    /// The moments at which it shows this time: none where the clock was put forward past it, two where it was put back.
    package func moments(of local: LocalTime) -> [WallTime] {
        // No offset is larger than a day, and no zone changes twice within two.
        let around = [-86_400_000, 86_400_000].map { offset(at: WallTime(milliseconds: local.milliseconds + $0)) }
        return Set(around).map { WallTime(milliseconds: local.milliseconds - $0) }
            .filter { self.local(at: $0) == local }.sorted()
    }

    /// The first moment at which it shows this time or, where it skips that, a later one.
    package func firstMoment(from local: LocalTime) -> WallTime {
        if let first = moments(of: local).first { return first }
        let from = WallTime(milliseconds: local.milliseconds - 86_400_000)
        return steady(from: from, upTo: from + .seconds(3 * 86_400)).until
    }

    /// - Returns: The offset at `start`, and until when it stays so: `end` at most.
    package func steady(from start: WallTime, upTo end: WallTime) -> (offset: Int64, until: WallTime) {
        let offset = offset(at: start)
        var known = start
        while known < end {
            let next = min(known + Self.step, end)
            if self.offset(at: next) != offset {
                var (same, other) = (known.milliseconds, next.milliseconds)
                while other - same > 1 {
                    let middle = same + (other - same) / 2
                    if self.offset(at: WallTime(milliseconds: middle)) == offset {
                        same = middle
                    } else {
                        other = middle
                    }
                }
                return (offset, WallTime(milliseconds: other))
            }
            known = next
        }
        return (offset, end)
    }

    /// No zone changes its offset twice within this.
    private static let step: Duration = .seconds(6 * 3600)
}
