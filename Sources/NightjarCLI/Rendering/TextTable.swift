/// Rows and columns for people, aligned by cells.
struct TextTable {
    struct Column {
        var title: String
        var alignment: Cells.Alignment
        var cells: [String]
    }

    /// The first one is the one that gives way where the terminal is narrow.
    var columns: [Column]

    /// - Parameter width: Cells that a line may take; `nil`: as many as needed.
    func lines(width: Int?, style: TerminalStyle) -> [String] {
        var widths = columns.map { column in
            ([column.title] + column.cells).map { Cells.width(of: $0) }.max() ?? 0
        }
        if let width, let first = widths.first {
            let excess = widths.reduce(0) { $0 + $1 + 2 } - 2 - width
            if excess > 0 { widths[0] = max(min(first, 8), first - excess) }
        }
        let count = columns.map(\.cells.count).max() ?? 0
        return (-1..<count).map { row in
            let pieces = zip(columns, widths).enumerated().map { place, entry in
                let (column, width) = entry
                let text = row < 0 ? column.title : column.cells[row]
                let cut = Cells.cut(text, to: width, ellipsis: style.ellipsis)
                let gap = place == 0 ? "" : "  "
                return TerminalStyle.Piece(
                    gap + Cells.padded(cut, to: width, alignment: column.alignment), row < 0 ? .dim : .normal)
            }
            return style.line(pieces, width: width ?? .max)
        }
    }
}
