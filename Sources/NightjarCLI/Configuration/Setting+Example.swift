/// How a setting stands in the configuration that `init` writes.
struct SettingExample: Equatable, Sendable {
    /// As YAML: the default, or, where there is none, what may be given.
    let value: String
    /// Whether leaving the setting away means the same.
    let isDefault: Bool
    let words: String

    static func usual(_ value: String, _ words: String) -> SettingExample {
        SettingExample(value: value, isDefault: true, words: words)
    }

    static func possible(_ value: String, _ words: String) -> SettingExample {
        SettingExample(value: value, isDefault: false, words: words)
    }
}

extension Setting {
    var example: SettingExample {
        switch self {
        case .output: .usual("output", "where images go")
        case .state: .possible("output/.nightjar/state.sqlite3", "the state (OUTPUT/.nightjar/state.sqlite3)")
        case .baseURL: .usual("https://api.serika.dev/api/openai/v1", "the Jobs API")
        case .apiKeyFile: .possible("/etc/nightjar/key", "a file with the key; else SERIKA_API_KEY")
        case .concurrency: .usual("8", "unfinished jobs at the API at one time")
        case .rate: .usual("5/s", "API requests a second, or a minute: 60/min")
        case .downloads: .usual("4", "images fetched at one time")
        case .maxDuration: .possible("8h", "end after this time (no limit)")
        case .cutoff: .usual("drain", "at that time, see running jobs home; `hard` ends at once")
        case .drainTimeout: .usual("5m", "the longest that seeing them home may take")
        case .maxJobs: .possible("500", "new submissions in one run (no limit)")
        case .budget: .possible("20.00", "spent in one run (no limit); needs `prices`")
        case .failFast: .possible("50", "stop a batch when more of its jobs fail, in percent (off)")
        case .retryFailed: .usual("false", "try again what has failed for good")
        case .pilot: .usual("3", "so many jobs of a new batch go alone first")
        case .caFile: .possible("ca.pem", "trust these authorities instead of the system's")
        case .timeout: .usual("30s", "silence after which a request counts as lost")
        case .settle: .usual("30s", "how late the API may accept, and how old its list may be")
        case .unknownWait: .usual("60s", "how long to go on when only lost answers are left")
        case .giveUpAfter: .usual("15m", "end without one good answer for so long")
        case .minFree: .usual("1GiB", "submit nothing with less free disk; 0: no floor")
        case .maxImageBytes: .usual("64MiB", "the largest image")
        case .changed: .usual("keep", "jobs that changed under the same id; `redo` makes them anew")
        case .confirmAbove: .usual("1000", "on a terminal, ask before more submissions; 0: never")
        case .progress: .usual("auto", "or bar, plain, json, none")
        case .logFormat: .possible("text", "log on standard error, or `json` (no log)")
        case .quiet: .usual("false", "errors only")
        case .settleInbox: .usual("2s", "how long a file that is being written must stay as it is")
        case .rescan: .usual("30s", "how often the inboxes are looked through")
        case .http: .usual("127.0.0.1:8787", "the web page; `off`: none")
        case .logLevel: .usual("info", "or trace, debug, notice, warning, error")
        }
    }
}
