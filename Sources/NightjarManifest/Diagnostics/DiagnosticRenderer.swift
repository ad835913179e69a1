import NightjarCore

/// Diagnostics as people and scripts read them.
package enum DiagnosticRenderer {
    /// Columns of a terminal that a line of the file may take.
    private static let width = 100

    /// All diagnostics of an error, each with its line and a caret, and a last line that counts them.
    /// - Parameter outcome: What the errors led to.
    package static func text(
        _ error: ManifestError, colour: Bool, outcome: String = "nothing was submitted"
    ) -> String {
        let paint = Paint(isOn: colour)
        var blocks = error.diagnostics.map { block($0, paint) }
        let errors = error.diagnostics.count { $0.severity == .error } + error.omitted
        if error.omitted > 0 {
            blocks.append("\(error.omitted) more \(error.omitted == 1 ? "error is" : "errors are") not shown")
        }
        let file = DisplayText.neutral(error.file)
        blocks.append("\(errors) \(errors == 1 ? "error" : "errors") in \(file); \(outcome)")
        return blocks.joined(separator: "\n\n") + "\n"
    }

    /// One diagnostic without the count, for warnings.
    package static func text(_ diagnostic: Diagnostic, colour: Bool) -> String {
        block(diagnostic, Paint(isOn: colour)) + "\n"
    }

    /// One JSON object on one line.
    package static func json(_ diagnostic: Diagnostic) -> String {
        var object = JSONWriter()
        object.add("severity", diagnostic.severity.rawValue)
        object.add("file", diagnostic.file)
        if diagnostic.line > 0 {
            object.add("line", diagnostic.line)
            object.add("column", diagnostic.column)
            object.add("length", diagnostic.length)
        }
        object.add("code", diagnostic.code)
        object.add("message", diagnostic.message)
        if let source = diagnostic.sourceLine {
            object.add("source", source)
            object.add("source_column", diagnostic.sourceStart)
        }
        let notes = diagnostic.notes.map { note in
            var object = JSONWriter()
            object.add("line", note.line)
            object.add("column", note.column)
            object.add("message", note.message)
            return object
        }
        object.add("notes", notes)
        object.add("hint", diagnostic.hint)
        return object.text
    }

    private static func block(_ diagnostic: Diagnostic, _ paint: Paint) -> String {
        let file = DisplayText.neutral(diagnostic.file)
        let place = diagnostic.line > 0 ? "\(file):\(diagnostic.line):\(diagnostic.column)" : file
        let severity = paint(diagnostic.severity.rawValue + ":", diagnostic.severity == .error ? "1;31" : "1;33")
        var lines = ["\(place): \(severity) \(DisplayText.neutral(diagnostic.message))"]
        if diagnostic.line > 0, let source = diagnostic.sourceLine {
            lines += excerpt(source, of: diagnostic, paint)
        }
        for note in diagnostic.notes {
            lines.append("\(file):\(note.line):\(note.column): note: \(DisplayText.neutral(note.message))")
        }
        if let hint = diagnostic.hint { lines.append(paint("hint:", "1;36") + " \(DisplayText.neutral(hint))") }
        return lines.joined(separator: "\n")
    }

    /// The line and, below it, the carets.
    private static func excerpt(_ source: String, of diagnostic: Diagnostic, _ paint: Paint) -> [String] {
        let scalars = Array(DisplayText.neutral(source, keepsTabs: true).unicodeScalars)
        let caret = min(max(0, diagnostic.column - diagnostic.sourceStart), scalars.count)
        let shown = window(of: scalars, around: caret, isCutBefore: diagnostic.sourceStart > 1)
        let cutBefore = shown.lowerBound > 0 || diagnostic.sourceStart > 1
        let cutAfter = shown.upperBound < scalars.count
        var padding = cutBefore ? " " : ""
        for scalar in scalars[shown.lowerBound..<caret] {
            padding += scalar == "\t" ? "\t" : String(repeating: " ", count: DisplayText.cells(scalar))
        }
        let marked = scalars[caret..<min(caret + diagnostic.length, max(caret, shown.upperBound))]
        let carets = String(repeating: "^", count: max(1, marked.reduce(0) { $0 + DisplayText.cells($1) }))
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[shown])
        let number = String(diagnostic.line)
        let gutter = String(repeating: " ", count: max(5, number.utf8.count))
        let line = "\(cutBefore ? "…" : "")\(String(text))\(cutAfter ? "…" : "")"
        return [
            "\(gutter.dropLast(number.utf8.count))\(number) | \(line)",
            "\(gutter) | \(padding)\(paint(carets, "1;31"))",
        ]
    }

    /// The part of a line that is shown: all of it, or a window with a third before the caret.
    private static func window(of scalars: [Unicode.Scalar], around caret: Int, isCutBefore: Bool) -> Range<Int> {
        let cells = scalars.map(DisplayText.cells)
        if !isCutBefore, cells.reduce(0, +) <= width { return 0..<scalars.count }
        var start = caret
        var used = 0
        while start > 0, used + cells[start - 1] <= width / 3 {
            start -= 1
            used += cells[start]
        }
        var end = caret
        while end < scalars.count, used + cells[end] <= width {
            used += cells[end]
            end += 1
        }
        // What is left over at the end is given to the beginning.
        while start > 0, used + cells[start - 1] <= width {
            start -= 1
            used += cells[start]
        }
        return start..<end
    }

    private struct Paint {
        var isOn: Bool

        func callAsFunction(_ text: String, _ code: String) -> String {
            isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
        }
    }
}
