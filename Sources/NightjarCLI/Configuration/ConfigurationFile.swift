internal import FoundationEssentials
internal import JobsAPIClient
internal import NightjarCore
internal import NightjarManifest
internal import YAMLStream

/// `nightjar.yaml`: the options of `run` and of the daemon under their names, and what only a file can say.
///
/// One file serves all commands, so all of it is checked whichever reads it.
struct ConfigurationFile: Sendable, Equatable {
    /// What only a file can say.
    static let lists = ["prices", "model_concurrency", "daily", "result_hosts", "inbox", "notify"]
    static let dailyKeys = ["budget", "max_jobs", "timezone"]

    /// As it was given; `nil` where there is none.
    private(set) var path: String?
    var settings: [Setting: RawSetting] = [:]
    /// By model, for one image.
    var prices: [String: Money] = [:]
    /// By model: its unfinished jobs at the API at one time, at least 1.
    var modelConcurrency: [String: Int] = [:]
    var daily: DailyLimits?
    /// Private hosts that results may come from.
    var resultHosts: [ResultHost] = []
    var inboxes: [InboxEntry] = []
    var notifications: [NotificationEntry] = []
    /// What is wrong with it, and is as if it were not there. Who reads the settings tells it beside what is wrong with
    /// these.
    private(set) var mistakes: ManifestError?

    /// Where it is looked for when nobody says where.
    static func defaultPath(environment: [String: String]) -> String? {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/nightjar/nightjar.yaml"
        }
        return environment["HOME"].map { $0 + "/.config/nightjar/nightjar.yaml" }
    }

    /// Reads the file that was named, or the default one where there is one.
    /// - Parameters:
    ///   - named: By a flag; else the environment may name one.
    ///   - systemPath: Goes before the user's own.
    /// - Throws: `Refusal` where the file cannot be read. What is wrong with what it says is in `mistakes`.
    static func loadOrRefuse(
        named: String?, environment: [String: String], systemPath: String? = nil
    ) throws(Refusal) -> ConfigurationFile {
        if let named = named ?? environment["NIGHTJAR_CONFIG"] { return try read(named) }
        for path in [systemPath, defaultPath(environment: environment)].compactMap({ $0 })
        where FileManager.default.fileExists(atPath: path) {
            return try read(path)
        }
        return ConfigurationFile()
    }

    private static func read(_ path: String) throws(Refusal) -> ConfigurationFile {
        let file = ConfigurationFile(path: path)
        if let mistakes = file.mistakes, mistakes.kind != .invalid { throw Refusal(configuration: mistakes) }
        return file
    }

    /// No file.
    init() {}

    init(path: String) {
        self.path = path
        var contents = ConfigurationFile()
        do throws(ManifestError) {
            _ = try YAMLTreeFile(path: path).read { root, sink in contents.read(root, sink) }
        } catch {
            contents.mistakes = Self.withoutSecrets(error)
        }
        contents.path = path
        self = contents
    }

    /// Somebody may have written a secret into the file itself: lines that could hold one are not shown.
    static func withoutSecrets(_ error: ManifestError) -> ManifestError {
        ManifestError(
            kind: error.kind, file: error.file, diagnostics: error.diagnostics.map(withoutSecrets),
            omitted: error.omitted)
    }

    static func withoutSecrets(_ diagnostic: Diagnostic) -> Diagnostic {
        let line = diagnostic.sourceLine?.lowercased() ?? ""
        let suspicious = ["key", "token", "secret", "webhook", "url_file", "hooks.", "pass", "@"]
        guard suspicious.contains(where: line.contains) else { return diagnostic }
        var diagnostic = diagnostic
        diagnostic.sourceLine = nil
        if diagnostic.code == "unknown-key", line.contains("key"), diagnostic.hint?.hasPrefix("known are") == true {
            diagnostic.hint = "the key has no place here: put it into a file, and name that with `api_key_file`"
        }
        return diagnostic
    }

    // MARK: Reading

    private mutating func read(_ root: YAMLNode, _ sink: DiagnosticSink) {
        guard let reader = MappingReader(root, place: "the configuration", sink: sink) else { return }
        reader.checkKeys(
            Setting.allCases.map(\.rawValue) + Self.lists, unsupported: Setting.unsupportedKeys, allowsExtensions: true)
        for setting in Setting.allCases {
            guard let (text, node) = reader.scalar(setting.rawValue, expected: "a single value") else { continue }
            settings[setting] = RawSetting(text: text, source: .file(FilePlace(node)))
        }
        if let reader = Self.mapping("prices", reader) {
            for model in reader.names { prices[model] = reader.money(model) }
        }
        if let reader = Self.mapping("model_concurrency", reader) {
            for model in reader.names { modelConcurrency[model] = reader.integer(model, in: 1...1_000_000) }
        }
        readDaily(reader)
        resultHosts = (reader.list("result_hosts") ?? []).compactMap { Self.resultHost($0, sink) }
        inboxes = (reader.list("inbox") ?? []).compactMap { InboxEntry($0, sink: sink) }
        notifications = (reader.list("notify") ?? []).compactMap { NotificationEntry($0, sink: sink) }
    }

    private static func mapping(_ key: String, _ reader: MappingReader) -> MappingReader? {
        reader.value(key).flatMap { MappingReader($0, place: "`\(key)`", sink: reader.sink) }
    }

    private mutating func readDaily(_ top: MappingReader) {
        guard let reader = Self.mapping("daily", top) else { return }
        reader.checkKeys(Self.dailyKeys, allowsExtensions: true)
        let limits = DailyLimits(
            budget: reader.money("budget"), maxJobs: reader.integer("max_jobs", in: 0...1_000_000_000),
            timeZone: reader.clock("timezone", code: "value")?.name)
        guard reader.has("budget") || reader.has("max_jobs") else {
            return reader.sink.report(
                "missing", "`daily` sets no limit", at: reader.node, hint: "give it a `budget`, `max_jobs`, or both")
        }
        if limits.budget != nil, !top.has("prices"), let node = reader.value("budget") {
            reader.sink.report(
                "missing", "`daily` has a budget, and there are no prices to count it by", at: node,
                hint: "write what an image costs: `prices: {MODEL: 0.01}`")
        }
        daily = limits
    }

    private static func resultHost(_ node: YAMLNode, _ sink: DiagnosticSink) -> ResultHost? {
        guard let text = sink.text(of: node, key: "result_hosts") else { return nil }
        do throws(ClientSettingsError) {
            return try ResultHost(text)
        } catch {
            sink.report("value", "`result_hosts`: \(error)", at: node)
            return nil
        }
    }
}
