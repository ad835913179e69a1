internal import NightjarCore

/// A page that is being written: markup is ours and stands in the source, everything else is escaped.
struct HTML: Sendable {
    private(set) var text = ""

    mutating func markup(_ literal: StaticString) {
        text += literal.description
    }

    /// Escaped for text and for quoted attributes alike.
    mutating func add(_ words: String) {
        for scalar in words.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            // Control characters, and those that turn the direction of what follows.
            case _ where Self.isInvisible(scalar): text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    mutating func add(_ number: Int) {
        add(number.grouped)
    }

    /// What stands in backticks is code.
    mutating func addWords(_ words: String) {
        for (place, part) in words.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if place % 2 == 1 { markup("<code>") }
            add(String(part))
            if place % 2 == 1 { markup("</code>") }
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case ..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
