/// Small readings of text that Foundation would otherwise be needed for.
enum DecimalNumber {
    /// - Parameter text: Digits with at most one point, and perhaps a sign. At least 0: a negative weight counts as 0.
    static func value(_ text: ArraySlice<UInt8>) -> Double {
        max(
            0, Double(String(decoding: text, as: UTF8.self)) ?? Double(String(decoding: text, as: UTF8.self) + "0") ?? 0
        )
    }
}

enum Blanks {
    /// Without the white space at its ends, as Unicode has it.
    static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let string = Substring(decoding: text, as: UTF8.self)
        let scalars = string.unicodeScalars
        let leading = scalars.prefix(while: isBlank).reduce(0) { $0 + $1.utf8.count }
        let trailing = scalars.reversed().prefix(while: isBlank).reduce(0) { $0 + $1.utf8.count }
        return leading == text.count ? text.prefix(0) : text.dropFirst(leading).dropLast(trailing)
    }

    /// As Python's `str.strip` has it.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
}
