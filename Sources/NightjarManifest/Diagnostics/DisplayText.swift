/// Text of unknown origin, made fit for a terminal.
enum DisplayText {
    /// Replaces what could move the cursor or reorder the line. Tabs are kept where `keepsTabs`.
    static func neutral(_ text: String, keepsTabs: Bool = false) -> String {
        guard !text.unicodeScalars.allSatisfy({ isHarmless($0, keepsTabs) }) else { return text }
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { safe.append(isHarmless(scalar, keepsTabs) ? scalar : "\u{FFFD}") }
        return String(safe)
    }

    /// A value for a message: in backticks, neutral, and cut where it is long.
    static func quoted(_ value: String) -> String {
        let scalars = value.unicodeScalars
        let end = scalars.index(scalars.startIndex, offsetBy: 60, limitedBy: scalars.endIndex) ?? scalars.endIndex
        return "`\(neutral(String(scalars[..<end])))\(end < scalars.endIndex ? "…" : "")`"
    }

    private static func isHarmless(_ scalar: Unicode.Scalar, _ keepsTabs: Bool) -> Bool {
        switch scalar.value {
        case 0x09: keepsTabs
        case 0x00..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: false
        // Marks that reorder text.
        case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// Columns of a terminal that a character takes: 0, 1 or 2; 4 for a tab, which takes 1 to 8.
    static func cells(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x09: return 4
        case 0x20..<0x7F: return 1
        case 0x200B...0x200D, 0xFE00...0xFE0F: return 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default:
            if scalar.properties.isEmojiPresentation { return 2 }
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: return 0
            default: return 1
            }
        }
    }
}
