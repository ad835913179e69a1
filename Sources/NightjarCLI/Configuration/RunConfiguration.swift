internal import FoundationEssentials
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
    /// - Throws: Every problem at once: 64 where a flag is wrong, 78 where the environment or the file is.
    init(
        flags: [Setting: String], environment: [String: String], file: ConfigurationFile, rehearses: Bool = false
    ) throws(ConfigurationError) {
        var raw = file.settings
        for setting in Setting.allCases {
            if let text = environment[setting.environmentName], !text.isEmpty {
                raw[setting] = RawSetting(text: text, source: .environment)
            }
        }
        if rehearses {
            output = "rehearsal"
            for setting in [Setting.output, .state, .baseURL, .budget] { raw[setting] = nil }
        }
        for (setting, text) in flags { raw[setting] = RawSetting(text: text, source: .flag) }
        if rehearses, flags[.baseURL] != nil {
            throw ConfigurationError(
                exit: .usage,
                problems: ["`--rehearse` brings an API of its own, so `--base-url` has no place beside it"])
        }
        run.prices = rehearses ? [:] : file.prices
        var hostProblems: [String] = []
        for text in file.resultHosts {
            do {
                resultHosts.append(try ResultHost(text))
            } catch {
                hostProblems.append("`result_hosts`: \(error)")
            }
        }

        var reader = SettingReader(raw: raw)
        if let path = reader.path(.output) { output = path }
        state = reader.path(.state) ?? output + "/.nightjar/state.sqlite3"
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
        let problems = reader.problems + hostProblems
        if !problems.isEmpty {
            throw ConfigurationError(exit: reader.flagIsWrong ? .usage : .configuration, problems: problems)
        }
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

/// Reads settings by type, and collects what is wrong with them.
private struct SettingReader {
    let raw: [Setting: RawSetting]
    var problems: [String] = []
    var flagIsWrong = false

    init(raw: [Setting: RawSetting]) {
        self.raw = raw
    }

    mutating func value<Value>(_ setting: Setting, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let given = raw[setting] else { return nil }
        if let value = parse(given.text) { return value }
        // An address may hold a password.
        let isSecret = given.text.contains("@")
        report(setting, "must be \(expected)" + (isSecret ? "" : ", got `\(Cells.plain(given.text))`"))
        return nil
    }

    mutating func report(_ setting: Setting, _ words: String) {
        guard let source = raw[setting]?.source else { return }
        if source == .flag { flagIsWrong = true }
        problems.append("\(source.name(of: setting)) \(words)")
    }

    mutating func path(_ setting: Setting) -> String? {
        value(setting, "a path") { $0.isEmpty || $0.contains("\0") ? nil : $0 }.map { path in
            path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        }
    }

    mutating func integer(_ setting: Setting, in range: ClosedRange<Int>) -> Int? {
        value(setting, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func duration(_ setting: Setting) -> Duration? {
        value(setting, "a duration of more than zero such as `30s`, `5m` or `8h`") { text in
            Duration(text: text).flatMap { $0 > .zero ? $0 : nil }
        }
    }

    mutating func boolean(_ setting: Setting) -> Bool? {
        value(setting, "`true` or `false`") {
            ["true": true, "1": true, "yes": true, "false": false, "0": false, "no": false][$0]
        }
    }

    mutating func choice(_ setting: Setting, _ choices: [String]) -> String? {
        guard let given = raw[setting] else { return nil }
        if choices.contains(given.text) { return given.text }
        let near = nearest(to: given.text, among: choices).map { "; did you mean `\($0)`?" } ?? ""
        report(setting, "must be one of \(choices.joined(separator: ", ")), got `\(Cells.plain(given.text))`\(near)")
        return nil
    }

    mutating func rate() -> Rate? {
        if raw[.rate]?.text == "auto" {
            report(.rate, "`auto` is not supported by this version of nightjar; write a rate such as `5/s` or `60/min`")
            return nil
        }
        return value(.rate, "a rate such as `5/s` or `60/min`") { Rate($0) }
    }

    mutating func baseURL() -> String? {
        value(.baseURL, "an address such as `\(JobsAPIPath.defaultBaseURL)`") { text in
            guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
                url.host?.isEmpty == false, (1...65_535).contains(url.port ?? 443), url.query == nil,
                url.fragment == nil, url.user == nil
            else { return nil }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
    }
}
