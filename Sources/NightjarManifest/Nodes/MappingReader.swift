package import NightjarCore
import YAMLStream

/// Reads the known keys of a mapping by type, and reports what is wrong with them.
///
/// A value that is missing or wrong is `nil`; what is wrong has been reported.
package struct MappingReader {
    package let node: YAMLNode
    /// Where the mapping is, as messages say it: "`limits`", "job `hero`", "this prompt".
    package var place: String { label.map { "job \(DisplayText.quoted($0))" } ?? name }
    private let name: String
    /// Of a job; messages are rare, so the words are made when they are needed.
    private var label: String?
    package let sink: DiagnosticSink
    private let pairs: [YAMLNode.Pair]

    /// All keys, in the order of the file.
    var entries: [YAMLNode.Pair] { pairs }

    /// - Returns: `nil` when `node` is no mapping.
    package init?(_ node: YAMLNode, place: String, sink: DiagnosticSink) {
        guard case .mapping(let pairs) = node.content else {
            if case .invalid = node.content { return nil }
            sink.report("type", "\(place) must be a mapping of `key: value`, got \(node.described)", at: node)
            return nil
        }
        self.node = node
        name = place
        self.sink = sink
        self.pairs = pairs
    }

    /// The same mapping, spoken of as the job with this `id`.
    func labelled(_ label: String?) -> MappingReader {
        var reader = self
        reader.label = label
        return reader
    }

    package func value(_ key: String) -> YAMLNode? { place(of: key).map { pairs[$0].value } }

    package func pair(_ key: String) -> YAMLNode.Pair? { place(of: key).map { pairs[$0] } }

    package func has(_ key: String) -> Bool { place(of: key) != nil }

    private func place(of key: String) -> Int? {
        // Indices, since a pair is large to copy.
        pairs.indices.first { pairs[$0].name == key }
    }

    /// Reports every key that is not one of `known`.
    /// - Parameters:
    ///   - unsupported: Keys of the language that this version does not carry out.
    ///   - allowsExtensions: Whether keys that begin with `x-` are passed over.
    /// - Returns: Known keys that were probably meant by unknown ones.
    @discardableResult
    package func checkKeys(_ known: [String], unsupported: [String] = [], allowsExtensions: Bool = false)
        -> [String]
    {
        var meant: [String] = []
        for index in pairs.indices where !known.contains(pairs[index].name) {
            let pair = pairs[index]
            if allowsExtensions, pair.name.hasPrefix("x-") { continue }
            let near = sink.reportKey(
                pair.name, at: pair.key, known: known, unsupported: unsupported, place: "in \(place)")
            if let near { meant.append(near) }
        }
        return meant
    }

    /// A string. A plain number, boolean or nothing is not one.
    package func text(_ key: String) -> (value: String, node: YAMLNode)? {
        guard let node = value(key) else { return nil }
        return sink.text(of: node, key: key).map { ($0, node) }
    }

    /// The text of any scalar but nothing, as it is written.
    package func scalar(_ key: String, expected: String) -> (text: String, node: YAMLNode)? {
        guard let node = value(key) else { return nil }
        if case .invalid = node.content { return nil }
        guard let text = node.text, node.scalarType != .null else {
            sink.report("type", "`\(key)` must be \(expected), got \(node.described)", at: node)
            return nil
        }
        return (text, node)
    }

    /// A whole number, plain decimal digits.
    package func integer(_ key: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let node = value(key) else { return nil }
        return sink.integer(of: node, key: key, in: range)
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        integer(key, in: Int64(range.lowerBound)...Int64(range.upperBound)).map(Int.init)
    }

    /// A finite number of at least `minimum`.
    package func number(_ key: String, atLeast minimum: Double) -> Double? {
        guard let node = value(key) else { return nil }
        if case .invalid = node.content { return nil }
        let expected = "a number of at least \(minimum == minimum.rounded() ? "\(Int(minimum))" : "\(minimum)")"
        guard node.scalarType == .number, let text = node.text, let number = Double(text), number.isFinite,
            number >= minimum
        else {
            let inQuotes = node.scalarType == .text ? node.text.flatMap(Double.init) : nil
            sink.report(
                "type", "`\(key)` must be \(expected), got \(node.described)", at: node,
                hint: inQuotes == nil ? nil : "write it without quotes")
            return nil
        }
        return number
    }

    /// `true` or `false`; `yes`, `no`, `on` and `off` count as these where nothing else can be meant.
    package func boolean(_ key: String) -> Bool? {
        guard let node = value(key) else { return nil }
        if case .invalid = node.content { return nil }
        if case .boolean(let value) = node.scalarType { return value }
        if case .scalar(let text, .plain) = node.content {
            if ["yes", "on"].contains(text.lowercased()) { return true }
            if ["no", "off"].contains(text.lowercased()) { return false }
        }
        sink.report("type", "`\(key)` must be `true` or `false`, got \(node.described)", at: node)
        return nil
    }

    /// Whatever `parse` makes of a scalar's text.
    /// - Parameters:
    ///   - expected: What the value must be, for the message.
    ///   - example: What to write, for the hint.
    package func parsed<Value>(
        _ key: String, expected: String, example: String, _ parse: (String) -> Value?
    ) -> (value: Value, node: YAMLNode)? {
        guard let (text, node) = scalar(key, expected: expected) else { return nil }
        guard let value = parse(text) else {
            sink.report(
                "type", "`\(key)` must be \(expected), got \(node.described)", at: node,
                hint: "write `\(key): \(example)`, say")
            return nil
        }
        return (value, node)
    }

    package func rate(_ key: String) -> Rate? {
        parsed(key, expected: "a rate such as `5/s` or `60/min`", example: "60/min", Rate.init)?.value
    }

    package func money(_ key: String) -> Money? {
        parsed(key, expected: "an amount with at most six decimals", example: "20.00") { Money($0) }?.value
    }

    /// A duration of more than nothing.
    package func duration(_ key: String) -> Duration? {
        parsed(key, expected: "a duration of more than zero", example: "2h") { text in
            Duration(text: text).flatMap { $0 > .zero ? $0 : nil }
        }?.value
    }

    /// A list; a single value counts as a list of one.
    package func list(_ key: String) -> [YAMLNode]? {
        guard let node = value(key) else { return nil }
        switch node.content {
        case .sequence(let items): return items
        case .invalid: return nil
        case .scalar, .mapping: return [node]
        }
    }
}
