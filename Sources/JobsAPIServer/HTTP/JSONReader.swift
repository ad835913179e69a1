/// Reads JSON (RFC 8259), and says where it is not: Foundation's decoder does not on Linux.
struct JSONReader {
    /// What is wrong, and where: line and column from 1, the column in bytes.
    struct Failure: Error, Equatable, CustomStringConvertible {
        var message: String
        var line: Int
        var column: Int

        var description: String { "\(message) in line \(line), column \(column)" }
    }

    private let bytes: [UInt8]
    private var position = 0

    private static let deepest = 64

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func read(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var reader = JSONReader(bytes)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.unexpected("the end") }
        return value
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        skipBlanks()
        guard depth < Self.deepest else { throw failure("nested deeper than \(Self.deepest) levels") }
        guard let byte = peek else { throw unexpected("a value") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        var fields: [String: JSONValue] = [:]
        position += 1
        skipBlanks()
        if take("}") { return .object(fields) }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a name in double quotes") }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw unexpected("`:`") }
            fields[name] = try value(depth: depth + 1)
            skipBlanks()
            if take("}") { return .object(fields) }
            guard take(",") else { throw unexpected("`,` or `}`") }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        var elements: [JSONValue] = []
        position += 1
        skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw unexpected("`,` or `]`") }
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw unexpected("`\(word)`") }
        position += word.utf8.count
        return value
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw failure("the number `\(text)` is too large") }
        return Int64(exactly: number).map { .integer($0) } ?? .number(number)
    }

    private mutating func digits() throws(Failure) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw unexpected("a digit") }
    }

    private mutating func string() throws(Failure) -> String {
        position += 1
        var units: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else {
                    throw failure("the text before is not UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                units += try escape()
            case 0..<0x20:
                throw failure("a control character in a text must be written as `\\n` or `\\u0000`")
            default:
                units.append(byte)
                position += 1
            }
        }
        throw unexpected("`\"`")
    }

    /// What stands after a backslash, as UTF-8.
    private mutating func escape() throws(Failure) -> [UInt8] {
        guard let byte = peek else { throw unexpected("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: #"\u"#.utf8) {
                position += 2
                let low = try fourDigits()
                code = 0x10000 + ((code - 0xD800) << 10) + (low & 0x3FF)
            }
            // Half of a pair stands for nothing.
            return Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default:
            position -= 1
            throw unexpected("an escape such as `\\n`")
        }
    }

    private mutating func fourDigits() throws(Failure) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw unexpected("four hexadecimal digits") }
        position += 4
        return code
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func unexpected(_ wanted: String) -> Failure {
        guard let byte = peek else { return failure("expected \(wanted), got the end") }
        let found = (0x21...0x7E).contains(byte) ? "`\(Unicode.Scalar(byte))`" : "the byte \(hexadecimal([byte]))"
        return failure("expected \(wanted), got \(found)")
    }

    private func failure(_ message: String) -> Failure {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return Failure(message: message, line: line, column: before.count - start + 1)
    }
}
