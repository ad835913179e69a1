internal import Logging
internal import NightjarCore

/// Log lines on standard error: constant text, then metadata; or one JSON object a line.
struct LineLogHandler: LogHandler {
    let label: String
    let format: RunConfiguration.LogFormat
    let write: @Sendable (String) -> Void
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(
        label: String, format: RunConfiguration.LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.format = format
        self.write = write
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = WallTime.now.rfc3339
        switch format {
        case .text:
            let pairs = all.map { " \($0.key)=\(Self.word("\($0.value)"))" }.joined()
            write("\(time) \(event.level.rawValue) \(Cells.plain("\(event.message)"))\(pairs)")
        case .json:
            var line = JSONWriter()
            line.add("time", time)
            line.add("level", event.level.rawValue)
            line.add("message", "\(event.message)")
            for (key, value) in all { line.add(key, "\(value)") }
            write(line.text)
        }
    }

    /// A value of several words is quoted, so that a line can be taken apart again.
    private static func word(_ text: String) -> String {
        let plain = Cells.plain(text)
        guard plain.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) || plain.isEmpty else { return plain }
        return "\"\(plain.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
