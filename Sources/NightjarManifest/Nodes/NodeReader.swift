import NightjarCore
import YAMLStream

/// Makes nodes of events, one small tree at a time. It remembers what has an anchor, and nothing else.
final class NodeReader {
    /// Of one tree.
    private let largestTree: YAMLNode.Size
    /// Of all that has an anchor, in one document.
    private static let mostAnchored = YAMLNode.Size(nodes: 100_000, bytes: 16 << 20)
    /// Of all that aliases stand for, in one file.
    private static let mostAliased = YAMLNode.Size(nodes: 50_000_000, bytes: 1 << 30)

    private enum Anchored {
        /// Its end has not been read: an alias to it would be within itself.
        case open
        case node(YAMLNode)
        case tooLarge
    }

    private var parser: YAMLParser
    private let sink: DiagnosticSink
    private var anchors: [String: Anchored] = [:]
    private var anchored = YAMLNode.Size(nodes: 0)
    private var aliased = YAMLNode.Size(nodes: 0)

    init(
        _ parser: consuming YAMLParser, sink: DiagnosticSink,
        largestTree: YAMLNode.Size = YAMLNode.Size(nodes: 10_000, bytes: 4 << 20)
    ) {
        self.largestTree = largestTree
        self.parser = parser
        self.sink = sink
    }

    /// The next event; anchors do not reach beyond their document.
    func next() throws(YAMLError) -> YAMLEvent? {
        let event = try parser.next()
        if case .documentStart = event?.kind {
            anchors = [:]
            anchored = YAMLNode.Size(nodes: 0)
        }
        return event
    }

    /// The next event within a list that is no bare scalar; see `YAMLParser`.
    func next(
        takingScalars take: (Span<UInt8>, YAMLScalarStyle, YAMLMark, YAMLMark) throws -> Void
    ) throws -> YAMLEvent? {
        try parser.next(takingScalars: take)
    }

    /// The node that begins with `event`. What is wrong with it is reported.
    func node(from event: YAMLEvent) throws(YAMLError) -> YAMLNode {
        if let node = try read(event, keeps: true) { return node }
        sink.report(
            "limit",
            "more than \(largestTree.nodes) values, or \(largestTree.bytes >> 20) MiB of text, in one place",
            at: event.start)
        return YAMLNode(content: .invalid, start: event.start, end: event.end)
    }

    /// Reads over the node that begins with `event`; what has an anchor in it is remembered.
    func skip(from event: YAMLEvent) throws(YAMLError) {
        _ = try read(event, keeps: false)
    }

    /// - Returns: `nil` where nothing is kept, or the tree is too large to be.
    private func read(_ event: YAMLEvent, keeps: Bool) throws(YAMLError) -> YAMLNode? {
        if case .alias(let name) = event.kind { return try resolve(name, at: event) }
        if let anchor = event.anchor { anchors[anchor] = .open }
        let keeps = keeps || event.anchor != nil
        var node = YAMLNode(content: .invalid, start: event.start, end: event.end)
        node.isTaggedText = try check(event)
        switch event.kind {
        case .scalar(let text, let style):
            node.content = .scalar(text, style)
            node.size.bytes = Int32(clamping: text.utf8.count)
        case .sequenceStart: try readSequence(into: &node, keeps: keeps)
        case .mappingStart: try readMapping(into: &node, keeps: keeps)
        case .alias, .sequenceEnd, .mappingEnd, .documentStart, .documentEnd: break
        }
        let isSmall = node.size.nodes <= largestTree.nodes && node.size.bytes <= largestTree.bytes
        if let anchor = event.anchor { try remember(isSmall ? .node(node) : .tooLarge, as: anchor, at: event.start) }
        return keeps && isSmall ? node : nil
    }

    private func readSequence(into node: inout YAMLNode, keeps: Bool) throws(YAMLError) {
        var items: [YAMLNode] = []
        while let event = try next(), !event.kind.isEnd {
            guard let item = try read(event, keeps: keeps && fits(node)) else {
                if keeps { overflow(&node) }
                continue
            }
            node.size += item.size
            if keeps, fits(node) { items.append(item) } else { items = [] }
        }
        node.content = .sequence(items)
    }

    private func readMapping(into node: inout YAMLNode, keeps: Bool) throws(YAMLError) {
        var entries = MappingEntries()
        while let event = try next(), !event.kind.isEnd {
            let keepsOn = keeps && fits(node)
            let key = try read(event, keeps: keepsOn)
            guard let second = try next() else { break }
            let value = try read(second, keeps: keepsOn)
            guard let key, let value else {
                if keeps { overflow(&node) }
                continue
            }
            node.size += key.size
            node.size += value.size
            if keeps, fits(node) { entries.add(key, value, sink: sink) } else { entries = MappingEntries() }
        }
        node.content = .mapping(entries.finish(sink: sink))
    }

    private func fits(_ node: YAMLNode) -> Bool {
        node.size.nodes <= largestTree.nodes && node.size.bytes <= largestTree.bytes
    }

    private func overflow(_ node: inout YAMLNode) {
        node.size.nodes = max(node.size.nodes, largestTree.nodes + 1)
    }

    /// - Returns: Whether the tag says that a scalar is a string.
    private func check(_ event: YAMLEvent) throws(YAMLError) -> Bool {
        guard let tag = event.tag else { return false }
        let core = "tag:yaml.org,2002:"
        let name = tag.hasPrefix(core) ? String(tag.dropFirst(core.utf8.count)) : tag
        switch name {
        case "str", "!": return true
        case "int", "float", "bool", "null", "seq", "map": return false
        default:
            sink.report(
                "tag", "the tag \(DisplayText.quoted(name)) is not supported", at: event.start,
                hint: "put text that begins with `!` in quotes")
            return false
        }
    }

    // MARK: Anchors and aliases

    private func remember(_ value: Anchored, as name: String, at mark: YAMLMark) throws(YAMLError) {
        if case .node(let node) = value { anchored += node.size }
        anchored.nodes += 1
        guard anchored.nodes <= Self.mostAnchored.nodes, anchored.bytes <= Self.mostAnchored.bytes else {
            throw YAMLError(
                .limit,
                "anchors hold more than \(Self.mostAnchored.nodes) values, or \(Self.mostAnchored.bytes >> 20) MiB",
                at: mark)
        }
        anchors[name] = value
    }

    private func resolve(_ name: String, at event: YAMLEvent) throws(YAMLError) -> YAMLNode {
        let invalid = YAMLNode(content: .invalid, start: event.start, end: event.end)
        let length = event.end.column - event.start.column
        switch anchors[name] {
        case .node(let node):
            aliased += node.size
            guard aliased.nodes <= Self.mostAliased.nodes, aliased.bytes <= Self.mostAliased.bytes else {
                throw YAMLError(
                    .limit,
                    "aliases stand for more than \(Self.mostAliased.nodes) values, or "
                        + "\(Self.mostAliased.bytes >> 30) GiB of text",
                    at: event.start)
            }
            return node
        case .open:
            sink.report(
                "alias", "the alias `*\(name)` stands within the value that it names", at: event.start, length: length)
        case .tooLarge:
            sink.report(
                "limit", "what `&\(name)` names is too large to be used by an alias", at: event.start, length: length)
        case nil:
            // Many mistakes among many anchors are not all looked up.
            let known = anchors.count <= 200 ? anchors.keys.sorted() : []
            let near = nearest(to: name, among: known)
            sink.report(
                "alias", "the alias \(DisplayText.quoted("*" + name)) has no anchor before it", at: event.start,
                length: length,
                hint: near.map { "did you mean `*\($0)`?" } ?? "put text that begins with `*` in quotes")
        }
        return invalid
    }
}
