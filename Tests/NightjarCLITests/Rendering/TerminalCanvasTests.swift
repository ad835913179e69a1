import NightjarCLI
import Testing

struct TerminalCanvasTests {
    private let size = TerminalSize(columns: 40, rows: 12)

    @Test func `a picture is redrawn in place`() {
        var canvas = TerminalCanvas()
        var screen = Screen(columns: 40)
        screen.write(canvas.redraw(["one", "two"], size: size))
        screen.write(canvas.redraw(["1", "two", "three"], size: size))
        #expect(screen.lines == ["1", "two", "three"])
        screen.write(canvas.redraw(["1"], size: size))
        #expect(screen.lines == ["1"])
    }

    @Test func `nothing is written while nothing changes`() {
        var canvas = TerminalCanvas()
        #expect(canvas.redraw(["one"], size: size) == "\rone\u{1B}[K\n\u{1B}[J")
        #expect(canvas.redraw(["one"], size: size) == "")
        #expect(canvas.redraw(["two"], size: size) == "\u{1B}[1A\rtwo\u{1B}[K\n")
    }

    @Test func `lines of others stay above, whole`() {
        var canvas = TerminalCanvas()
        var screen = Screen(columns: 40)
        screen.write(canvas.redraw(["a long line of the picture", "two"], size: size))
        screen.write(canvas.redraw(["one", "two"], above: ["log 1"], size: size))
        screen.write(canvas.redraw(["one"], above: ["log 2", String(repeating: "x", count: 50)], size: size))
        #expect(screen.lines == ["log 1", "log 2", String(repeating: "x", count: 40), "xxxxxxxxxx", "one"])
    }

    @Test func `a terminal that became narrower has wrapped the picture`() {
        var canvas = TerminalCanvas()
        _ = canvas.redraw([String(repeating: "x", count: 39), "\u{1B}[31mtwo\u{1B}[0m"], size: size)
        let text = canvas.redraw(["one"], size: TerminalSize(columns: 20, rows: 12))
        #expect(text.hasPrefix("\u{1B}[3A\r"))
    }

    @Test func `after others have written the picture begins anew below`() {
        var canvas = TerminalCanvas()
        var screen = Screen(columns: 40)
        screen.write(canvas.redraw(["one"], size: size))
        screen.write("shell\n")
        canvas.leave()
        screen.write(canvas.redraw(["two"], size: size))
        #expect(screen.lines == ["one", "shell", "two"])
    }
}

/// As much of a terminal as the canvas uses.
private struct Screen {
    private let columns: Int
    private var cells: [[Character]] = [[]]
    private var row = 0
    private var column = 0

    init(columns: Int) {
        self.columns = columns
    }

    var lines: [String] {
        var lines = cells.map { String($0) }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    mutating func write(_ text: String) {
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "\n":
                row += 1
                column = 0
                if row == cells.count { cells.append([]) }
            case "\r":
                column = 0
            case "\u{1B}":
                let number = rest.dropFirst().prefix { $0.isNumber }
                rest = rest.dropFirst(1 + number.count)
                switch rest.popFirst() {
                case "A": row = max(0, row - (Int(number) ?? 1))
                case "K": cells[row] = Array(cells[row].prefix(column))
                case "J":
                    cells[row] = Array(cells[row].prefix(column))
                    cells = Array(cells.prefix(row + 1))
                default: Issue.record("a sequence that no one expects")
                }
            default:
                if column == columns {
                    row += 1
                    column = 0
                    if row == cells.count { cells.append([]) }
                }
                if column < cells[row].count { cells[row][column] = character } else { cells[row].append(character) }
                column += 1
            }
        }
    }
}
