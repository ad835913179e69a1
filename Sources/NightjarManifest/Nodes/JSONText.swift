import NightjarCore
import YAMLStream

/// A node as JSON text, compact.
enum JSONText {
    /// A node as JSON: keys sorted, plain numbers, `true`, `false` and `null` as such, all other scalars as strings.
    static func text(of node: YAMLNode) -> String {
        switch node.content {
        case .invalid: return "null"
        case .scalar(let text, _):
            switch node.scalarType {
            case .null: return "null"
            case .boolean(let value): return value ? "true" : "false"
            case .number where isNumber(text): return text
            case .number, .text: return JSONWriter.quoted(text)
            }
        case .sequence(let items): return "[\(items.map(text(of:)).joined(separator: ","))]"
        case .mapping(let pairs):
            let sorted = pairs.sorted { $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars) }
            var object = JSONWriter()
            for pair in sorted { object.add(pair.name, json: text(of: pair.value)) }
            return object.text
        }
    }

    /// A JSON object in a text, compact with its keys sorted; `nil` where it is none.
    static func object(from text: String) -> String? {
        let sink = DiagnosticSink(file: "")
        let reader = NodeReader(YAMLParser(bytes: Array(text.utf8)), sink: sink)
        guard text.trimmed().hasPrefix("{"), let event = try? reader.next(), event.kind == .documentStart,
            let start = try? reader.next(), let node = try? reader.node(from: start), case .mapping = node.content,
            let end = try? reader.next(), end.kind == .documentEnd, !sink.hasErrors
        else { return nil }
        return self.text(of: node)
    }

    /// RFC 8259 section 6: no `+`, no leading zeros, digits on both sides of the point.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" { rest.removeFirst() }
        func digits() -> Int {
            let run = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        let startsWithZero = rest.first == "0"
        let whole = digits()
        guard whole > 0, !startsWithZero || whole == 1 else { return false }
        if rest.first == "." {
            rest.removeFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            if rest.first == "+" || rest.first == "-" { rest.removeFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
