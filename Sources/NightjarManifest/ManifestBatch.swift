package import NightjarCore
import YAMLStream

/// One batch of a manifest that has been checked. Its jobs stay in the file, and are streamed from there.
package struct ManifestBatch: Sendable {
    private let path: String
    /// The document's place among all of the file.
    private let ordinal: Int
    private let plan: BatchPlan
    /// SHA-256 of the file.
    private let fileDigest: [UInt8]

    package var settings: BatchSettings { plan.settings }
    /// Hexadecimal SHA-256 of the file, the document's place in it, and the version of the expansion.
    package let digest: String
    /// 1…100,000,000.
    package let jobCount: Int
    /// Of the whole file; with its first batch only.
    package let warnings: [Diagnostic]

    init(
        path: String, ordinal: Int, plan: BatchPlan, jobCount: Int, fileDigest: [UInt8], digest: String,
        warnings: [Diagnostic]
    ) {
        self.path = path
        self.ordinal = ordinal
        self.plan = plan
        self.jobCount = jobCount
        self.fileDigest = fileDigest
        self.digest = digest
        self.warnings = warnings
    }

    /// Reads the file again, and calls `add` once for each job, in the order of the file.
    /// - Throws: What `add` throws; `ManifestError` when the file is not what it was. That may be after some jobs.
    package func expand(_ add: (PlannedJob) throws -> Void) throws {
        let source: RegularFile
        do {
            source = try RegularFile(path: path, hashes: true)
        } catch {
            throw ManifestError.unreadable(path, "the manifest cannot be read: \(error)")
        }
        let sink = DiagnosticSink(file: path)
        let reader = NodeReader(source.parser(), sink: sink)
        var added = 0
        let expansion = Expansion(plan, file: path)
        func count(_ job: PlannedJob) throws {
            // Only a file that has changed has more.
            if added == jobCount { throw changed }
            added += 1
            try add(job)
        }
        do {
            for _ in 0..<ordinal { try skipDocument(reader) }
            guard try reader.next() != nil else { throw changed }
            var walker = DocumentWalker(reader: reader, sink: sink)
            try walker.walk(
                onText: { text, style, event in
                    try expansion.take(PromptItem(text: text, style: style, from: event.start, to: event.end), count)
                },
                onNode: { node in
                    guard let item = PromptItem(node, sink: sink) else { throw changed }
                    try expansion.take(item, count)
                })
        } catch is YAMLError {
            throw changed
        }
        guard try source.digest() == fileDigest, added == jobCount else { throw changed }
    }

    private func skipDocument(_ reader: NodeReader) throws {
        while let event = try reader.next(), event.kind != .documentEnd {}
    }

    private var changed: ManifestError {
        ManifestError(
            kind: .invalid, file: path,
            diagnostics: [
                Diagnostic(
                    file: path, line: 0, column: 0, code: "changed", message: "the manifest changed while it was read",
                    hint: "try again when nothing writes to it")
            ])
    }
}
