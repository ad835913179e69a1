import NightjarCore
import YAMLStream

/// Everything that a document says but its prompts.
struct BatchPlan: Sendable, Equatable {
    var settings: BatchSettings
    var defaults = RequestFields()
    /// `defaults.model` stands there, even if it is wrong.
    var hasModel = false
    var seeds: SeedPlan?
    /// `variants: none` at the top.
    var isVerbatim = false

    /// Reads what was found of a document. Everything wrong is reported; what is wrong has its default then.
    init(_ header: DocumentHeader, sink: DiagnosticSink) {
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
        isVerbatim = Self.isVerbatim(header.value("variants"), sink: sink)
        readOutput(header, sink: sink)
        readLimits(header, sink: sink)
        settings.schedule = header.value("schedule").flatMap { ScheduleReader.schedule($0, sink: sink) }
        if case .count = seeds, case .manifest = defaults.seed, let node = header.value("seeds") {
            sink.report(
                "unused-seed", "`seeds` draws seeds of its own; the seed in `defaults` is not used", at: node,
                severity: .warning)
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

    /// Whether `variants: none` is what stands there.
    static func isVerbatim(_ node: YAMLNode?, sink: DiagnosticSink) -> Bool {
        guard let node, let text = sink.text(of: node, key: "variants") else { return false }
        switch text {
        case "none": return true
        case "all", "random":
            sink.report(
                "unsupported", "`variants: \(text)` is not supported by this version of nightjar", at: node,
                hint: "leave it away, or write `variants: none` to take prompts as they stand")
        default:
            sink.report(
                "type", "`variants` must be `none`, got \(node.described)", at: node,
                hint: nearest(to: text, among: ["none"]).map { "did you mean `\($0)`?" })
        }
        return false
    }

    private mutating func readOutput(_ header: DocumentHeader, sink: DiagnosticSink) {
        guard let node = header.value("output"), let reader = MappingReader(node, place: "`output`", sink: sink) else {
            return
        }
        reader.checkKeys(Schema.output, allowsExtensions: true)
        if let (path, node) = reader.text("path") {
            settings.pathTemplate = path
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
            settings.limits = BatchSettings.Limits(
                concurrency: reader.integer("concurrency", in: Schema.concurrency), rate: reader.rate("rate"),
                maxJobs: reader.integer("max_jobs", in: Schema.maxJobs), budget: reader.money("budget"))
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
