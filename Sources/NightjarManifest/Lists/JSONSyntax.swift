/// Whether a text is a JSON value, and nothing else (RFC 8259): YAML, which reads it then, is less strict.
struct JSONSyntax {
    struct Mistake: Error {
        var message: String
        /// Bytes before the place.
        var offset: Int
        var hint: String?
    }

    private enum Expected {
        case value, firstValue, key, firstKey, colon, separator
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    /// The closing signs of the objects and arrays that are open.
    private var open: [UInt8] = []

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// - Returns: The first mistake.
    static func mistake(in bytes: ArraySlice<UInt8>) -> Mistake? {
        var syntax = JSONSyntax(bytes)
        do throws(Mistake) {
            try syntax.takeValue()
            return nil
        } catch {
            return error
        }
    }

    private mutating func takeValue() throws(Mistake) {
        var expected = Expected.value
        while let byte = next() {
            switch expected {
            case .firstValue where byte == UInt8(ascii: "]"), .firstKey where byte == UInt8(ascii: "}"):
                position += 1
                open.removeLast()
                expected = .separator
            case .value, .firstValue:
                switch byte {
                case UInt8(ascii: "{"):
                    open.append(UInt8(ascii: "}"))
                    position += 1
                    expected = .firstKey
                case UInt8(ascii: "["):
                    open.append(UInt8(ascii: "]"))
                    position += 1
                    expected = .firstValue
                default:
                    try takeScalar(byte)
                    expected = .separator
                }
            case .key, .firstKey:
                guard byte == UInt8(ascii: "\"") else {
                    throw mistake("a key in double quotes must stand here", hint: "write `{\"prompt\": \"…\"}`")
                }
                try takeText()
                expected = .colon
            case .colon:
                guard byte == UInt8(ascii: ":") else { throw mistake("expected `:` here") }
                position += 1
                expected = .value
            case .separator:
                guard let end = open.last else { throw mistake("nothing may stand behind the value") }
                if byte == end {
                    open.removeLast()
                } else if byte == UInt8(ascii: ",") {
                    expected = end == UInt8(ascii: "}") ? .key : .value
                } else {
                    throw mistake(
                        "expected `,` or `\(Character(Unicode.Scalar(end)))` here",
                        hint: "a double quote within a text is written `\\\"`")
                }
                position += 1
            }
        }
        guard open.isEmpty, case .separator = expected else {
            throw mistake(
                open.last.map { "the value is not finished: `\(Character(Unicode.Scalar($0)))` is missing" }
                    ?? "there is no value")
        }
    }

    /// The next byte that is not blank.
    private mutating func next() -> UInt8? {
        while position < bytes.endIndex {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    private func mistake(_ message: String, hint: String? = nil) -> Mistake {
        Mistake(message: message, offset: position - bytes.startIndex, hint: hint)
    }

    // MARK: Scalars

    private mutating func takeScalar(_ first: UInt8) throws(Mistake) {
        if first == UInt8(ascii: "\"") { return try takeText() }
        let rest = bytes[position...]
        let word = rest.prefix { !" \t\r\n,:[]{}\"".utf8.contains($0) }
        if ["true", "false", "null"].contains(where: { word.elementsEqual($0.utf8) }) || Self.isNumber(word) {
            position = word.endIndex
            return
        }
        if first == UInt8(ascii: "-") || (48...57).contains(first) {
            throw mistake(
                "this is no number of JSON", hint: "no leading zeros, and digits on both sides of the point")
        }
        throw mistake(
            "a value must stand here: a text in double quotes, a number, `true`, `false`, `null`, `[…]` or `{…}`")
    }

    /// Section 6.
    static func isNumber(_ text: some Collection<UInt8>) -> Bool {
        var rest = text[...]
        func takesOne(of signs: String) -> Bool {
            guard let first = rest.first, signs.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        func digits() -> Int {
            let run = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(run)
            return run
        }
        _ = takesOne(of: "-")
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !startsWithZero || whole == 1 else { return false }
        if takesOne(of: "."), digits() == 0 { return false }
        if takesOne(of: "eE") {
            _ = takesOne(of: "+-")
            if digits() == 0 { return false }
        }
        return rest.isEmpty
    }

    private mutating func takeText() throws(Mistake) {
        let start = position
        position += 1
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try takeEscape()
            case 0x00..<0x20:
                throw mistake(
                    "a control character cannot stand in a text",
                    hint: bytes[position] == 0x09 ? "write a tab as `\\t`" : "write it as an escape, `\\u001b`, say")
            default: position += 1
            }
        }
        position = start
        throw mistake("a double quote opens here and is never closed")
    }

    private mutating func takeEscape() throws(Mistake) {
        guard position + 1 < bytes.endIndex else { return position += 1 }
        guard bytes[position + 1] == UInt8(ascii: "u") else {
            guard "\"\\/bfnrt".utf8.contains(bytes[position + 1]) else {
                throw mistake("there is no such escape", hint: "a backslash is written `\\\\`")
            }
            return position += 2
        }
        guard let first = Self.escaped(bytes, at: position) else {
            throw mistake("`\\u` needs four hexadecimal digits", hint: "a backslash is written `\\\\`")
        }
        guard (0xD800..<0xE000).contains(first) else { return position += 6 }
        guard first < 0xDC00, let second = Self.escaped(bytes, at: position + 6), (0xDC00..<0xE000).contains(second)
        else { throw mistake("this escape is half a character") }
        position += 12
    }

    /// The value of `\u` and four hexadecimal digits.
    static func escaped(_ bytes: ArraySlice<UInt8>, at position: Int) -> UInt32? {
        guard position + 6 <= bytes.endIndex, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u"),
            bytes[position + 2] != UInt8(ascii: "+"), bytes[position + 2] != UInt8(ascii: "-")
        else { return nil }
        return UInt32(String(decoding: bytes[(position + 2)..<(position + 6)], as: UTF8.self), radix: 16)
    }
}
