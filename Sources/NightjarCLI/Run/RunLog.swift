internal import Glibc
internal import Logging
internal import NightjarCore

/// Whether and how a run logs. Without `--log-format` its lines of progress are enough; where those go elsewhere
/// (`--progress json` or `none`), what a person must know is logged.
struct RunLog {
    private let format: RunConfiguration.LogFormat
    private let level: Logger.Level?
    private let hasPriorities: Bool

    init(_ configuration: RunConfiguration, environment: [String: String]) {
        hasPriorities = JournalStream.isConnected(environment)
        format = configuration.logFormat ?? .text
        let hasLines = configuration.progress != .json && configuration.progress != .none
        if configuration.quiet {
            level = .error
        } else if configuration.logFormat != nil {
            level = .info
        } else {
            level = hasLines ? nil : .warning
        }
    }

    /// The progress to show: a log takes the place of plain lines, not of a bar.
    func replacesLines(_ progress: ProgressMode, environment: [String: String]) -> ProgressMode {
        let resolved = progress.resolved(isTerminal: isatty(STDERR_FILENO) == 1, environment: environment)
        return resolved == .plain && level != nil ? .none : resolved
    }

    func observer(write: @escaping @Sendable (String) -> Void) -> (any RunObserver)? {
        guard let level else { return nil }
        let handler = LineLogHandler(
            format: format, hasPriorities: hasPriorities, level: LogLevel(level), write: write)
        return LogObserver(logger: Logger(label: "nightjar") { _ in handler })
    }
}
