package import NightjarCore

extension ManifestError {
    /// Jobs of a manifest share paths.
    /// - Parameters:
    ///   - file: As messages name the manifest.
    ///   - path: Where it is read from; `nil`: there.
    ///   - folder: Where the files are that it names; `nil`: messages name them as they can be found.
    package init(_ found: IntakeConflicts, file: String, at path: String? = nil, folder: ManifestFolder? = nil) {
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
            ).showingLine {
                let name = conflict.place.file
                if let folder, name != file { return try? folder.open(name, hashes: false) }
                return try? RegularFile(path: name == file ? path ?? file : name, hashes: false)
            }
        }
        self.init(kind: .invalid, file: file, diagnostics: diagnostics, omitted: found.omitted)
    }
}
