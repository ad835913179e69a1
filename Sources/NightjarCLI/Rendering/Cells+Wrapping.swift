extension Cells {
    /// `text` in lines of at most `cells`, broken between words; a word that is longer stands on a line of its own, whole.
    /// - Parameter text: One line that is safe to print.
    package static func wrapped(_ text: String, to cells: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var taken = 0
        for word in text.split(separator: " ") {
            let width = width(of: String(word))
            if !line.isEmpty, taken + 1 + width > cells {
                lines.append(line)
                (line, taken) = ("", 0)
            }
            line += line.isEmpty ? word : " \(word)"
            taken += (taken == 0 ? 0 : 1) + width
        }
        return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
    }
}
