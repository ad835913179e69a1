/// Builds a JSON object on one line, its members in the order in which they are added.
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
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case ..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                bytes += (digits.utf8.count == 1 ? "\\u000" : "\\u00").utf8
                bytes += digits.utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
