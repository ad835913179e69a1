/// A bar of a fixed number of cells, in eighths of a cell where the terminal shows Unicode.
package enum ProgressBar {
    /// - Parameters:
    ///   - part: What is done; the bar is full only at `whole`, and empty only at 0.
    ///   - cells: The whole width, the two edges included; at least 4.
    package static func text(part: Int, of whole: Int, cells: Int, unicode: Bool) -> String {
        let inside = max(1, cells - 2)
        let steps = inside * (unicode ? 8 : 1)
        var filled = whole > 0 ? Int(Double(steps) * Double(part) / Double(whole)) : 0
        if part < whole { filled = min(filled, steps - 1) }
        if part > 0 { filled = max(filled, 1) }
        filled = min(max(filled, 0), steps)
        guard unicode else {
            return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: inside - filled) + "]"
        }
        let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let bar = String(repeating: "█", count: filled / 8) + eighths[filled % 8]
        return "▕" + Cells.padded(bar, to: inside) + "▏"
    }

    /// Whole percent, rounded down: 100 % is said only where all is done. `nil` where nothing is wanted.
    package static func percent(part: Int, of whole: Int) -> String? {
        whole > 0 ? "\(Int(Double(part) / Double(whole) * 100))%" : nil
    }
}
