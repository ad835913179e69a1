package import YAMLStream

/// A value of a YAML text with its place; aliases and merges are resolved, and what is aliased is shared, not copied.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        case scalar(String, YAMLScalarStyle)
        case sequence([YAMLNode])
        /// No key twice.
        case mapping([Pair])
        /// Something was wrong with it that has been reported already.
        case invalid
    }

    package struct Pair: Sendable {
        package var name: String
        package var key: YAMLNode
        package var value: YAMLNode
    }

    /// How large a tree is, aliases counted as often as they are used.
    struct Size: Sendable {
        var nodes: Int32 = 1
        var bytes: Int32 = 0

        static func += (left: inout Size, right: Size) {
            left.nodes += right.nodes
            left.bytes += right.bytes
        }
    }

    package var content: Content
    /// Where it stands; for an alias, where its anchor stands.
    package var start: YAMLMark
    package var end: YAMLMark
    /// Marked as a string by its tag, whatever it looks like.
    var isTaggedText = false
    var size = Size()

    package init(content: Content, start: YAMLMark, end: YAMLMark) {
        self.content = content
        self.start = start
        self.end = end
    }

    /// Unicode scalars from its start to its end, or 1 if that is on another line.
    package var lengthOnLine: Int { NightjarManifest.lengthOnLine(from: start, to: end) }

    /// What a scalar means by its looks.
    package enum ScalarType: Equatable, Sendable {
        case null, boolean(Bool), number, text
    }

    package var scalarType: ScalarType {
        guard case .scalar(let text, .plain) = content, !isTaggedText else { return .text }
        return Self.plainType(of: text)
    }

    /// The core schema of YAML 1.2: `yes`, `no`, `on` and `off` are text.
    private static func plainType(of text: String) -> ScalarType {
        // Most text begins with a letter that nothing else begins with.
        guard let first = text.utf8.first else { return .null }
        guard first < 0x3A || "~nNtTfF".utf8.contains(first) else { return .text }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", ".nan", ".NaN", ".NAN": return .number
        default: return isNumber(text) ? .number : .text
        }
    }

    /// Decimal, with or without a sign, a fraction and an exponent.
    private static func isNumber(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var position = 0
            func digits() -> Int {
                let start = position
                while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
                return position - start
            }
            func takes(_ one: Character, _ other: Character) -> Bool {
                guard position < bytes.count, bytes[position] == one.asciiValue || bytes[position] == other.asciiValue
                else { return false }
                position += 1
                return true
            }
            _ = takes("+", "-")
            var count = digits()
            if takes(".", ".") { count += digits() }
            guard count > 0 else { return false }
            if takes("e", "E") {
                _ = takes("+", "-")
                guard digits() > 0 else { return false }
            }
            return position == bytes.count
        }
    }

    /// The text of a scalar.
    package var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// What it is, for messages: a scalar in backticks, `a list`, `a mapping`, `nothing`.
    package var described: String {
        switch content {
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .invalid: return "nothing"
        case .scalar(let text, let style):
            if case .null = scalarType { return "nothing" }
            return style == .plain ? DisplayText.quoted(text) : DisplayText.quoted("\"\(text)\"")
        }
    }

    /// The mark of a piece of a scalar.
    /// - Parameter offset: Unicode scalars into the text.
    /// - Returns: `nil` unless the file shows the text as it is, on one line.
    func mark(at offset: Int) -> YAMLMark? {
        guard case .scalar(let text, let style) = content else { return nil }
        return scalarMark(text, style, from: start, to: end, at: offset)
    }
}

/// See `YAMLNode.lengthOnLine`.
func lengthOnLine(from start: YAMLMark, to end: YAMLMark) -> Int {
    start.line == end.line ? max(1, end.column - start.column) : 1
}

/// See `YAMLNode.mark(at:)`.
func scalarMark(
    _ text: String, _ style: YAMLScalarStyle, from start: YAMLMark, to end: YAMLMark, at offset: Int
) -> YAMLMark? {
    let quotes: Int
    switch style {
    case .plain: quotes = 0
    case .singleQuoted, .doubleQuoted: quotes = 2
    case .literal, .folded: return nil
    }
    guard start.line == end.line, end.column - start.column == text.unicodeScalars.count + quotes else { return nil }
    let shift = offset + quotes / 2
    return YAMLMark(line: start.line, column: start.column + shift, offset: start.offset + shift)
}
