/// Where in a user's files something stands: in the manifest, or in a list that it names.
package struct SourcePlace: Hashable, Sendable {
    /// The file as messages name it.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int

    package init(file: String, line: Int, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }
}
