/// Facts with their names at the left, one below the other; on a narrow terminal each name stands above its facts.
struct FactSheet {
    enum Line {
        /// Broken between words where it is too long.
        case text(String, TerminalStyle.Ink = .normal)
        /// Cut where it is too long.
        case cut(String, TerminalStyle.Ink = .normal)
        /// To be copied: whole, however long.
        case whole(String, TerminalStyle.Ink = .normal)
    }

    private enum Entry {
        case facts(String, [Line])
        case gap
    }

    private var entries: [Entry] = []

    /// From so many columns on, names stand at the left.
    private static let wide = 60
    /// Long lines are hard to read, however wide the terminal.
    private static let widestText = 110

    /// - Parameter lines: Safe to print.
    mutating func add(_ name: String, _ lines: [Line]) {
        if !lines.isEmpty { entries.append(.facts(name, lines)) }
    }

    mutating func add(_ name: String, _ line: Line) {
        add(name, [line])
    }

    /// An empty line before the next fact.
    mutating func addGap() {
        entries.append(.gap)
    }

    /// - Parameters:
    ///   - width: Cells that a line may take; `nil`: as many as needed.
    ///   - isRedrawn: A line must not be longer, so what cannot be broken is cut.
    func lines(width: Int?, style: TerminalStyle, isRedrawn: Bool = false) -> [String] {
        let names = entries.map { entry in
            switch entry {
            case .facts(let name, _): Cells.width(of: name)
            case .gap: 0
            }
        }
        let isWide = width.map { $0 >= Self.wide } ?? true
        let indent = isWide ? (names.max() ?? 0) + 2 : 2
        return entries.flatMap { entry -> [String] in
            switch entry {
            case .gap: return [""]
            case .facts(let name, let facts):
                let room = width.map { max(8, $0 - indent) }
                let lines = facts.flatMap { Self.lines($0, room: room, style: style, isRedrawn: isRedrawn) }
                guard isWide else {
                    let name = isRedrawn ? Cells.cut(name, to: width ?? .max, ellipsis: style.ellipsis) : name
                    return [style.paint(name, .dim)] + lines.map { Self.blanks(indent) + $0 }
                }
                return lines.enumerated().map { place, line in
                    place == 0
                        ? style.paint(name, .dim) + Self.blanks(indent - Cells.width(of: name)) + line
                        : Self.blanks(indent) + line
                }
            }
        }
    }

    private static func lines(
        _ line: Line, room: Int?, style: TerminalStyle, isRedrawn: Bool
    ) -> [String] {
        switch line {
        case .text(let text, let ink):
            guard let room else { return [style.paint(text, ink)] }
            return Cells.wrapped(text, to: min(room, widestText)).map { line in
                style.paint(isRedrawn ? Cells.cut(line, to: room, ellipsis: style.ellipsis) : line, ink)
            }
        case .whole(let text, let ink) where isRedrawn:
            return lines(.cut(text, ink), room: room, style: style, isRedrawn: true)
        case .cut(let text, let ink):
            return [style.paint(room.map { Cells.cut(text, to: $0, ellipsis: style.ellipsis) } ?? text, ink)]
        case .whole(let text, let ink): return [style.paint(text, ink)]
        }
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
