internal import FoundationEssentials
internal import JobsAPI
internal import NightjarCore
internal import NightjarDashboard
internal import NightjarManifest

/// Reads settings by type, a flag before the environment, and that before the file, and collects what is wrong with them.
struct SettingReader {
    private let raw: [Setting: RawSetting]
    private let file: ConfigurationFile
    private let sink: DiagnosticSink
    private var problems: [String] = []
    private var flagIsWrong = false
    private var otherWarnings: [Diagnostic] = []

    /// - Parameter flagsOnly: Settings that the environment and the file do not give.
    init(
        flags: [Setting: String], environment: [String: String], file: ConfigurationFile, flagsOnly: [Setting] = []
    ) {
        var raw = file.settings
        for setting in Setting.allCases {
            if let text = environment[setting.environmentName], !text.isEmpty {
                raw[setting] = RawSetting(text: text, source: .environment)
            }
        }
        for setting in flagsOnly { raw[setting] = nil }
        for (setting, text) in flags { raw[setting] = RawSetting(text: text, source: .flag) }
        self.raw = raw
        self.file = file
        sink = DiagnosticSink(file: file.path ?? "", warningsOfAKind: 50)
    }

    func isGiven(_ setting: Setting) -> Bool { raw[setting] != nil }

    func text(_ setting: Setting) -> String? { raw[setting]?.text }

    // MARK: What is wrong

    /// Everything that was found wrong, the file's own mistakes with it; `nil` where nothing was.
    var error: ConfigurationError? {
        var mistakes = file.mistakes
        if sink.hasErrors {
            let found = ConfigurationFile.withoutSecrets(sink.error())
            mistakes = mistakes?.joined(with: found) ?? found
        }
        guard mistakes != nil || !problems.isEmpty else { return nil }
        return ConfigurationError(exit: flagIsWrong ? .usage : .configuration, problems: problems, file: mistakes)
    }

    /// What is worth a word, where nothing is wrong.
    var warnings: [Diagnostic] { sink.diagnostics().map(ConfigurationFile.withoutSecrets) + otherWarnings }

    /// - Parameters:
    ///   - words: What follows the name of the setting.
    ///   - hint: What to write instead.
    mutating func report(_ setting: Setting, _ words: String, hint: String? = nil) {
        switch raw[setting]?.source {
        case .file(let place): sink.report("value", "`\(setting.rawValue)` \(words)", at: place, hint: hint)
        case .flag:
            flagIsWrong = true
            report("`\(setting.flag)` \(words)", hint: hint)
        case .environment: report("`\(setting.environmentName)` \(words)", hint: hint)
        case nil: report("`\(setting.rawValue)` \(words)", hint: hint)
        }
    }

    /// Something that stands nowhere.
    mutating func report(_ words: String, hint: String? = nil) {
        problems.append(words + (hint.map { "; \($0)" } ?? ""))
    }

    /// Something of the file.
    func report(
        _ code: String, _ message: String, at place: FilePlace, hint: String? = nil,
        notes: [(String, FilePlace)] = [], severity: Diagnostic.Severity = .error
    ) {
        sink.report(code, message, at: place, hint: hint, notes: notes, severity: severity)
    }

    mutating func warn(_ setting: Setting, _ code: String, _ words: String, hint: String? = nil) {
        let message = "`\(setting.rawValue)` \(words)"
        let origin: String
        switch raw[setting]?.source {
        case .file(let place): return sink.report(code, message, at: place, hint: hint, severity: .warning)
        case .flag: origin = setting.flag
        case .environment: origin = setting.environmentName
        case nil: origin = file.path ?? "the configuration"
        }
        otherWarnings.append(
            Diagnostic(
                severity: .warning, file: origin, line: 0, column: 0, code: code, message: message, hint: hint))
    }

    // MARK: Values

    mutating func value<Value>(_ setting: Setting, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let given = raw[setting] else { return nil }
        if let value = parse(given.text) { return value }
        report(setting, "must be \(expected)\(got(given))")
        return nil
    }

    /// An address may hold a password.
    private func got(_ given: RawSetting) -> String {
        given.text.contains("@") ? "" : ", got `\(Cells.plain(given.text))`"
    }

    mutating func path(_ setting: Setting) -> String? {
        value(setting, "a path") { $0.isEmpty || $0.contains("\0") ? nil : FolderName.withoutSlash($0) }
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
        report(
            setting, "must be one of \(choices.joined(separator: ", "))\(got(given))",
            hint: nearest(to: given.text, among: choices).map { "did you mean `\($0)`?" })
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

    /// - Returns: `nil` where it is not given or wrong; the inner `nil` stands for `off`.
    mutating func webAddress() -> DashboardSettings?? {
        guard let given = raw[.http] else { return nil }
        switch WebAddress(given.text) {
        case .off: return .some(nil)
        case .at(let settings): return settings
        case .wrong(let hint):
            report(.http, "must be an address and a port such as `127.0.0.1:8787`, or `off`\(got(given))", hint: hint)
            return nil
        }
    }
}
