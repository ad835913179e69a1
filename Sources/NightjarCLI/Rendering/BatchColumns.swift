import NightjarCore

/// The lines of several batches, their parts one below the other; what does not fit is left out by its weight.
///
/// Parts that change from second to second have a fixed width, so that nothing beside them moves.
struct BatchColumns {
    /// The least important first; the name and the counts are always there.
    private enum Column: CaseIterable {
        case rate, running, eta, blank, percent, bar, unknown, failed

        /// Whether it tells of just now, and is wrong when the run is over.
        var isMomentary: Bool { self == .rate || self == .running || self == .eta }
    }

    /// Beginning with the one that is at the left.
    private static let order: [Column] = [.bar, .percent, .running, .failed, .blank, .unknown, .rate, .eta]

    private let rows: [BatchProgress]
    private let style: TerminalStyle
    private let width: Int
    private let isCompact: Bool
    private var shown: Set<Column>
    /// Whether the time left is said to be that.
    private var saysLeft: Bool
    private var nameWidth: Int
    private var barWidth = 0

    /// - Parameters:
    ///   - width: Cells that a line may take.
    ///   - isLast: Whether the run is over.
    init(_ rows: [BatchProgress], width: Int, style: TerminalStyle, isLast: Bool) {
        self.rows = rows
        self.style = style
        self.width = width
        isCompact = width < 59
        saysLeft = !isCompact
        let natural = rows.map { Cells.width(of: style.plain($0.batch)) }.max() ?? 0
        nameWidth = min(natural, isCompact ? 8 : 11)
        let smallestBar = 8
        shown = []
        shown = Set(
            Self.order.filter { column in
                if isLast, column.isMomentary { return false }
                return switch column {
                case .failed, .blank, .unknown: rows.contains { count($0, column) > 0 }
                case .running: !isCompact
                case .rate, .eta, .percent, .bar: true
                }
            })
        for column in Column.allCases where taken(bar: smallestBar) > width {
            shown.remove(column)
            if column == .rate, taken(bar: smallestBar) > width { saysLeft = false }
        }
        var left = width - taken(bar: smallestBar)
        func widenName(to cells: Int, leaving rest: Int) {
            let more = max(0, min(min(natural, cells) - nameWidth, left - rest))
            nameWidth += more
            left -= more
        }
        // Names of a usual length come whole, then the bar grows to be read, then the longer names.
        widenName(to: 16, leaving: 0)
        widenName(to: max(24, width / 3), leaving: 8)
        barWidth = min(60, smallestBar + max(0, left))
    }

    var lines: [String] {
        rows.map { row in
            let name = Cells.cut(style.plain(row.batch), to: nameWidth, ellipsis: style.ellipsis)
            var pieces = [TerminalStyle.Piece(Cells.padded(name, to: nameWidth), .strong)]
            for column in Self.order {
                if shown.contains(column) {
                    pieces.append(.init(gap(before: column)))
                    pieces.append(piece(row, column))
                }
                // The counts stand after the percentage, whether that is shown or not.
                if column == .percent {
                    pieces.append(.init(gap + Cells.padded(counts(row), to: countsWidth, alignment: .right)))
                }
            }
            return style.line(pieces, width: width)
        }
    }

    private var gap: String { isCompact ? " " : "  " }

    /// The percentage has room at its left already, but for 100 %.
    private func gap(before column: Column) -> String { column == .percent ? " " : gap }

    private var countsWidth: Int { rows.map { counts($0).utf8.count }.max() ?? 0 }

    private func counts(_ row: BatchProgress) -> String { "\(row.count(.done))/\(row.wanted)" }

    private func taken(bar: Int) -> Int {
        shown.reduce(nameWidth + gap.count + countsWidth) { sum, column in
            sum + gap(before: column).count + (column == .bar ? bar : self.width(of: column))
        }
    }

    private func width(of column: Column) -> Int {
        switch column {
        case .bar: barWidth
        case .percent: 4
        case .rate: 7
        case .eta: saysLeft ? 12 : 7
        // As wide as two digits from the start: the number goes up and down.
        case .running: max(10, rows.map { label($0, column).count }.max() ?? 0)
        case .failed, .blank, .unknown: rows.map { label($0, column).count }.max() ?? 0
        }
    }

    private func piece(_ row: BatchProgress, _ column: Column) -> TerminalStyle.Piece {
        switch column {
        case .bar:
            let bar = ProgressBar.text(
                part: row.count(.done), of: row.wanted, cells: barWidth, unicode: style.unicode)
            return .init(bar, row.count(.done) == row.wanted ? .good : .bar)
        case .percent:
            let percent = ProgressBar.percent(part: row.count(.done), of: row.wanted) ?? ""
            return .init(Cells.padded(percent, to: 4, alignment: .right))
        case .running:
            return .init(padded(row, column), .dim)
        case .failed:
            return .init(padded(row, column), .bad)
        case .blank, .unknown:
            return .init(padded(row, column), .warning)
        case .rate:
            let rate = row.isSettled ? "" : row.throughput.map { spoken(imagesPerSecond: $0) } ?? ""
            return .init(Cells.padded(rate, to: 7, alignment: .right), .dim)
        case .eta:
            let eta = row.isSettled ? "" : row.etaSeconds.map { Duration.seconds($0).compact } ?? ""
            return .init(eta.isEmpty || !saysLeft ? eta : "\(eta) left", .dim)
        }
    }

    private func padded(_ row: BatchProgress, _ column: Column) -> String {
        Cells.padded(label(row, column), to: width(of: column), alignment: .right)
    }

    private func count(_ row: BatchProgress, _ column: Column) -> Int {
        switch column {
        case .running: row.running
        case .failed: row.count(.failed)
        case .blank: row.count(.filtered)
        case .unknown: row.count(.unknown)
        case .bar, .percent, .rate, .eta: 0
        }
    }

    private func label(_ row: BatchProgress, _ column: Column) -> String {
        let count = count(row, column)
        guard count > 0 else { return "" }
        switch column {
        case .running: return "\(count) running"
        case .failed: return isCompact ? "\(style.unicode ? "✗" : "x")\(count)" : "\(count) failed"
        case .blank: return isCompact ? "~\(count)" : "\(count) blank"
        case .unknown: return isCompact ? "?\(count)" : "\(count) unknown"
        case .bar, .percent, .rate, .eta: return ""
        }
    }
}
