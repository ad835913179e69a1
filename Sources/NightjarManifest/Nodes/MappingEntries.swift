import YAMLStream

/// The keys of a mapping as they are read: none twice, and `<<` filled in at the end.
struct MappingEntries {
    private var pairs: [YAMLNode.Pair] = []
    private var merges: [YAMLNode] = []
    /// Kept only for mappings of many keys; short ones are searched.
    private var places: [String: Int] = [:]

    mutating func add(_ key: YAMLNode, _ value: YAMLNode, sink: DiagnosticSink) {
        guard let name = key.text else {
            if case .invalid = key.content { return }
            return sink.report("type", "a key must be text, got \(key.described)", at: key)
        }
        if name == "<<", case .scalar(_, .plain) = key.content { return merges.append(value) }
        if let place = place(of: name) {
            return sink.report(
                "duplicate-key", "the key \(DisplayText.quoted(name)) is given twice", at: key,
                notes: [("first given here", pairs[place].key.start)])
        }
        append(YAMLNode.Pair(name: name, key: key, value: value))
    }

    /// All entries, the mapping's own first. Of mappings merged, the earlier wins.
    mutating func finish(sink: DiagnosticSink) -> [YAMLNode.Pair] {
        for merge in merges {
            if case .sequence(let items) = merge.content {
                for item in items { fill(from: item, sink: sink) }
            } else {
                fill(from: merge, sink: sink)
            }
        }
        return pairs
    }

    private mutating func fill(from node: YAMLNode, sink: DiagnosticSink) {
        switch node.content {
        case .mapping(let merged):
            for index in merged.indices where place(of: merged[index].name) == nil { append(merged[index]) }
        case .invalid: break
        case .scalar, .sequence:
            sink.report("type", "`<<` takes a mapping or a list of mappings, got \(node.described)", at: node)
        }
    }

    private mutating func append(_ pair: YAMLNode.Pair) {
        pairs.append(pair)
        if pairs.count == 16 {
            for (place, pair) in pairs.enumerated() { places[pair.name] = place }
        } else if pairs.count > 16 {
            places[pair.name] = pairs.count - 1
        }
    }

    private func place(of name: String) -> Int? {
        pairs.count < 16 ? pairs.indices.first { pairs[$0].name == name } : places[name]
    }
}
