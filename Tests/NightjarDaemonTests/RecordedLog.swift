import Logging
import NightjarTestSupport

/// Keeps log lines: level, message, and the metadata in the order of their keys.
final class RecordedLog: Sendable {
    private let kept = Locked<[String]>([])

    var lines: [String] { kept.value }

    var logger: Logger {
        Logger(label: "test") { [kept] _ in Handler(kept: kept) }
    }

    private struct Handler: LogHandler {
        let kept: Locked<[String]>
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let pairs = all.map { " \($0.key)=\($0.value)" }.joined()
            kept.withLock { $0.append("\(event.level.rawValue) \(event.message)\(pairs)") }
        }
    }
}
