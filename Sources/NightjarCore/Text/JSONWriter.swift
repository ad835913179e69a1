/// Builds a JSON object on one line, its members in the order in which they are added.
///
/// Control characters, those of C1 and of the bidirectional algorithm among them, are written as escapes, so that a
/// terminal shows a line and does not obey it.
package struct JSONWriter: Sendable {
    private var members = ""

    package init() {}

    /// The object so far.
    package var text: String { "{\(members)}" }

    package mutating func add(_ name: String, _ value: String?) {
        addMember(name, value.map(Self.quoted) ?? "null")
    }

    package mutating func add(_ name: String, _ value: (some FixedWidthInteger)?) {
        addMember(name, value.map { String($0) } ?? "null")
    }

    /// - Parameter value: What is not finite is `null`. A whole number keeps its `.0`, so that readers who infer types
    ///   see the same one in every line.
    package mutating func add(_ name: String, _ value: Double?) {
        addMember(name, value.flatMap { $0.isFinite ? String($0) : nil } ?? "null")
    }

    package mutating func add(_ name: String, _ value: Bool) {
        addMember(name, value ? "true" : "false")
    }

    /// An amount as a number, exact to its last decimal.
    package mutating func add(_ name: String, _ value: Money) {
        addMember(name, value.description)
    }

    package mutating func add(_ name: String, _ value: WallTime?) {
        add(name, value?.rfc3339)
    }

    package mutating func add(_ name: String, _ value: JSONWriter?) {
        addMember(name, value?.text ?? "null")
    }

    package mutating func add(_ name: String, _ values: [JSONWriter]) {
        addMember(name, "[\(values.map(\.text).joined(separator: ","))]")
    }

    /// - Parameter json: Any JSON value. Line ends between its parts become blanks: within strings JSON has none.
    package mutating func add(_ name: String, json: String) {
        let isOneLine = !json.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let line = isOneLine ? json : String(decoding: json.utf8.map { $0 == 10 || $0 == 13 ? 32 : $0 }, as: UTF8.self)
        addMember(name, line)
    }

    private mutating func addMember(_ name: String, _ json: String) {
        if !members.isEmpty { members += "," }
        members += Self.quoted(name)
        members += ":"
        members += json
    }

    /// `text` as a JSON string, with its quotes (RFC 8259, section 7). Letters of every script stay as they are.
    package static func quoted(_ text: String) -> String {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            // C1 begins with C2, the bidirectional and line-breaking controls with D8 or E2.
            bytes.allSatisfy { $0 >= 0x20 && ![0x22, 0x5C, 0x7F, 0xC2, 0xD8, 0xE2].contains($0) }
        }
        if isPlain { return "\"\(text)\"" }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                if isControl(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
