import NightjarCore
import YAMLStream

/// One entry of `prompts`, or one row of a list of prompts.
struct PromptItem {
    /// A column of a row that is no request field.
    struct Variable: Equatable {
        var name: String
        var value: String
    }

    var prompt: String
    /// Where the prompt's text stands.
    var mark: YAMLMark
    var end: YAMLMark
    var style: YAMLScalarStyle
    /// The text holds something that the prompt language could give a meaning to.
    var isDynamic: Bool
    /// Which file it stands in: 0 is the manifest, then the lists of `prompts_from` in their order.
    var file = 0
    var label: String?
    /// While it is read: where the `id` stands.
    var labelMark: (mark: YAMLMark, length: Int)?
    var fields = RequestFields()
    /// A `model` that is wrong counts as given: it has been reported.
    var hasModel = false
    /// A seed that is wrong counts as given.
    var hasSeed = false
    /// A JSON object.
    var meta: String?
    /// `variants` beside the prompt.
    var variants: VariantsMode?
    /// In the order of the columns.
    var variables: [Variable] = []
    /// The line of the entry.
    var line: Int

    init(
        text: String, style: YAMLScalarStyle, from start: YAMLMark, to end: YAMLMark,
        isDynamic: Bool = false
    ) {
        prompt = text
        mark = start
        self.end = end
        self.style = style
        self.isDynamic = isDynamic
        line = start.line
    }

    /// - Parameter takesVariables: Keys that are not known are variables, as in a row of a list.
    /// - Returns: `nil` when there is no prompt in it; that is reported.
    init?(_ node: YAMLNode, sink: DiagnosticSink, takesVariables: Bool = false, promptKey: String = "prompt") {
        switch node.content {
        case .invalid:
            return nil
        case .scalar(let text, let style):
            self.init(text: text, style: style, from: node.start, to: node.end)
        case .sequence:
            sink.report("type", "a prompt must be text or a mapping, got a list", at: node)
            return nil
        case .mapping:
            if !takesVariables, let text = Self.textWithColon(node) {
                sink.report(
                    "syntax", "a text with `: ` in it must stand in quotes", at: node.start,
                    length: text.unicodeScalars.count, hint: "write `- \(Self.inQuotes(text))`")
                return nil
            }
            if !takesVariables, let text = Self.choice(node) {
                sink.report(
                    "syntax", "a prompt that begins with `{` must stand in quotes", at: node,
                    hint: "write `- \(Self.inQuotes(text + " …"))`, to the end of the prompt")
                return nil
            }
            let node = takesVariables ? Self.row(node) : node
            guard let reader = MappingReader(node, place: takesVariables ? "this row" : "this prompt", sink: sink)
            else { return nil }
            self.init(reader, takesVariables: takesVariables, promptKey: promptKey)
        }
    }

    private init?(_ unnamed: MappingReader, takesVariables: Bool, promptKey: String) {
        let sink = unnamed.sink
        let label = Self.label(of: unnamed)
        let reader = unnamed.labelled(label)
        let meant = takesVariables ? [] : reader.checkKeys(Schema.prompt, allowsExtensions: true)
        self.init(text: "", style: .plain, from: reader.node.start, to: reader.node.start)
        self.label = label
        labelMark = reader.value("id").map { ($0.start, $0.lengthOnLine) }
        fields = RequestFields(reader)
        hasModel = reader.has("model")
        hasSeed = reader.has("seed")
        if let meta = reader.value("meta"), MappingReader(meta, place: "`meta`", sink: sink) != nil {
            self.meta = JSONText.text(of: meta)
        }
        variants = VariantsMode.read(reader.value("variants"), sink: sink)
        if takesVariables { variables = Self.variables(of: reader, but: promptKey) }
        guard let node = reader.value(promptKey) else {
            if meant.contains("prompt") { return nil }
            let near = nearest(to: promptKey, among: variables.map(\.name))
            sink.report(
                "missing", "\(reader.place) has no `\(promptKey)`", at: reader.node.start,
                hint: near.map { "call the key `\($0)` so, or name it in the manifest: `column: \($0)`" }
                    ?? "write `\(promptKey): \"…\"`")
            return nil
        }
        guard case .scalar(let text, let style) = node.content else {
            if case .invalid = node.content { return nil }
            sink.report("type", "`\(promptKey)` must be text, got \(node.described)", at: node)
            return nil
        }
        prompt = text
        self.style = style
        mark = node.start
        end = node.end
    }

    /// A text such as `A portrait: soft light`, which YAML reads as a mapping, where nothing else can be meant.
    private static func textWithColon(_ node: YAMLNode) -> String? {
        guard case .mapping(let pairs) = node.content, pairs.count == 1,
            case .scalar(let key, .plain) = pairs[0].key.content,
            case .scalar(let value, let style) = pairs[0].value.content, style != .literal, style != .folded,
            // In braces it is no text.
            node.start == pairs[0].key.start, pairs[0].value.end.line == node.start.line,
            !Schema.prompt.contains(key), !key.hasPrefix("x-"), nearest(to: key, among: Schema.prompt) == nil
        else { return nil }
        let quote = style == .doubleQuoted ? "\"" : style == .singleQuoted ? "'" : ""
        return "\(key): \(quote)\(value)\(quote)"
    }

    /// `{red|blue}`, which YAML reads as a mapping of keys without values.
    private static func choice(_ node: YAMLNode) -> String? {
        guard case .mapping(let pairs) = node.content, !pairs.isEmpty, node.start != pairs[0].key.start,
            pairs.allSatisfy({ $0.value.scalarType == .null && !Schema.prompt.contains($0.name) }),
            pairs.contains(where: { $0.name.contains("|") || $0.name.contains("$$") })
        else { return nil }
        return "{\(pairs.map(\.name).joined(separator: ", "))}"
    }

    private static func inQuotes(_ text: String) -> String {
        let shown = DisplayText.neutral(text)
        return shown.contains("\"") || shown.contains("\\")
            ? "'\(shown.replacing("'", with: "''"))'" : "\"\(shown)\""
    }

    /// In the rows of a list nothing (`null`) is not there, and a number can be an `id`.
    private static func row(_ node: YAMLNode) -> YAMLNode {
        guard case .mapping(var pairs) = node.content else { return node }
        pairs.removeAll { $0.value.scalarType == .null }
        for place in pairs.indices where pairs[place].name == "id" { pairs[place].value.isTaggedText = true }
        var node = node
        node.content = .mapping(pairs)
        return node
    }

    /// Every key of a row that is none of a prompt's.
    private static func variables(of reader: MappingReader, but promptKey: String) -> [Variable] {
        var variables: [Variable] = []
        let taken = Schema.prompt.filter { $0 != "prompt" } + [promptKey]
        for pair in reader.entries where !taken.contains(pair.name) {
            guard let text = pair.value.text else {
                if case .invalid = pair.value.content { continue }
                reader.sink.report(
                    "type", "\(DisplayText.quoted(pair.name)) must be text or a number, got \(pair.value.described)",
                    at: pair.value, hint: "what is only to be carried along goes into `meta`")
                continue
            }
            guard variables.count < Schema.mostColumns else {
                reader.sink.report("limit", "a row has more than \(Schema.mostColumns) values", at: reader.node)
                break
            }
            variables.append(Variable(name: pair.name, value: text))
        }
        return variables
    }

    private static func label(of reader: MappingReader) -> String? {
        guard let (label, node) = reader.text("id") else { return nil }
        return check(label: label, at: node.start, length: node.lengthOnLine, sink: reader.sink) ? label : nil
    }

    /// - Returns: Whether it can be an `id`; if not, that is reported.
    static func check(label: String, at mark: YAMLMark, length: Int, sink: DiagnosticSink) -> Bool {
        let count = label.unicodeScalars.count
        guard (1...Schema.longestID).contains(count) else {
            sink.report(
                "type", "`id` must have 1 to \(Schema.longestID) characters, got \(count)", at: mark, length: length)
            return false
        }
        guard !label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            sink.report("type", "`id` must not hold control characters", at: mark, length: length)
            return false
        }
        return true
    }

    var isBlank: Bool { !prompt.unicodeScalars.contains { !$0.properties.isWhitespace } }

    /// Where it begins on its line, as far as that is known.
    var column: Int { line == mark.line ? mark.column : 1 }

    /// Unicode scalars to underline, where only the whole prompt can be pointed at.
    var lengthOnLine: Int { NightjarManifest.lengthOnLine(from: mark, to: end) }
}
