import Crypto
import NightjarCore

/// What the parts of one reading of a manifest share.
final class ManifestContext {
    let sink: DiagnosticSink
    let folder: ManifestFolder
    var spool = Spool()
    /// Of the lists that the manifest names, as they were met.
    private(set) var lists: [(name: String, sink: DiagnosticSink)] = []

    init(sink: DiagnosticSink, folder: ManifestFolder) {
        self.sink = sink
        self.folder = folder
    }

    /// Where to report what is wrong in a list.
    func sink(forList name: String) -> DiagnosticSink {
        if let known = lists.first(where: { $0.name == name }) { return known.sink }
        let sink = DiagnosticSink(file: folder.shown(name)) { [folder] in try? folder.open(name, hashes: false) }
        lists.append((name, sink))
        return sink
    }

    private var sinks: [DiagnosticSink] { [sink] + lists.map(\.sink) }

    var hasErrors: Bool { sinks.contains { $0.hasErrors } }

    var warnings: [Diagnostic] { sinks.flatMap { $0.diagnostics() } }

    /// All that was found, the manifest's first.
    func error() -> ManifestError {
        let errors = sinks.filter { !$0.findings.isEmpty || $0.hasErrors }.map { $0.error() }
        return ManifestError(
            kind: sink.isUnreadable ? .unreadable : .invalid, file: sink.file,
            diagnostics: errors.flatMap(\.diagnostics),
            omitted: errors.reduce(0) { $0 + $1.omitted },
            lacksOnlyFiles: !sink.isUnreadable && sinks.allSatisfy { $0.errorCount == $0.missingFiles })
    }
}
