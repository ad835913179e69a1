internal import Logging
internal import NightjarCore

/// Log lines on standard error: constant text, then metadata; or one JSON object a line.
struct LineLogHandler: LogHandler {
    private let format: RunConfiguration.LogFormat
    /// Whether a line of text begins with its priority, as the journal reads it.
    private let hasPriorities: Bool
    private let shared: LogLevel
    /// A logger's own level, set for it alone; `nil`: the shared one.
    private var own: Logger.Level?
    private let write: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]

    /// - Parameters:
    ///   - write: Called with one line, without its end.
    init(
        format: RunConfiguration.LogFormat, hasPriorities: Bool, level: LogLevel,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.format = format
        self.hasPriorities = hasPriorities
        self.write = write
        shared = level
    }

    var logLevel: Logger.Level {
        get { own ?? shared.value }
        set { own = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        let pairs = all.sorted { $0.key < $1.key }
        let time = WallTime.now.rfc3339
        switch format {
        case .text:
            let words = pairs.map { " \(Cells.plain($0.key))=\(Self.word("\($0.value)"))" }.joined()
            let priority = hasPriorities ? "<\(event.level.priority)>" : ""
            write("\(priority)\(time) \(event.level.rawValue) \(Cells.plain("\(event.message)"))\(words)")
        case .json:
            var line = JSONWriter()
            line.add("time", time)
            line.add("level", event.level.rawValue)
            line.add("message", "\(event.message)")
            // A name that comes twice is read in many ways.
            for (key, value) in pairs where !["time", "level", "message"].contains(key) { line.add(key, "\(value)") }
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

extension Logger.Level {
    /// As syslog(3) counts.
    fileprivate var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
