/// Text measured in terminal cells: what other programs and people wrote, made safe to print and to align.
///
/// Where terminals disagree (emoji joined by ZWJ, skin tones), the greater width is taken: a line that is a little
/// short does no harm, one that wraps breaks the display.
package enum Cells {
    /// The cells that `text` takes. Control characters are counted as one; print only what `plain(_:)` returned.
    package static func width(of text: String) -> Int {
        text.reduce(0) { $0 + width(of: $1) }
    }

    /// The cells of one character: 2 for wide East Asian ones and emoji, 0 for marks without a base.
    package static func width(of character: Character) -> Int {
        var cells = 0
        for scalar in character.unicodeScalars {
            // U+FE0F asks for the emoji form of a narrow symbol, which is wide.
            cells += scalar == "\u{FE0F}" ? (cells == 1 ? 1 : 0) : scalar.cells
        }
        return cells
    }

    /// The longest beginning of `text` that fits, with `ellipsis` at its end where something was cut off.
    package static func cut(_ text: String, to cells: Int, ellipsis: String = "…") -> String {
        guard width(of: text) > cells else { return text }
        let mark = prefix(of: ellipsis, cells)
        return prefix(of: text, cells - width(of: mark)) + mark
    }

    /// Both ends of `text`, with `ellipsis` for what was cut out between: for paths, whose ends tell most.
    package static func cutMiddle(_ text: String, to cells: Int, ellipsis: String = "…") -> String {
        guard width(of: text) > cells else { return text }
        let rest = cells - width(of: ellipsis)
        guard rest >= 8 else { return cut(text, to: cells, ellipsis: ellipsis) }
        let tail = String(prefix(of: String(text.reversed()), rest / 2).reversed())
        return prefix(of: text, rest - width(of: tail)) + ellipsis + tail
    }

    /// `text` filled up with blanks to `cells`; longer text stays as it is.
    package static func padded(_ text: String, to cells: Int, alignment: Alignment = .left) -> String {
        let blanks = String(repeating: " ", count: max(0, cells - width(of: text)))
        return alignment == .left ? text + blanks : blanks + text
    }

    package enum Alignment: Sendable {
        case left, right
    }

    /// One line that does nothing to a terminal but to show.
    ///
    /// Line ends and tabs become blanks, other control characters their pictures (`␛`), invisible changes of the
    /// direction of writing `�`, and no character keeps more than eight scalars.
    package static func plain(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        var plain = String.UnicodeScalarView()
        for character in text {
            for scalar in character.unicodeScalars.prefix(8) {
                // A line end of two scalars is one character.
                if scalar == "\r", character == "\r\n" { continue }
                plain.append(scalar.visible)
            }
        }
        return String(plain)
    }

    private static func prefix(of text: String, _ cells: Int) -> String {
        var end = text.startIndex
        var taken = 0
        while end < text.endIndex {
            taken += width(of: text[end])
            if taken > cells { break }
            end = text.index(after: end)
        }
        return String(text[..<end])
    }
}
