internal import ArgumentParser

/// What means the same in every command but `serve`.
struct StateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where images go; the state lies in it unless `--state` says otherwise.", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("The state file (default: DIR/.nightjar/state.sqlite3).", valueName: "file"))
    var state: String?

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    var flags: [Setting: String] {
        var flags: [Setting: String] = [:]
        flags[.output] = output
        flags[.state] = state
        return flags
    }

    /// For the commands that this one tells people to type.
    var advice: CommandAdvice { CommandAdvice(output: output, state: state, config: config) }
}

/// The options that a run and the daemon share. They are read as text, since the environment and the configuration give
/// the same ones.
struct ServiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The Jobs API.", valueName: "url"))
    var baseURL: String?

    @Option(help: ArgumentHelp("A file with the API key (else SERIKA_API_KEY or NIGHTJAR_API_KEY).", valueName: "file"))
    var apiKeyFile: String?

    @Option(help: ArgumentHelp("Unfinished jobs at the API at one time (default: 8).", valueName: "n"))
    var concurrency: String?

    @Option(help: ArgumentHelp("API requests a second, or 60/min (default: 5/s).", valueName: "r"))
    var rate: String?

    @Option(help: ArgumentHelp("Images fetched at one time (default: 4).", valueName: "n"))
    var downloads: String?

    @Option(
        help: ArgumentHelp(
            "The longest drain, after a time limit or a signal (default: 5m; daemon: 20s).", valueName: "t"))
    var drainTimeout: String?

    @Option(help: ArgumentHelp("Stop a batch when more of its ended jobs failed, in percent.", valueName: "pct"))
    var failFast: String?

    @Option(
        help: ArgumentHelp(
            "So many jobs of a batch without an image go alone first; 0: none (default: 3).", valueName: "n"))
    var pilot: String?

    @Option(help: ArgumentHelp("Trust the authorities of this PEM file.", valueName: "file"))
    var caFile: String?

    @Option(help: ArgumentHelp("Silence after which a request counts as lost (default: 30s).", valueName: "t"))
    var timeout: String?

    @Option(
        help: ArgumentHelp(
            "After a lost answer: how late the API may accept, and how old its list may be (default: 30s).",
            valueName: "t"))
    var settle: String?

    @Option(help: ArgumentHelp("Stop submitting with less free disk; 0: no floor (default: 1GiB).", valueName: "size"))
    var minFree: String?

    @Option(help: ArgumentHelp("The largest image (default: 64MiB).", valueName: "size"))
    var maxImageBytes: String?

    @Option(
        help: ArgumentHelp(
            "Jobs whose request changed under the same id: keep what was made, or redo it (default: keep).",
            valueName: "what"))
    var changed: String?

    @Option(help: ArgumentHelp("Log on standard error, as text or json.", valueName: "format"))
    var logFormat: String?

    var flags: [Setting: String] {
        var flags: [Setting: String] = [:]
        flags[.baseURL] = baseURL
        flags[.apiKeyFile] = apiKeyFile
        flags[.concurrency] = concurrency
        flags[.rate] = rate
        flags[.downloads] = downloads
        flags[.drainTimeout] = drainTimeout
        flags[.failFast] = failFast
        flags[.pilot] = pilot
        flags[.caFile] = caFile
        flags[.timeout] = timeout
        flags[.settle] = settle
        flags[.minFree] = minFree
        flags[.maxImageBytes] = maxImageBytes
        flags[.changed] = changed
        flags[.logFormat] = logFormat
        return flags
    }
}

/// The options of `run`.
struct RunOptions: ParsableArguments {
    @OptionGroup var service: ServiceOptions

    @Option(help: ArgumentHelp("Stop after this time, 8h say.", valueName: "t"))
    var maxDuration: String?

    @Option(
        help: ArgumentHelp("At the time limit: see running jobs home, or end at once (drain, hard).", valueName: "how"))
    var cutoff: String?

    @Option(help: ArgumentHelp("New submissions in this run; 0 only takes the manifest in.", valueName: "n"))
    var maxJobs: String?

    @Option(help: ArgumentHelp("What this run may spend; the configuration gives `prices:`.", valueName: "amount"))
    var budget: String?

    @Flag(help: "Try again what has failed for good.")
    var retryFailed = false

    @Option(
        help: ArgumentHelp(
            "How long a run that has only unknown jobs left goes on asking (default: 60s).", valueName: "t"))
    var unknownWait: String?

    @Option(help: ArgumentHelp("Give up without one good answer for so long (default: 15m).", valueName: "t"))
    var giveUpAfter: String?

    @Option(
        help: ArgumentHelp(
            "On a terminal, ask before more submissions than this; 0: never (default: 1000).", valueName: "n"))
    var confirmAbove: String?

    @Option(help: ArgumentHelp("auto, bar, plain, json or none.", valueName: "mode"))
    var progress: String?

    @Flag(help: "No progress and no summary, only errors.")
    var quiet = false

    var logFormat: String? { service.logFormat }

    var flags: [Setting: String] {
        var flags = service.flags
        flags[.maxDuration] = maxDuration
        flags[.cutoff] = cutoff
        flags[.maxJobs] = maxJobs
        flags[.budget] = budget
        flags[.retryFailed] = retryFailed ? "true" : nil
        flags[.unknownWait] = unknownWait
        flags[.giveUpAfter] = giveUpAfter
        flags[.confirmAbove] = confirmAbove
        flags[.progress] = progress
        flags[.quiet] = quiet ? "true" : nil
        return flags
    }
}

/// The options of `daemon`. What would end a run is none of them.
struct DaemonOptions: ParsableArguments {
    @OptionGroup var service: ServiceOptions

    @Option(
        help: ArgumentHelp(
            "How long a file that is being written in an inbox must stay as it is (default: 2s).", valueName: "t"))
    var settleInbox: String?

    @Option(help: ArgumentHelp("How often the inboxes are looked through (default: 30s).", valueName: "t"))
    var rescan: String?

    @Option(help: ArgumentHelp("Where the web page is served, or off (default: 127.0.0.1:8787).", valueName: "addr"))
    var http: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning or error (default: info).", valueName: "level"))
    var logLevel: String?

    var flags: [Setting: String] {
        var flags = service.flags
        flags[.settleInbox] = settleInbox
        flags[.rescan] = rescan
        flags[.http] = http
        flags[.logLevel] = logLevel
        return flags
    }
}
