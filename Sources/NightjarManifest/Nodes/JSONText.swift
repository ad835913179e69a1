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
            case .number where JSONSyntax.isNumber(text.utf8): return text
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
        let bytes = Array(text.utf8)
        guard JSONSyntax.mistake(in: bytes[...]) == nil else { return nil }
        let sink = DiagnosticSink(file: "")
        let reader = NodeReader(YAMLParser(bytes: JSONLines.yaml(bytes[...])), sink: sink)
        guard text.trimmed().hasPrefix("{"), let event = try? reader.next(), event.kind == .documentStart,
            let start = try? reader.next(), let node = try? reader.node(from: start), case .mapping = node.content,
            let end = try? reader.next(), end.kind == .documentEnd, !sink.hasErrors
        else { return nil }
        return self.text(of: node)
    }
}
