import YAMLStream

/// What stands at the top of a document, but for the prompts.
struct DocumentHeader {
    /// Where the document's mapping begins.
    var start = YAMLMark(line: 1, column: 1, offset: 0)
    var pairs: [YAMLNode.Pair] = []
    /// The key `prompts`.
    var promptsKey: YAMLNode?
    /// Keys that were probably meant by unknown ones; they are not missing besides.
    var meant: [String] = []
    /// Nothing stands in the document.
    var isEmpty = false
    /// It is no mapping, which has been reported.
    var isUnusable = false
    /// Read to its end. What is missing of a document that breaks off is not known.
    var isComplete = false

    func value(_ name: String) -> YAMLNode? { pairs.first { $0.name == name }?.value }

    func key(_ name: String) -> YAMLNode? { pairs.first { $0.name == name }?.key }

    func reportMissing(_ name: String, hint: String, sink: DiagnosticSink) {
        guard isComplete, !meant.contains(name) else { return }
        sink.report("missing", "the manifest has no `\(name)`", at: start, hint: hint)
    }
}

/// Walks over one document: prompts are handed out one by one, everything else is collected. Keys come in any order.
struct DocumentWalker {
    typealias OnText = (Span<UInt8>, YAMLScalarStyle, YAMLMark, YAMLMark) throws -> Void

    let reader: NodeReader
    let sink: DiagnosticSink
    private(set) var header = DocumentHeader()
    private var seen: [String: YAMLMark] = [:]
    private var merges = MappingEntries()
    private var hasMerges = false

    init(reader: NodeReader, sink: DiagnosticSink) {
        self.reader = reader
        self.sink = sink
    }

    /// Reads a document behind its start, to its end.
    /// - Parameters:
    ///   - onText: A prompt that is a plain string, the common case: its text, how it is written, its start and its end.
    ///   - onNode: Any other entry of `prompts`.
    mutating func walk(
        onText: OnText, onNode: (YAMLNode) throws -> Void
    ) throws {
        guard let root = try reader.next() else { return }
        header.start = root.start
        guard case .mappingStart = root.kind else {
            try takeUnusable(root)
            return
        }
        while let key = try reader.next(), !key.kind.isEnd {
            try takeEntry(key, onText: onText, onNode: onNode)
        }
        try takeMerges(onNode: onNode)
        try endDocument()
    }

    private mutating func takeUnusable(_ root: YAMLEvent) throws {
        let node = try root.kind == .sequenceStart ? nil : reader.node(from: root)
        if root.kind == .sequenceStart { try reader.skip(from: root) }
        if let node, node.scalarType == .null {
            header.isEmpty = true
        } else {
            header.isUnusable = true
            sink.report(
                "type", "a manifest is a mapping of `key: value`, got \(node?.described ?? "a list")", at: root.start,
                hint: "begin with `version: 1`")
        }
        try endDocument()
    }

    private mutating func endDocument() throws {
        while let event = try reader.next(), event.kind != .documentEnd {}
        header.isComplete = true
    }

    private mutating func takeEntry(
        _ keyEvent: YAMLEvent, onText: OnText,
        onNode: (YAMLNode) throws -> Void
    ) throws {
        let key = try reader.node(from: keyEvent)
        guard let value = try reader.next() else { return }
        guard let name = key.text else {
            if case .invalid = key.content {
            } else {
                sink.report("type", "a key must be text, got \(key.described)", at: key)
            }
            return try reader.skip(from: value)
        }
        if name == "<<" {
            hasMerges = true
            return merges.add(key, try reader.node(from: value), sink: sink)
        }
        if let first = seen[name] {
            sink.report(
                "duplicate-key", "the key \(DisplayText.quoted(name)) is given twice", at: key,
                notes: [("first given here", first)])
            return try reader.skip(from: value)
        }
        // Keys of one's own are many only in a file made to be so; those are not all remembered.
        if seen.count < 10_000 || Schema.top.contains(name) { seen[name] = key.start }
        if name == "prompts" {
            header.promptsKey = key
            return try takePrompts(value, onText: onText, onNode: onNode)
        }
        guard accept(name, key) else { return try reader.skip(from: value) }
        header.pairs.append(YAMLNode.Pair(name: name, key: key, value: try reader.node(from: value)))
    }

    /// - Returns: Whether the key is one whose value is wanted.
    private mutating func accept(_ name: String, _ key: YAMLNode) -> Bool {
        if Schema.top.contains(name) { return true }
        if name.hasPrefix("x-") { return false }
        let near = sink.reportKey(
            name, at: key, known: Schema.top, unsupported: [], place: "at the top of the manifest")
        if let near { header.meant.append(near) }
        return false
    }

    private func takePrompts(
        _ value: YAMLEvent, onText: OnText,
        onNode: (YAMLNode) throws -> Void
    ) throws {
        // A list with an anchor must be kept, as far as it can be; every other list is streamed.
        guard value.kind == .sequenceStart, value.anchor == nil, value.tag == nil else {
            return try takePrompts(in: try reader.node(from: value), onNode: onNode)
        }
        while let item = try reader.next(takingScalars: onText), !item.kind.isEnd {
            try onNode(try reader.node(from: item))
        }
    }

    private func takePrompts(in node: YAMLNode, onNode: (YAMLNode) throws -> Void) throws {
        switch node.content {
        case .sequence(let items): try items.forEach(onNode)
        case .invalid: break
        case .scalar, .mapping:
            sink.report(
                "type", "`prompts` must be a list, got \(node.described)", at: node,
                hint: "write each prompt behind `- `")
        }
    }

    /// What `<<` at the top brings, where the document does not say it itself.
    private mutating func takeMerges(onNode: (YAMLNode) throws -> Void) throws {
        guard hasMerges else { return }
        for pair in merges.finish(sink: sink) where seen[pair.name] == nil {
            if pair.name == "prompts" {
                header.promptsKey = pair.key
                try takePrompts(in: pair.value, onNode: onNode)
            } else if accept(pair.name, pair.key) {
                header.pairs.append(pair)
            }
        }
    }
}
