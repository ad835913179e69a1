package import YAMLStream

/// Collects what is wrong with one file: the first by place, and a count of the rest.
package final class DiagnosticSink {
    /// Something found, before its line has been looked up.
    struct Finding {
        var mark: YAMLMark
        var diagnostic: Diagnostic
        /// What to point at within a text, where its place in the file is known only roughly.
        var search: Search?
    }

    /// A piece of a scalar that is to be found in the file, for texts with escapes or of several lines.
    struct Search {
        var text: String
        /// Where the scalar ends.
        var end: YAMLMark
        /// Begin behind the line of the mark, which is the head of a block.
        var skipsFirstLine: Bool
    }

    /// As messages name it.
    package let file: String
    /// Where its lines are read from.
    private let source: () -> RegularFile?
    /// How many are kept.
    private let limit: Int
    /// Sorted by place.
    private(set) var findings: [Finding] = []
    private(set) var errorCount = 0
    /// How many of the errors are that a file is not there.
    private(set) var missingFiles = 0
    /// How many warnings there were of each code: many of one kind must not hide what else is wrong.
    private var warnings: [String: Int] = [:]
    private let mostWarningsOfAKind: Int

    package convenience init(file: String, limit: Int = 50, warningsOfAKind: Int = 5) {
        self.init(file: file, limit: limit, warningsOfAKind: warningsOfAKind) {
            try? RegularFile(path: file, hashes: false)
        }
    }

    init(file: String, limit: Int = 50, warningsOfAKind: Int = 5, source: @escaping () -> RegularFile?) {
        self.file = file
        self.source = source
        self.limit = limit
        mostWarningsOfAKind = warningsOfAKind
    }

    /// Whether one at `mark` would be among those kept; if not, it only counts.
    func keeps(_ mark: YAMLMark) -> Bool {
        findings.count < limit || findings.last.map { mark < $0.mark || mark == $0.mark } ?? true
    }

    /// Counts an error that is not kept.
    func countOnly() { errorCount += 1 }

    package var hasErrors: Bool { errorCount > 0 }

    /// Adds one.
    /// - Parameters:
    ///   - length: Unicode scalars to underline.
    ///   - notes: Other places, each with what is there.
    package func report(
        _ code: String, _ message: @autoclosure () -> String, at mark: YAMLMark, length: Int = 1,
        hint: @autoclosure () -> String? = nil, notes: [(String, YAMLMark)] = [],
        severity: Diagnostic.Severity = .error
    ) {
        guard severity == .error ? keeps(mark) : mayWarn(code) else {
            if severity == .error { errorCount += 1 }
            return
        }
        add(
            Finding(
                mark: mark,
                diagnostic: Diagnostic(
                    severity: severity, file: file, line: mark.line, column: mark.column, length: max(1, length),
                    code: code, message: message(),
                    notes: notes.map { Diagnostic.Note($0.0, line: $0.1.line, column: $0.1.column) }, hint: hint())))
    }

    /// Counts a warning.
    /// - Returns: Whether it is among the first of its kind.
    func mayWarn(_ code: String) -> Bool {
        warnings[code, default: 0] += 1
        return warnings[code, default: 0] <= mostWarningsOfAKind
    }

    /// Adds one that a node causes.
    package func report(
        _ code: String, _ message: @autoclosure () -> String, at node: YAMLNode,
        hint: @autoclosure () -> String? = nil,
        notes: [(String, YAMLMark)] = [], severity: Diagnostic.Severity = .error
    ) {
        report(
            code, message(), at: node.start, length: node.lengthOnLine, hint: hint(), notes: notes, severity: severity)
    }

    /// Adds what made the parser stop.
    package func report(_ error: YAMLError) {
        let code =
            switch error.kind {
            case .unreadable: "unreadable"
            case .encoding: "encoding"
            case .limit: "limit"
            case .syntax: "syntax"
            }
        var notes: [(String, YAMLMark)] = []
        if let note = error.note, let mark = error.noteMark { notes.append((note, mark)) }
        report(code, error.message, at: error.mark, hint: error.hint, notes: notes)
    }

    /// Whatever `report` reports is that a file is not there.
    func reportMissingFile(_ report: () -> Void) {
        let before = errorCount
        report()
        missingFiles += errorCount - before
    }

    func add(_ finding: Finding) {
        let isError = finding.diagnostic.severity == .error
        // Where many prompts share one mistake through an alias, it is one mistake.
        if findings.contains(where: { $0.diagnostic == finding.diagnostic }) { return }
        if isError { errorCount += 1 }
        let place = findings.firstIndex { finding.mark < $0.mark } ?? findings.endIndex
        guard place < limit else { return }
        findings.insert(finding, at: place)
        if findings.count > limit { findings.removeLast() }
    }

    /// The file could not be read to its end.
    var isUnreadable: Bool { findings.contains { $0.diagnostic.code == "unreadable" } }

    /// Errors among `findings`.
    var keptErrors: Int { findings.count { $0.diagnostic.severity == .error } }

    /// The diagnostics with their lines, read from the file again.
    package func diagnostics() -> [Diagnostic] {
        let more = warnings.filter { $0.value > mostWarningsOfAKind }.sorted { $0.key < $1.key }
        return SourceExcerpts.fill(findings, of: source)
            + more.map { code, count in
                let left = count - mostWarningsOfAKind
                return Diagnostic(
                    severity: .warning, file: file, line: 0, column: 0, code: code,
                    message: "\(left) more \(left == 1 ? "warning" : "warnings") of the same kind (`\(code)`)")
            }
    }

    /// All that was found, as the error to throw.
    package func error() -> ManifestError {
        ManifestError(
            kind: isUnreadable ? .unreadable : .invalid, file: file, diagnostics: diagnostics(),
            omitted: errorCount - keptErrors)
    }
}
