/// Looks at every byte before libyaml does: finds what is no text, with its line and column, and what libyaml would
/// take too long over.
///
/// Counts as libyaml counts: CR LF, CR, LF, NEL, LS and PS end a line.
struct SourceScanner {
    private let limits: YAMLLimits
    private(set) var problem: YAMLError?

    /// Where the next character begins.
    var mark: YAMLMark { YAMLMark(line: line, column: column, offset: offset) }
    private var line = 1
    private var column = 1
    private var offset = 0
    private var afterCarriageReturn = false
    private var blanks = 0
    private var directives = 0

    /// Continuation bytes that the character begun still needs, the range for the next of them, and its bits so far.
    private var missing = 0
    private var allowed: ClosedRange<UInt8> = 0x80...0xBF
    private var scalar: UInt32 = 0
    private var lead: UInt8 = 0

    init(limits: YAMLLimits) {
        self.limits = limits
    }

    /// - Returns: How many of `bytes` may be given on; fewer than there are once `problem` is set.
    mutating func scan(_ bytes: borrowing RawSpan) -> Int {
        var position = 0
        let count = bytes.byteCount
        while position < count {
            if missing == 0, column > 1, position + 8 <= count,
                takeWord(
                    UInt64(
                        littleEndian: unsafe bytes.unsafeLoadUnaligned(
                            fromUncheckedByteOffset: position, as: UInt64.self)))
            {
                position += 8
                continue
            }
            let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: position, as: UInt8.self)
            // Still common: printable ASCII within a line.
            if missing == 0, byte > 0x20, byte < 0x7F, column > 1 {
                column += 1
                offset += 1
                blanks = 0
                afterCarriageReturn = false
            } else if !take(byte) {
                return position
            }
            position += 1
        }
        return count
    }

    /// The text is over.
    mutating func finish() {
        if missing > 0 { fail(.encoding, "the file ends in the middle of a UTF-8 character") }
    }

    /// The common case: takes eight characters of printable ASCII within a line at once, the first in the lowest byte.
    /// - Returns: `false` where they are not such.
    private mutating func takeWord(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high = ones &* 0x80
        let isPrintable =
            (word | (word &+ ones)) & high == 0 && ((word | high) &- ones &* 0x20) & high == high
        guard isPrintable, blanks + 8 <= limits.blanks else { return false }
        let differences = word ^ (ones &* 0x20)
        blanks = differences == 0 ? blanks + 8 : differences.leadingZeroBitCount / 8
        column += 8
        offset += 8
        afterCarriageReturn = false
        return true
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        if missing > 0 { return takeContinuation(byte) }
        switch byte {
        case 0x09, 0x20: return takeBlank()
        case 0x0A, 0x0D: return takeBreak(UInt32(byte))
        case 0x21...0x7E:
            if column == 1, byte != 0x23 {
                directives = byte == 0x25 ? directives + 1 : 0
                guard directives <= limits.directives else {
                    return fail(.limit, "more than \(limits.directives) directives in a row")
                }
            }
            advance()
            return true
        case 0x00:
            return fail(
                .encoding, "a NUL byte: this is not a text file",
                hint: "if it is one, it may be UTF-16; save it as UTF-8")
        case 0xC2...0xDF: begin(byte, 0x1F, missing: 1)
        case 0xE0: begin(byte, 0x0F, missing: 2, allowed: 0xA0...0xBF)
        case 0xED: begin(byte, 0x0F, missing: 2, allowed: 0x80...0x9F)
        case 0xE1...0xEF: begin(byte, 0x0F, missing: 2)
        case 0xF0: begin(byte, 0x07, missing: 3, allowed: 0x90...0xBF)
        case 0xF1...0xF3: begin(byte, 0x07, missing: 3)
        case 0xF4: begin(byte, 0x07, missing: 3, allowed: 0x80...0x8F)
        case 0x80...0xFF: return fail(.encoding, "the byte 0x\(hex(byte)) is not UTF-8", hint: "save the file as UTF-8")
        default:
            return fail(
                .encoding, "the control character 0x\(hex(byte)) is not allowed",
                hint: "in double quotes it can be written `\\x\(hex(byte))`")
        }
        return true
    }

    private mutating func begin(_ byte: UInt8, _ mask: UInt8, missing: Int, allowed: ClosedRange<UInt8> = 0x80...0xBF) {
        lead = byte
        scalar = UInt32(byte & mask)
        self.missing = missing
        self.allowed = allowed
    }

    private mutating func takeContinuation(_ byte: UInt8) -> Bool {
        guard allowed.contains(byte) else {
            return fail(.encoding, "the byte 0x\(hex(lead)) is not UTF-8", hint: "save the file as UTF-8")
        }
        scalar = scalar << 6 | UInt32(byte & 0x3F)
        missing -= 1
        allowed = 0x80...0xBF
        guard missing == 0 else { return true }
        switch scalar {
        case 0x85, 0x2028, 0x2029: return takeBreak(scalar)
        case 0x80...0x9F, 0xFFFE, 0xFFFF:
            return fail(.encoding, "the control character U+\(hex(scalar, 4)) is not allowed")
        case 0xFEFF: return fail(.encoding, "a byte order mark in the middle of the file")
        default:
            advance()
            return true
        }
    }

    private mutating func advance() {
        column += 1
        offset += 1
        blanks = 0
        afterCarriageReturn = false
    }

    private mutating func takeBlank() -> Bool {
        let run = blanks
        advance()
        return countBlank(after: run)
    }

    private mutating func takeBreak(_ scalar: UInt32) -> Bool {
        offset += 1
        column = 1
        if !(scalar == 0x0A && afterCarriageReturn) { line += 1 }
        afterCarriageReturn = scalar == 0x0D
        return countBlank(after: blanks)
    }

    private mutating func countBlank(after run: Int) -> Bool {
        blanks = run + 1
        guard blanks <= limits.blanks else {
            return fail(.limit, "more than \(limits.blanks) blanks and line ends in a row")
        }
        return true
    }

    @discardableResult
    private mutating func fail(_ kind: YAMLError.Kind, _ message: String, hint: String? = nil) -> Bool {
        problem = YAMLError(kind, message, at: mark, hint: hint)
        return false
    }
}

/// Upper-case hexadecimal, at least `width` digits.
private func hex(_ value: some BinaryInteger, _ width: Int = 2) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
