import NightjarCore
import YAMLStream

/// An entry of `prompts_from`.
struct PromptList: Sendable {
    /// As the manifest names it.
    var name: String
    /// Which column holds the prompts.
    var column: String?
    /// Where the manifest names it.
    var node: YAMLNode

    /// `prompts_from: prompts.txt`, `{file: …, column: …}`, or a list of these.
    static func read(_ node: YAMLNode?, context: ManifestContext) -> [PromptList] {
        guard let node else { return [] }
        let nodes: [YAMLNode] =
            if case .sequence(let items) = node.content { items } else { [node] }
        guard nodes.count <= Schema.mostLists else {
            context.sink.report("limit", "more than \(Schema.mostLists) lists", at: node)
            return []
        }
        if nodes.isEmpty { context.sink.report("empty", "`prompts_from` names no list", at: node) }
        return nodes.compactMap { one($0, sink: context.sink) }
    }

    private static func one(_ node: YAMLNode, sink: DiagnosticSink) -> PromptList? {
        if case .scalar = node.content {
            return sink.text(of: node, key: "prompts_from").map { PromptList(name: $0, node: node) }
        }
        guard let reader = MappingReader(node, place: "`prompts_from`", sink: sink) else { return nil }
        let meant = reader.checkKeys(Schema.list)
        guard let (name, place) = reader.text("file") else {
            if !reader.has("file"), !meant.contains("file") {
                sink.report(
                    "missing", "`prompts_from` needs `file`", at: node,
                    hint: "write `prompts_from: {file: prompts.txt}`")
            }
            return nil
        }
        return PromptList(name: name, column: reader.text("column")?.value, node: place)
    }

    /// Calls `take` for each prompt of the list.
    /// - Parameters:
    ///   - number: The list's place among those of the batch, from 1.
    ///   - isVerbatim: `variants: none` at the top.
    /// - Returns: The file's hash; `nil` where it cannot be used, which is reported.
    func forEachPrompt(
        _ number: Int, isVerbatim: Bool, context: ManifestContext, _ take: (PromptItem, DiagnosticSink) throws -> Void
    ) throws -> String? {
        guard let list = ListFile(name, at: node, in: context.folder, sink: context.sink) else { return nil }
        if column != nil, list.format == .txt {
            context.sink.report("column", "a `.txt` has no columns: each line is a prompt", at: node)
            return nil
        }
        let sink = context.sink(forList: name)
        let column = column ?? "prompt"
        var header: HeaderCheck?
        var rows = 0
        try list.forEachRow(sink: sink, keepsComments: isVerbatim) { row in
            rows += 1
            var item: PromptItem?
            switch row {
            case .line(let text, let line): item = Self.item(text, line: line)
            case .record(let fields, let names):
                if header == nil { header = HeaderCheck(names, column: column, sink: sink) }
                if header?.isUsable == true {
                    item = PromptItem(fields, header: names, promptColumn: column, sink: sink)
                }
            case .object(let node):
                item = PromptItem(node, sink: sink, takesVariables: true, promptKey: column)
            }
            guard var item else { return }
            item.file = number
            try take(item, sink)
        }
        if rows == 0, !sink.hasErrors {
            context.sink.report("empty", "\(DisplayText.quoted(name)) holds no prompts", at: node)
        }
        return try list.file.digest()
    }

    private static func item(_ text: String, line: Int) -> PromptItem {
        let lead = text.unicodeScalars.prefix { $0.properties.isWhitespace }.count
        let trimmed = text.trimmed()
        let start = YAMLMark(line: line, column: lead + 1, offset: line)
        let end = YAMLMark(line: line, column: lead + 1 + trimmed.unicodeScalars.count, offset: line)
        return PromptItem(text: trimmed, style: .plain, from: start, to: end)
    }

    /// A table without the prompts is told so once.
    private struct HeaderCheck {
        let isUsable: Bool

        init(_ names: [String], column: String, sink: DiagnosticSink) {
            isUsable = names.contains(column)
            if !isUsable { MatrixReader.reportColumn(column, names, sink: sink) }
        }
    }
}

extension PromptItem {
    /// A record of a table. A field of the request, an `id` or a `meta` that is empty is not given.
    init?(_ record: [CSVReader.Field], header: [String], promptColumn: String, sink: DiagnosticSink) {
        let first = YAMLMark(line: record[0].line, column: 1, offset: record[0].line)
        self.init(text: "", style: .plain, from: first, to: first)
        for (field, name) in zip(record, header) {
            let start = YAMLMark(line: field.line, column: field.column, offset: field.line)
            let length = field.text.unicodeScalars.count
            func report(_ message: String, hint: String? = nil) {
                sink.report("type", message, at: start, length: length, hint: hint)
            }
            if name == promptColumn {
                prompt = field.text
                style = field.isQuoted ? .doubleQuoted : .plain
                mark = start
                let quotes = field.isQuoted ? 2 : 0
                end = YAMLMark(line: field.line, column: field.column + length + quotes, offset: field.line)
                continue
            }
            guard Schema.prompt.contains(name), name != "prompt" else {
                variables.append(Variable(name: name, value: field.text))
                continue
            }
            guard !field.text.isEmpty else { continue }
            switch name {
            case "id":
                labelMark = (start, length)
                if Self.check(label: field.text, at: start, length: length, sink: sink) { label = field.text }
            case "variants":
                variants = VariantsMode(rawValue: field.text)
                if variants == nil {
                    report("`variants` must be `all`, `random` or `none`, got \(DisplayText.quoted(field.text))")
                }
            case "meta":
                meta = JSONText.object(from: field.text)
                if meta == nil { report("`meta` must be a JSON object, got \(DisplayText.quoted(field.text))") }
            default:
                if name == "model" { hasModel = true }
                if name == "seed" { hasSeed = true }
                do throws(RequestFields.Unfit) { try fields.set(name, to: field.text) } catch { report(error.message) }
                if name == "seed", case .manifest(let seed) = fields.seed, seed > Schema.exactSeed {
                    sink.report(
                        "large-seed",
                        "seeds above \(Schema.exactSeed) lose digits where a server reads numbers as doubles",
                        at: start,
                        length: length, severity: .warning)
                }
            }
        }
    }
}
