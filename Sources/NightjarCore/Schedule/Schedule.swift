extension BatchSettings {
    /// When a batch submits jobs; what is at the API is seen home at any time.
    package struct Schedule: Hashable, Sendable, Codable {
        /// Hours of each day.
        package var window: Window?
        /// Of the tz database, such as `Europe/Paris`; `nil`: the machine's time zone.
        package var timeZone: String?
        /// Nothing is submitted before.
        package var notBefore: WallTime?
        /// Nothing is submitted from then on.
        package var deadline: WallTime?
        /// −1000…1000; of the batches of one run, the higher goes first.
        package var priority: Int

        package init(
            window: Window? = nil, timeZone: String? = nil, notBefore: WallTime? = nil, deadline: WallTime? = nil,
            priority: Int = 0
        ) {
            self.window = window
            self.timeZone = timeZone
            self.notBefore = notBefore
            self.deadline = deadline
            self.priority = priority
        }

        package static let priorities = -1000...1000
    }
}

extension BatchSettings.Schedule {
    /// Hours of each day, by a clock on the wall; across midnight where the end is before the start.
    package struct Window: Hashable, Sendable, Codable {
        /// Minutes after midnight, 0…1439.
        package let start: Int
        /// Minutes after midnight, 0…1440, not the start.
        package let end: Int

        /// - Returns: `nil` for a minute that no day has, and for a start that is the end.
        package init?(start: Int, end: Int) {
            guard (0..<1440).contains(start), (0...1440).contains(end), start != end else { return nil }
            self.start = start
            self.end = end
        }

        /// - Parameter minute: After midnight, 0…1439.
        package func contains(minute: Int) -> Bool {
            start < end ? start <= minute && minute < end : minute >= start || minute < end
        }
    }
}

extension BatchSettings.Schedule.Window {
    package enum ReadingError: Error, Equatable, Sendable {
        /// Not of the form `22:00-07:00`.
        case form
        /// No day has this time.
        case time(String)
        case equal
    }

    /// Reads `22:00-07:00`; `24:00` may stand as the end.
    package init(text: String) throws(ReadingError) {
        let parts = text.split(omittingEmptySubsequences: false) { "-–".contains($0) }.map { $0.trimmed() }
        guard parts.count == 2, let start = Self.clockTime(parts[0]), let end = Self.clockTime(parts[1]) else {
            throw .form
        }
        guard start.minute < 60, start.hour < 24 else { throw .time(parts[0]) }
        let endMinutes = end.hour * 60 + end.minute
        guard end.minute < 60, endMinutes <= 1440 else { throw .time(parts[1]) }
        guard let window = Self(start: start.hour * 60 + start.minute, end: endMinutes) else { throw .equal }
        self = window
    }

    /// Reads a time of the day such as `08:00`.
    /// - Returns: Minutes after midnight, 0…1439; `nil` where it is none.
    package static func minute(ofDay text: String) -> Int? {
        guard let time = clockTime(text.trimmed()), time.hour < 24, time.minute < 60 else { return nil }
        return time.hour * 60 + time.minute
    }

    private static func clockTime(_ text: String) -> (hour: Int, minute: Int)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1])
        else { return nil }
        return (hour, minute)
    }

    /// `22:00-07:00`.
    package var text: String { "\(Self.text(start))-\(Self.text(end))" }

    /// `08:00`.
    package static func text(_ minutes: Int) -> String {
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(padded(minutes / 60)):\(padded(minutes % 60))"
    }
}
