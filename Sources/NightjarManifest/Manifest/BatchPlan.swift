import NightjarCore
import PromptLanguage
import YAMLStream

/// Everything that a document says but its prompts.
struct BatchPlan: Sendable {
    var settings: BatchSettings
    var defaults = RequestFields()
    /// `defaults.model` stands there, even if it is wrong.
    var hasModel = false
    var seeds: SeedPlan?
    var variants: VariantsMode = .all
    /// `nil` when it is wrong, which has been reported.
    var matrix: Matrix?
    /// Where the axes stand, in the order of `matrix`.
    var axisKeys: [YAMLNode] = []
    var sample: Sample?
    var lists: [PromptList] = []
    var wildcards: WildcardFolder
    /// What has been looked up in them.
    var cachedWildcards: CachedWildcards
    /// Where `output.path` stands.
    var pathNode: YAMLNode?
    /// Of the files that axes were read from.
    var digests: [String] = []

    /// Reads what was found of a document. Everything wrong is reported; what is wrong has its default then.
    init(_ header: DocumentHeader, context: ManifestContext) {
        let sink = context.sink
        wildcards = WildcardFolder("wildcards", in: context.folder)
        cachedWildcards = CachedWildcards(wildcards)
        Self.checkVersion(header, sink: sink)
        settings = BatchSettings(name: Self.name(header, sink: sink) ?? "")
        if let node = header.value("defaults"), let reader = MappingReader(node, place: "`defaults`", sink: sink) {
            Self.checkDefaults(reader)
            defaults = RequestFields(reader)
            hasModel = reader.has("model")
        } else {
            // A `defaults` that is no mapping has been reported; its model is not missing besides.
            hasModel = header.value("defaults") != nil
        }
        seeds = header.value("seeds").flatMap { SeedPlan($0, sink: sink) }
        sample = header.value("sample").flatMap { Sample($0, sink: sink) }
        variants = VariantsMode.read(header.value("variants"), sink: sink) ?? .all
        var axes = MatrixReader(context)
        matrix = axes.matrix(header.value("matrix"), exclude: header.value("exclude"))
        axisKeys = axes.keys
        digests = axes.digests
        lists = PromptList.read(header.value("prompts_from"), context: context)
        readWildcards(header, context: context)
        readOutput(header, sink: sink)
        readLimits(header, sink: sink)
        settings.schedule = header.value("schedule").flatMap { ScheduleReader.schedule($0, sink: sink) }
        if case .count = seeds, case .manifest = defaults.seed, let node = header.value("seeds") {
            sink.report(
                "unused-seed", "`seeds` draws seeds of its own; the seed in `defaults` is not used", at: node,
                severity: .warning)
        }
    }

    /// A `model` comes from an axis.
    var hasModelAxis: Bool { matrix.map { $0.axes.contains { $0.name == "model" } } ?? true }

    private mutating func readWildcards(_ header: DocumentHeader, context: ManifestContext) {
        guard let node = header.value("wildcards"), let name = context.sink.text(of: node, key: "wildcards") else {
            return
        }
        guard !name.isEmpty else {
            return context.sink.report(
                "wildcards", "`wildcards` names a folder, and here it is empty", at: node,
                hint:
                    "leave it away for `wildcards/` beside the manifest, or write `wildcards: .` for the manifest's own folder"
            )
        }
        wildcards = WildcardFolder(name, in: context.folder)
        cachedWildcards = CachedWildcards(wildcards)
        if let problem = wildcards.problem() {
            func report() {
                context.sink.report(
                    "wildcards", "the folder \(DisplayText.quoted(name)) cannot be used: \(problem)", at: node,
                    hint: context.folder.hint(for: name))
            }
            if problem.isMissing { context.sink.reportMissingFile(report) } else { report() }
        }
    }

    private static func checkVersion(_ header: DocumentHeader, sink: DiagnosticSink) {
        guard let node = header.value("version") else {
            return header.reportMissing("version", hint: "write `version: 1` at the top", sink: sink)
        }
        if case .invalid = node.content { return }
        guard node.scalarType == .number, let text = node.text, Int64(text) != nil else {
            return sink.report(
                "type", "`version` must be a whole number, got \(node.described)", at: node, hint: "write `version: 1`")
        }
        if Int64(text) != Schema.version {
            sink.report(
                "version", "version \(DisplayText.quoted(text)) is not supported; this nightjar reads version 1",
                at: node)
        }
    }

    private static func name(_ header: DocumentHeader, sink: DiagnosticSink) -> String? {
        guard let node = header.value("name") else {
            header.reportMissing(
                "name", hint: "the name is the batch's identity: write `name: spring`, say", sink: sink)
            return nil
        }
        guard let name = sink.text(of: node, key: "name") else { return nil }
        let isSpelt = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "._-".utf8.contains(byte)
        }
        guard isSpelt, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= Schema.longestName else {
            sink.report(
                "name",
                "`name` must be 1 to \(Schema.longestName) of A–Z, a–z, 0–9, `.`, `_`, `-`, and not begin with `.`, "
                    + "got \(DisplayText.quoted(name))",
                at: node)
            return nil
        }
        return name
    }

    private static func checkDefaults(_ reader: MappingReader) {
        if let pair = reader.pair("prompt") {
            reader.sink.report(
                "unknown-key", "`prompt` has no place in `defaults`", at: pair.key, hint: "prompts go into `prompts`")
        }
        reader.checkKeys(Schema.defaults + (reader.has("prompt") ? ["prompt"] : []), allowsExtensions: true)
    }

    private mutating func readOutput(_ header: DocumentHeader, sink: DiagnosticSink) {
        guard let node = header.value("output"), let reader = MappingReader(node, place: "`output`", sink: sink) else {
            return
        }
        reader.checkKeys(Schema.output, allowsExtensions: true)
        if let (path, node) = reader.text("path") {
            settings.pathTemplate = path
            pathNode = node
            do {
                _ = try PathTemplate(path)
            } catch {
                let isWhole = error.offset == 0 && error.length >= path.unicodeScalars.count
                sink.report(
                    "path", error.message, at: (isWhole ? nil : node.mark(at: error.offset)) ?? node.start,
                    length: isWhole || node.mark(at: 0) == nil ? node.lengthOnLine : error.length, hint: error.hint)
            }
        }
        for item in reader.list("sidecar") ?? [] {
            guard let name = sink.text(of: item, key: "sidecar") else { continue }
            let known = BatchSettings.Sidecar.allCases.map(\.rawValue)
            guard let sidecar = BatchSettings.Sidecar(rawValue: name) else {
                sink.report(
                    "type",
                    "`sidecar` must be of \(known.map { "`\($0)`" }.joined(separator: ", ")), got \(item.described)",
                    at: item, hint: nearest(to: name, among: known).map { "did you mean `\($0)`?" })
                continue
            }
            if !settings.sidecars.contains(sidecar) { settings.sidecars.append(sidecar) }
        }
    }

    private mutating func readLimits(_ header: DocumentHeader, sink: DiagnosticSink) {
        if let node = header.value("limits"), let reader = MappingReader(node, place: "`limits`", sink: sink) {
            reader.checkKeys(Schema.limits, allowsExtensions: true)
            settings.limits = reader.limits()
        }
        if let node = header.value("retry"), let reader = MappingReader(node, place: "`retry`", sink: sink) {
            reader.checkKeys(Schema.retry, allowsExtensions: true)
            let standard = BatchSettings.Retry()
            settings.retry = BatchSettings.Retry(
                attempts: reader.integer("attempts", in: Schema.attempts) ?? standard.attempts,
                jobTimeout: reader.duration("job_timeout") ?? standard.jobTimeout)
        }
    }
}
