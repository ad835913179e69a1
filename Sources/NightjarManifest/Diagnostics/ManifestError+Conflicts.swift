package import NightjarCore

extension ManifestError {
    /// Jobs of a manifest share paths.
    /// - Parameters:
    ///   - file: As messages name the manifest.
    ///   - source: Where a file is read from that messages name so.
    package init(_ found: IntakeConflicts, file: String, source: (String) -> String = { $0 }) {
        let diagnostics = found.conflicts.map { conflict in
            // A note stands in the same file.
            let isHere = conflict.first.file == conflict.place.file
            return Diagnostic(
                file: conflict.place.file, line: conflict.place.line, column: conflict.place.column, code: "path",
                message: conflict.message
                    + (isHere ? "" : "; the other one is \(conflict.first.file):\(conflict.first.line)"),
                notes: isHere
                    ? [
                        Diagnostic.Note(
                            "the other one is here", line: conflict.first.line, column: conflict.first.column)
                    ] : [],
                hint: "put `${index}` or `${key}` into `output: {path: …}`"
            ).showingLine(of: source(conflict.place.file))
        }
        self.init(kind: .invalid, file: file, diagnostics: diagnostics, omitted: found.omitted)
    }
}
