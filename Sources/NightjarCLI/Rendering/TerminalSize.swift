import Glibc

/// Columns and rows of a terminal.
package struct TerminalSize: Equatable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// The size of the terminal behind `descriptor`; where it does not say, `COLUMNS` and `LINES`, else 80 by 24.
    package init(of descriptor: Int32, environment: [String: String]) {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        func number(_ measured: UInt16, _ name: String, _ usual: Int) -> Int {
            if isKnown, measured > 0 { return Int(measured) }
            return environment[name].flatMap { Int($0) }.flatMap { (1...10_000).contains($0) ? $0 : nil } ?? usual
        }
        columns = number(size.ws_col, "COLUMNS", 80)
        rows = number(size.ws_row, "LINES", 24)
    }
}
