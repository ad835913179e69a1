import YAMLStream

/// A small file of YAML, read whole: the configuration.
package enum YAMLFile {
    /// The one document of a file as a tree; what is wrong with it is reported to `sink`.
    /// - Returns: `nil` for an empty file, and where nothing could be read.
    /// - Throws: `ManifestError` of kind `unreadable`.
    package static func root(path: String, sink: DiagnosticSink) throws(ManifestError) -> YAMLNode? {
        let source: RegularFile
        do {
            source = try RegularFile(path: path, hashes: false)
        } catch {
            throw .unreadable(path, "the file cannot be read: \(error)")
        }
        let reader = NodeReader(source.parser(), sink: sink)
        do {
            guard try reader.next() != nil, let first = try reader.next() else { return nil }
            let node = try reader.node(from: first)
            _ = try reader.next()
            if let second = try reader.next() {
                sink.report("documents", "a second document in this file", at: second.start, hint: "leave one of them")
            }
            return node
        } catch {
            sink.report(error)
            return nil
        }
    }
}
