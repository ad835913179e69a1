extension PromptTemplate {
    /// Whether the text holds nothing that the language could give a meaning to: no brace, no `#`, no `__`, and no
    /// comment at its beginning. Such a text stands for itself and needs no parsing.
    package static func isPlain(_ text: String) -> Bool {
        var text = text
        return text.withUTF8(isPlain)
    }

    /// - Parameter bytes: UTF-8.
    package static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !beginsWithComment(bytes) else { return false }
        let raw = UnsafeRawBufferPointer(bytes)
        var position = 0
        // Eight bytes at a time: only where one of the four characters is near is a closer look needed.
        while position + 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let found =
                zeroes(word ^ braces) | zeroes(word ^ closingBraces) | zeroes(word ^ hashes)
                | zeroes(word ^ underscores)
            if found != 0 {
                for offset in position..<position + 8 where hasMeaning(bytes, at: offset) { return false }
            }
            position += 8
        }
        for offset in position..<max(position, bytes.count) where hasMeaning(bytes, at: offset) { return false }
        return true
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let braces = ones &* 0x7B
    private static let closingBraces = ones &* 0x7D
    private static let hashes = ones &* 0x23
    private static let underscores = ones &* 0x5F

    /// The highest bit of each byte that is 0; perhaps of others too.
    @inline(__always)
    private static func zeroes(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & (ones &* 0x80) }

    @inline(__always)
    private static func hasMeaning(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        switch bytes[position] {
        case 0x7B, 0x7D, 0x23: true
        case 0x5F: position + 1 < bytes.count && bytes[position + 1] == 0x5F
        case _: false
        }
    }

    private static func beginsWithComment(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = bytes.firstIndex(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }),
            bytes[start] == UInt8(ascii: "/"), start + 1 < bytes.count
        else { return false }
        return bytes[start + 1] == UInt8(ascii: "/") || bytes[start + 1] == UInt8(ascii: "*")
    }
}
