import YAMLStream

/// A small YAML file that is read whole, such as the configuration. Bounded like every tree; see `NodeReader`.
package struct YAMLTreeFile {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    /// Reads the file, and makes `Value` of its one document.
    /// - Parameter body: Reports what is wrong to the sink; an empty file is an empty mapping.
    /// - Returns: The value, and what is worth a warning.
    /// - Throws: Everything that is wrong with the file, at once.
    package func read<Value>(
        _ body: (YAMLNode, DiagnosticSink) -> Value
    ) throws(ManifestError) -> (value: Value, warnings: [Diagnostic]) {
        let source: RegularFile
        do {
            source = try RegularFile(path: path, hashes: false)
        } catch {
            throw ManifestError.unreadable(path, "the file cannot be read: \(error)")
        }
        let sink = DiagnosticSink(file: path)
        do {
            let root = try root(of: NodeReader(source.parser(), sink: sink), sink: sink)
            let value = body(root, sink)
            if !sink.hasErrors { return (value, sink.diagnostics()) }
        } catch {
            sink.report(error)
        }
        throw sink.error()
    }

    private func root(of reader: NodeReader, sink: DiagnosticSink) throws(YAMLError) -> YAMLNode {
        let start = YAMLMark(line: 1, column: 1, offset: 0)
        var root = YAMLNode(content: .mapping([]), start: start, end: start)
        var documents = 0
        while let event = try reader.next() {
            switch event.kind {
            case .documentStart:
                documents += 1
                if documents == 2 { sink.report("documents", "the file must hold one document", at: event.start) }
            case .documentEnd: break
            default:
                guard documents == 1 else {
                    try reader.skip(from: event)
                    continue
                }
                let node = try reader.node(from: event)
                if node.scalarType != .null { root = node }
            }
        }
        return root
    }
}
