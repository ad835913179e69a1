internal import FoundationEssentials
internal import NightjarCore
internal import NightjarManifest
internal import YAMLStream

/// `nightjar.yaml`: the options of `run` under their names, and the prices.
struct ConfigurationFile: Sendable, Equatable {
    var settings: [Setting: RawSetting] = [:]
    /// By model, for one image.
    var prices: [String: Money] = [:]
    /// Private hosts that results may come from, as they are written: `host` or `host:port`.
    var resultHosts: [String] = []

    /// Where it is looked for when `--config` does not say.
    static func defaultPath(environment: [String: String]) -> String? {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/nightjar/nightjar.yaml"
        }
        return environment["HOME"].map { $0 + "/.config/nightjar/nightjar.yaml" }
    }

    /// Reads the file that was named, or the default one where there is one.
    /// - Throws: `ManifestError`, with everything that is wrong with it.
    static func load(named: String?, environment: [String: String]) throws(ManifestError) -> ConfigurationFile {
        if let named { return try ConfigurationFile(path: named) }
        guard let path = defaultPath(environment: environment), FileManager.default.fileExists(atPath: path) else {
            return ConfigurationFile()
        }
        return try ConfigurationFile(path: path)
    }

    /// The same, for a command's beginning.
    static func loadOrRefuse(named: String?, environment: [String: String]) throws(Refusal) -> ConfigurationFile {
        do {
            return try load(named: named ?? environment["NIGHTJAR_CONFIG"], environment: environment)
        } catch {
            throw Refusal(configuration: error)
        }
    }

    private init() {}

    init(path: String) throws(ManifestError) {
        do {
            self = try Self.read(path)
        } catch {
            throw Self.withoutSecrets(error)
        }
    }

    /// Somebody may have written the key itself into the file: lines that could hold it are not shown.
    private static func withoutSecrets(_ error: ManifestError) -> ManifestError {
        let diagnostics = error.diagnostics.map { diagnostic in
            var diagnostic = diagnostic
            let line = diagnostic.sourceLine?.lowercased() ?? ""
            guard ["key", "token", "secret", "@"].contains(where: line.contains) else { return diagnostic }
            diagnostic.sourceLine = nil
            if diagnostic.code == "unknown-key" {
                diagnostic.hint = "the key has no place here: put it into a file, and name that with `api_key_file`"
            }
            return diagnostic
        }
        return ManifestError(
            kind: error.kind, file: error.file, diagnostics: diagnostics, omitted: error.omitted)
    }

    private static func read(_ path: String) throws(ManifestError) -> ConfigurationFile {
        try YAMLTreeFile(path: path).read { root, sink in
            var file = ConfigurationFile()
            guard let reader = MappingReader(root, place: "the configuration", sink: sink) else { return file }
            reader.checkKeys(
                Setting.allCases.map(\.rawValue) + ["prices", "result_hosts"], unsupported: Setting.unsupportedKeys,
                allowsExtensions: true)
            for setting in Setting.allCases {
                guard let (text, node) = reader.scalar(setting.rawValue, expected: "a single value") else { continue }
                file.settings[setting] = RawSetting(text: text, source: .file(path: path, line: node.start.line))
            }
            if let node = reader.value("prices") { file.prices = Self.prices(node, sink: sink) }
            file.resultHosts = (reader.list("result_hosts") ?? []).compactMap {
                sink.text(of: $0, key: "result_hosts")
            }
            return file
        }.value
    }

    private static func prices(_ node: YAMLNode, sink: DiagnosticSink) -> [String: Money] {
        guard let reader = MappingReader(node, place: "`prices`", sink: sink),
            case .mapping(let pairs) = node.content
        else { return [:] }
        var prices: [String: Money] = [:]
        for pair in pairs { prices[pair.name] = reader.money(pair.name) }
        return prices
    }
}
