package import NightjarCore

/// What manifests and the configuration say in the same words.
extension MappingReader {
    /// The keys of `limits`, wherever they stand.
    package func limits() -> BatchSettings.Limits {
        BatchSettings.Limits(
            concurrency: integer("concurrency", in: Schema.concurrency), rate: rate("rate"),
            maxJobs: integer("max_jobs", in: Schema.maxJobs), budget: money("budget"))
    }

    /// A time zone by its name.
    /// - Parameter code: Of the diagnostic.
    /// - Returns: The machine's clock where none is named; `nil` where there is none of that name.
    package func clock(_ key: String, code: String) -> LocalClock? {
        guard has(key) else { return LocalClock(named: nil) }
        guard let (text, node) = scalar(key, expected: "a time zone such as `Europe/Paris`") else { return nil }
        if let clock = LocalClock(named: text) { return clock }
        guard LocalClock.hasDatabase else {
            sink.report(code, "this nightjar has no time zone database, and knows no time zones", at: node)
            return nil
        }
        sink.report(
            code, "there is no time zone \(DisplayText.quoted(text))", at: node,
            hint: Self.meantZone(text).map { "did you mean `\($0)`?" }
                ?? "write a name of the tz database: `Europe/Paris`, `America/New_York`, `UTC`")
        return nil
    }

    /// The name that is near, or the one of a place that was named alone.
    private static func meantZone(_ text: String) -> String? {
        let names = LocalClock.names
        let place = text.trimmed().lowercased().split(separator: " ").joined(separator: "_")
        return names.first { $0.lowercased().hasSuffix("/" + place) } ?? nearest(to: text, among: names)
    }
}
