import NightjarCore

/// Batches in columns, a line each; on a narrow terminal only what matters most.
struct StatusTable {
    struct Row {
        var name: String
        var batch: BatchSummary
        var timeLeft: String

        init(_ standing: BatchStanding) {
            self.init(name: standing.batch.settings.name, standing.batch, timeLeft: standing.timeLeft)
        }

        init(name: String, _ batch: BatchSummary, timeLeft: String) {
            (self.name, self.batch, self.timeLeft) = (name, batch, timeLeft)
        }
    }

    private let rows: [Row]
    private var batches: [BatchSummary] { rows.map(\.batch) }

    /// Below so many columns the states do not stand side by side.
    private static let wide = 60

    init(_ rows: [Row]) {
        self.rows = rows
    }

    func lines(width: Int?, style: TerminalStyle) -> [String] {
        let isNarrow = width.map { $0 < Self.wide } ?? false
        return TextTable(columns: isNarrow ? narrow(style) : all(style)).lines(width: width, style: style)
    }

    private func narrow(_ style: TerminalStyle) -> [TextTable.Column] {
        let failed = numbers("failed", batches.map { $0.count(.failed) })
        return [name(style)]
            + [.init(title: "done", alignment: .right, cells: batches.map { "\($0.count(.done))/\($0.total)" })]
            + (failed.cells.contains { $0 != "0" } ? [failed] : []) + [timeLeft]
    }

    private func all(_ style: TerminalStyle) -> [TextTable.Column] {
        var columns = [
            name(style),
            numbers("total", batches.map(\.total)),
            numbers("done", batches.map { $0.count(.done) }),
        ]
        let optional = [
            numbers("running", batches.map(\.running)),
            numbers("pending", batches.map(\.left)),
            numbers("unknown", batches.map { $0.count(.unknown) }),
            numbers("failed", batches.map { $0.count(.failed) }),
            numbers("blank", batches.map { $0.count(.filtered) }),
            numbers("cancelled", batches.map { $0.count(.cancelled) }),
            numbers("duplicates", batches.map(\.duplicates)),
        ]
        columns += optional.filter { $0.cells.contains { $0 != "0" } }
        if batches.contains(where: { $0.spent != .zero }) {
            columns.append(.init(title: "spent", alignment: .right, cells: batches.map(\.spent.description)))
        }
        return columns + [timeLeft]
    }

    private func name(_ style: TerminalStyle) -> TextTable.Column {
        .init(title: "batch", alignment: .left, cells: rows.map { style.plain($0.name) })
    }

    private var timeLeft: TextTable.Column {
        .init(title: "time left", alignment: .left, cells: rows.map(\.timeLeft))
    }

    private func numbers(_ title: String, _ values: [Int]) -> TextTable.Column {
        .init(title: title, alignment: .right, cells: values.map(String.init))
    }
}
