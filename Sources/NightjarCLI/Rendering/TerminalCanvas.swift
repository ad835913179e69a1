/// The part of the screen that a display redraws: which bytes turn the last picture into the next.
///
/// Between two pictures the cursor stands at the beginning of the row below them, where a shell would go on. Nothing of
/// the terminal is switched on or off, so nothing needs to be restored when the process is killed.
package struct TerminalCanvas: Sendable {
    private var drawn: [String] = []
    private var columns = 0

    package init() {}

    /// - Parameters:
    ///   - above: Lines that stay: they are printed in the place of the picture, which moves below them.
    ///   - lines: The next picture, each line narrower than the terminal.
    /// - Returns: To be written at once; empty where nothing has changed.
    package mutating func redraw(_ lines: [String], above: [String] = [], size: TerminalSize) -> String {
        if above.isEmpty, lines == drawn, size.columns == columns { return "" }
        let rows = min(rowsTaken(in: size.columns), max(0, size.rows - 1))
        var text = rows > 0 ? "\u{1B}[\(rows)A\r" : "\r"
        if !above.isEmpty {
            text += "\u{1B}[J"
            for line in above { text += line + "\n" }
        }
        for line in lines { text += line + "\u{1B}[K\n" }
        if above.isEmpty, lines.count < rows || columns != size.columns { text += "\u{1B}[J" }
        drawn = lines
        columns = size.columns
        return text
    }

    /// The picture on the screen is no longer ours to redraw: the next one begins where the cursor stands.
    package mutating func leave() {
        drawn = []
        columns = 0
    }

    /// Terminals that have become narrower have wrapped what was drawn.
    private func rowsTaken(in width: Int) -> Int {
        guard width < columns, width > 0 else { return drawn.count }
        return drawn.reduce(0) { rows, line in
            rows + max(1, (Cells.width(of: withoutColours(line)) + width - 1) / width)
        }
    }

    private func withoutColours(_ line: String) -> String {
        var text = String.UnicodeScalarView()
        var isInSequence = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                isInSequence = true
            } else if isInSequence {
                isInSequence = scalar != "m"
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }
}
