internal import JobsAPI
internal import JobsAPIClient
internal import NightjarCore
internal import NightjarRunner

/// All settings of a run, read from every layer and checked: a flag beats the environment, which beats the file, which
/// beats the default.
struct RunConfiguration: Sendable {
    enum LogFormat: String, Sendable, CaseIterable {
        case text, json
    }

    var output = "output"
    /// `OUTPUT/.nightjar/state.sqlite3` unless it is given.
    var state = ""
    var baseURL = JobsAPIPath.defaultBaseURL
    var run = RunSettings()
    var retryFailed = false
    /// PEM.
    var caFile: String?
    /// Private hosts that results may come from, besides the API's own.
    var resultHosts: [ResultHost] = []
    var maxImageBytes: Int64 = 64 << 20
    /// What becomes of jobs whose request changes under the same `id`, where the old one has been paid for.
    var changed = ChangedJobs.keep
    /// A person who is there is asked before more submissions than this; 0: never.
    var confirmAbove = 1000
    var progress = ProgressMode.auto
    /// `nil` where nobody asked for logs.
    var logFormat: LogFormat?
    var quiet = false

    /// - Parameters:
    ///   - flags: As given on the command line.
    ///   - rehearses: A rehearsal has an output of its own, and takes no state from the environment or the file.
    /// - Throws: Every problem at once, the file's own with them: 64 where a flag is wrong, 78 where the environment or the
    ///   file is.
    init(
        flags: [Setting: String], environment: [String: String], file: ConfigurationFile, rehearses: Bool = false
    ) throws(ConfigurationError) {
        if rehearses, flags[.baseURL] != nil {
            throw ConfigurationError(
                exit: .usage,
                problems: ["`--rehearse` brings an API of its own, so `--base-url` has no place beside it"])
        }
        var reader = SettingReader(
            flags: flags, environment: environment, file: file,
            flagsOnly: rehearses ? [.output, .state, .baseURL, .budget] : [])
        self.init(reading: &reader, file)
        _ = DaemonSettings(reading: &reader)
        if let error = reader.error { throw error }
        guard rehearses else { return }
        if flags[.output] == nil { output = "rehearsal" }
        if flags[.state] == nil { state = Self.state(in: output) }
        run.prices = [:]
        run.daily = nil
    }

    private static func state(in output: String) -> String { output + "/.nightjar/state.sqlite3" }

    /// What is wrong is left with the reader.
    init(reading reader: inout SettingReader, _ file: ConfigurationFile) {
        run.prices = file.prices
        resultHosts = file.resultHosts
        run.daily = file.daily
        run.modelConcurrency = file.modelConcurrency
        if let path = reader.path(.output) { output = path }
        state = reader.path(.state) ?? Self.state(in: output)
        if let url = reader.baseURL() { baseURL = url }
        if let count = reader.integer(.concurrency, in: 1...1_000_000) { run.concurrency = count }
        if let rate = reader.rate() { run.rate = rate }
        if let count = reader.integer(.downloads, in: 1...1024) { run.downloads = count }
        run.maxDuration = reader.duration(.maxDuration)
        if let cutoff = reader.choice(.cutoff, ["drain", "hard"]) { run.drainsAtTimeLimit = cutoff == "drain" }
        if let time = reader.duration(.drainTimeout) { run.drainTimeout = time }
        run.maxJobs = reader.integer(.maxJobs, in: 0...1_000_000_000)
        run.budget = reader.value(.budget, "an amount such as `20.00`") { Money($0) }
        if let retries = reader.boolean(.retryFailed) { retryFailed = retries }
        run.failFast = reader.integer(.failFast, in: 0...100)
        if let count = reader.integer(.pilot, in: 0...1_000_000) { run.pilot = count }
        caFile = reader.path(.caFile)
        if let time = reader.duration(.timeout) { run.timeout = time }
        if let time = reader.duration(.settle) { run.settle = time }
        if let time = reader.duration(.unknownWait) { run.unknownWait = time }
        if let time = reader.duration(.giveUpAfter) { run.giveUpAfter = time }
        if let size = reader.value(.minFree, "a size such as `1GiB`, or 0", { ByteCount($0) }) {
            run.minFree = size.bytes
        }
        let imageSize = reader.value(.maxImageBytes, "a size of at least 1 byte, such as `64MiB`") { text in
            ByteCount(text).flatMap { $0.bytes > 0 ? $0 : nil }
        }
        if let size = imageSize {
            maxImageBytes = size.bytes
        }
        if let changed = reader.choice(.changed, ChangedJobs.allCases.map(\.rawValue)).flatMap(ChangedJobs.init) {
            self.changed = changed
        }
        if let count = reader.integer(.confirmAbove, in: 0...1_000_000_000) { confirmAbove = count }
        if let mode = reader.choice(.progress, ProgressMode.allCases.map(\.rawValue)).flatMap(ProgressMode.init) {
            progress = mode
        }
        logFormat = reader.choice(.logFormat, LogFormat.allCases.map(\.rawValue)).flatMap(LogFormat.init)
        if let isQuiet = reader.boolean(.quiet) { quiet = isQuiet }
    }

    /// What a mistyped variable of the environment was probably meant to be.
    static func environmentWarnings(_ environment: [String: String]) -> [String] {
        let known = Setting.allCases.map(\.environmentName) + ["NIGHTJAR_API_KEY", "NIGHTJAR_CONFIG"]
        return environment.keys.filter { $0.hasPrefix("NIGHTJAR_") && !known.contains($0) }.sorted().compactMap {
            name in
            nearest(to: name, among: known).map { "warning: `\(name)` is not a setting; did you mean `\($0)`?" }
        }
    }
}
