internal import NightjarCore
internal import NightjarManifest

/// One option of `run` or of the daemon, under the name that all layers share: `--base-url`, `NIGHTJAR_BASE_URL`, `base_url:`.
enum Setting: String, CaseIterable, Sendable {
    case output
    case state
    case baseURL = "base_url"
    case apiKeyFile = "api_key_file"
    case concurrency
    case rate
    case downloads
    case maxDuration = "max_duration"
    case cutoff
    case drainTimeout = "drain_timeout"
    case maxJobs = "max_jobs"
    case budget
    case failFast = "fail_fast"
    case retryFailed = "retry_failed"
    case pilot
    case caFile = "ca_file"
    case timeout
    case settle
    case unknownWait = "unknown_wait"
    case giveUpAfter = "give_up_after"
    case minFree = "min_free"
    case maxImageBytes = "max_image_bytes"
    case changed
    case confirmAbove = "confirm_above"
    case progress
    case logFormat = "log_format"
    case quiet
    case settleInbox = "settle_inbox"
    case rescan
    case http
    case logLevel = "log_level"

    /// Those of the daemon alone; other commands check them, and make nothing of them.
    static let ofDaemon: Set<Setting> = [.settleInbox, .rescan, .http, .logLevel]

    var flag: String { "--" + rawValue.replacing("_", with: "-") }
    var environmentName: String { "NIGHTJAR_" + rawValue.uppercased() }

    /// Keys of the configuration that this version does not carry out.
    static let unsupportedKeys = ["shard"]
}

/// Where a value was given.
enum SettingSource: Sendable, Equatable {
    case flag
    case environment
    case file(FilePlace)
}

/// A value as it was written, with where.
struct RawSetting: Sendable, Equatable {
    var text: String
    var source: SettingSource
}

/// What is wrong with flags, environment or file.
struct ConfigurationError: Error, Equatable {
    var exit: ExitCode
    /// What has no place in the file; each a line of its own.
    var problems: [String]
    /// What has.
    var file: ManifestError?
}
