/// One thing that is wrong with a file, and where.
package struct Diagnostic: Equatable, Sendable {
    package enum Severity: String, Equatable, Sendable {
        case error, warning
    }

    /// Another place that belongs to it.
    package struct Note: Equatable, Sendable {
        package var message: String
        /// From 1.
        package var line: Int
        /// From 1, in Unicode scalars.
        package var column: Int

        package init(_ message: String, line: Int, column: Int) {
            self.message = message
            self.line = line
            self.column = column
        }
    }

    package var severity: Severity
    /// As it was given.
    package var file: String
    /// From 1; 0 where the whole file is meant.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    /// Unicode scalars, at least 1.
    package var length: Int
    /// Stable, for scripts: `unknown-key`, `type`, `missing`, …
    package var code: String
    /// Lower case, without a full stop.
    package var message: String
    /// The line, or of a long one the part around the column; `nil` where there is none to show.
    package var sourceLine: String?
    /// Where in the line `sourceLine` begins, from 1.
    package var sourceStart: Int
    package var notes: [Note]
    package var hint: String?

    package init(
        severity: Severity = .error, file: String, line: Int, column: Int, length: Int = 1, code: String,
        message: String, sourceLine: String? = nil, sourceStart: Int = 1, notes: [Note] = [], hint: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.length = length
        self.code = code
        self.message = message
        self.sourceLine = sourceLine
        self.sourceStart = sourceStart
        self.notes = notes
        self.hint = hint
    }
}

/// Why nothing of a file can be used.
package struct ManifestError: Error, Equatable {
    package enum Kind: Equatable, Sendable {
        /// The file cannot be read (exit 66).
        case unreadable
        /// What stands in it is wrong (exit 65).
        case invalid
        /// A temporary file cannot be written or read (exit 73).
        case unwritable
    }

    package let kind: Kind
    /// As it was given.
    package let file: String
    /// In the order of their places; the first of them where there are very many.
    package let diagnostics: [Diagnostic]
    /// Errors that are not among `diagnostics`.
    package let omitted: Int
    /// All that is wrong is that files are not there which the manifest names.
    package let lacksOnlyFiles: Bool

    package init(
        kind: Kind, file: String, diagnostics: [Diagnostic], omitted: Int = 0, lacksOnlyFiles: Bool = false
    ) {
        self.lacksOnlyFiles = lacksOnlyFiles
        self.kind = kind
        self.file = file
        self.diagnostics = diagnostics
        self.omitted = omitted
    }

    /// What is wrong with the same file for this and for the other reason, in the order of the places.
    package func joined(with other: ManifestError) -> ManifestError {
        ManifestError(
            kind: kind, file: file,
            diagnostics: (diagnostics + other.diagnostics).sorted { left, right in
                // Without a line, the whole file is meant.
                (left.line == 0 ? .max : left.line, left.column) < (right.line == 0 ? .max : right.line, right.column)
            },
            omitted: omitted + other.omitted)
    }

    static func unreadable(_ file: String, _ reason: String) -> ManifestError {
        ManifestError(
            kind: .unreadable, file: file,
            diagnostics: [Diagnostic(file: file, line: 0, column: 0, code: "unreadable", message: reason)])
    }

    static func unwritable(_ file: String, _ reason: String) -> ManifestError {
        ManifestError(
            kind: .unwritable, file: file,
            diagnostics: [Diagnostic(file: file, line: 0, column: 0, code: "unwritable", message: reason)])
    }
}
