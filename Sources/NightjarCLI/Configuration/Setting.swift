internal import NightjarCore

/// One option of `run`, under the name that all layers share: `--base-url`, `NIGHTJAR_BASE_URL`, `base_url:`.
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

    var flag: String { "--" + rawValue.replacing("_", with: "-") }
    var environmentName: String { "NIGHTJAR_" + rawValue.uppercased() }

    /// Keys of the configuration that this version does not carry out.
    static let unsupportedKeys = [
        "shard", "http", "inbox", "settle_inbox", "rescan", "notify", "daily",
    ]
}

/// Where a value was given, as messages say it.
enum SettingSource: Sendable, Equatable {
    case flag
    case environment
    case file(path: String, line: Int)

    func name(of setting: Setting) -> String {
        switch self {
        case .flag: "`\(setting.flag)`"
        case .environment: "`\(setting.environmentName)`"
        case .file(let path, let line): "\(path):\(line): `\(setting.rawValue)`"
        }
    }
}

/// A value as it was written, with where.
struct RawSetting: Sendable, Equatable {
    var text: String
    var source: SettingSource
}

/// What is wrong with flags, environment or file; each problem a line of its own.
struct ConfigurationError: Error, Equatable {
    var exit: ExitCode
    var problems: [String]
}
