/// What the terminal can show, and in which colours parts of a line are written.
package struct TerminalStyle: Equatable, Sendable {
    package var colour: Bool
    /// Whether more than ASCII may be written.
    package var unicode: Bool

    package init(colour: Bool, unicode: Bool) {
        self.colour = colour
        self.unicode = unicode
    }

    /// Colours on a terminal unless `NO_COLOR` is set (https://no-color.org) or `TERM` is `dumb`; Unicode where the
    /// locale says UTF-8.
    package init(isTerminal: Bool, environment: [String: String]) {
        colour =
            isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM", default: "dumb"] != "dumb"
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        let name = (locale ?? "").lowercased()
        unicode = name.hasSuffix("utf-8") || name.hasSuffix("utf8") || name.contains("utf-8@")
    }

    package enum Ink: String, Sendable {
        case normal = ""
        case strong = "1"
        case dim = "2"
        case bad = "31"
        case good = "32"
        case warning = "33"
        case bar = "36"
    }

    package var ellipsis: String { unicode ? "…" : ".." }

    /// What others wrote, safe to print here.
    package func plain(_ text: String) -> String {
        let text = Cells.plain(text)
        return unicode ? text : String(text.map { $0.isASCII ? $0 : "?" })
    }

    package func paint(_ text: String, _ ink: Ink) -> String {
        colour && ink != .normal && !text.isEmpty ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A line of `pieces`, cut to `width` cells, without blanks at its end.
    package func line(_ pieces: [Piece], width: Int) -> String {
        var pieces = pieces
        while let last = pieces.popLast() {
            let text = String(last.text.reversed().drop { $0 == " " }.reversed())
            if text.isEmpty { continue }
            pieces.append(Piece(text, last.ink))
            break
        }
        var left = width
        var line = ""
        for piece in pieces where left > 0 {
            let text = Cells.cut(piece.text, to: left, ellipsis: ellipsis)
            left -= text == piece.text ? Cells.width(of: text) : left
            line += paint(text, piece.ink)
        }
        return line
    }

    /// A part of a line in one colour; its text is safe to print.
    package struct Piece: Equatable, Sendable {
        package var text: String
        package var ink: Ink

        package init(_ text: String, _ ink: Ink = .normal) {
            self.text = text
            self.ink = ink
        }
    }
}
