import NightjarCore

/// What a person must do now, with the commands to type.
struct ToDoList {
    private(set) var items: [BatchStanding.Action] = []

    /// A long list is not read.
    private static let mostItems = 5

    init(_ standings: [BatchStanding]) {
        var stopped: [BatchStanding] = []
        var single: [BatchStanding.Action] = []
        for standing in standings {
            guard let action = standing.action else { continue }
            switch action.kind {
            // Told once, and first.
            case .all: if !items.contains(action) { items.append(action) }
            case .single: single.append(action)
            case .run: stopped.append(standing)
            }
        }
        items += single + Self.toRun(stopped)
    }

    /// One for each command that runs batches.
    private static func toRun(_ standings: [BatchStanding]) -> [BatchStanding.Action] {
        let byCommand = Dictionary(grouping: standings) { $0.action?.remedy ?? "" }
        return byCommand.sorted { $0.key < $1.key }.compactMap { remedy, standings in
            guard let first = standings.first, var action = first.action else { return nil }
            if standings.count > 1 {
                let jobs = standings.reduce(0) { $0 + $1.batch.left + $1.batch.running }
                let name = first.batch.settings.name
                action.words =
                    "nobody runs `\(name)` and \(standings.count - 1) more, and \(jobs) of their jobs are left"
            }
            return action
        }
    }

    /// - Parameter isRedrawn: No line may be longer than the terminal is wide.
    /// - Returns: No lines where there is nothing to do.
    func lines(
        width: Int?, style: TerminalStyle, most: Int = Self.mostItems, isRedrawn: Bool = false
    ) -> [String] {
        var sheet = FactSheet()
        let shown = items.prefix(most)
        sheet.add(
            "to do",
            shown.flatMap { item in
                [FactSheet.Line.text(style.plain(item.words), .warning)]
                    + [item.remedy, item.next].compactMap { $0 }.map { .whole("  \(Cells.plain($0))") }
            } + (items.count > shown.count ? [.text("and \(items.count - shown.count) more")] : []))
        return sheet.lines(width: width, style: style, isRedrawn: isRedrawn)
    }
}
