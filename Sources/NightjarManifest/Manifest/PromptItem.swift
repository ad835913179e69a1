import NightjarCore
import YAMLStream

/// One entry of `prompts`.
struct PromptItem {
    var prompt: String
    /// Where the prompt's text stands.
    var mark: YAMLMark
    var end: YAMLMark
    var style: YAMLScalarStyle
    var label: String?
    var labelNode: YAMLNode?
    var fields = RequestFields()
    /// A `model` that is wrong counts as given: it has been reported.
    var hasModel = false
    /// A seed that is wrong counts as given.
    var hasSeed = false
    /// A JSON object.
    var meta: String?
    /// `variants: none` stands here.
    var isVerbatim = false
    /// The line of the entry.
    var line: Int

    /// A plain text, straight from the parser.
    init(text: String, style: YAMLScalarStyle, from start: YAMLMark, to end: YAMLMark) {
        prompt = text
        mark = start
        self.end = end
        self.style = style
        line = start.line
    }

    /// - Returns: `nil` when there is no prompt in it; that is reported.
    init?(_ node: YAMLNode, sink: DiagnosticSink) {
        switch node.content {
        case .invalid:
            return nil
        case .scalar(let text, let style):
            self.init(text: text, style: style, from: node.start, to: node.end)
        case .sequence:
            sink.report("type", "a prompt must be text or a mapping, got a list", at: node)
            return nil
        case .mapping:
            guard let reader = MappingReader(node, place: "this prompt", sink: sink) else { return nil }
            self.init(reader)
        }
    }

    private init?(_ unnamed: MappingReader) {
        let sink = unnamed.sink
        let label = Self.label(of: unnamed)
        let reader = unnamed.labelled(label)
        let meant = reader.checkKeys(Schema.prompt, allowsExtensions: true)
        self.init(text: "", style: .plain, from: reader.node.start, to: reader.node.start)
        self.label = label
        labelNode = reader.value("id")
        fields = RequestFields(reader)
        hasModel = reader.has("model")
        hasSeed = reader.has("seed")
        if let meta = reader.value("meta"), MappingReader(meta, place: "`meta`", sink: sink) != nil {
            self.meta = JSONText.text(of: meta)
        }
        isVerbatim = BatchPlan.isVerbatim(reader.value("variants"), sink: sink)
        guard let node = reader.value("prompt") else {
            if meant.contains("prompt") { return nil }
            sink.report(
                "missing", "\(reader.place) has no `prompt`", at: reader.node.start,
                hint: "write `prompt: \"…\"`")
            return nil
        }
        guard case .scalar(let text, let style) = node.content else {
            if case .invalid = node.content { return nil }
            sink.report("type", "`prompt` must be text, got \(node.described)", at: node)
            return nil
        }
        prompt = text
        self.style = style
        mark = node.start
        end = node.end
    }

    private static func label(of reader: MappingReader) -> String? {
        guard let (label, node) = reader.text("id") else { return nil }
        let length = label.unicodeScalars.count
        guard (1...Schema.longestID).contains(length) else {
            reader.sink.report(
                "type", "`id` must have 1 to \(Schema.longestID) characters, got \(length)", at: node)
            return nil
        }
        guard !label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            reader.sink.report("type", "`id` must not hold control characters", at: node)
            return nil
        }
        return label
    }

    var isBlank: Bool { !prompt.unicodeScalars.contains { !$0.properties.isWhitespace } }
}
