internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

extension Composition {
    /// Brings `metadata.jsonl` up to date for every batch that has other images than when it was last written.
    /// - Parameters:
    ///   - batches: `nil`: all of the state.
    ///   - output: Of batches that came with a `run`.
    ///   - ownership: Of what is written for a batch.
    ///   - changed: Names of batches of which an image has become another, though there may be as many as before.
    ///   - warn: Told what a person must know.
    static func writeMetadata(
        _ store: SQLiteStore, batches: [BatchSummary]? = nil, output: String, changed: Set<String> = [],
        ownership: (BatchSummary) -> FileOwnership = { _ in FileOwnership() }, warn: (String) -> Void
    ) async throws {
        let all = if let batches { batches } else { try await store.batches() }
        for batch in all {
            let images = batch.count(.done)
            let name = batch.settings.name
            var record = try await store.metadataRecord(of: batch.id)
            guard images != record.images ?? 0 || changed.contains(name) else { continue }
            let place = batch.settings.output(otherwise: output)
            let path = try await MetadataFile(output: place, batch: name, ownership: ownership(batch)).rewrite(
                knownHashes: record.hashes,
                remember: { hash in
                    record.hashes = (record.hashes + [hash]).suffix(2)
                    try await store.setMetadataRecord(record, of: batch.id)
                },
                lines: { add in try await store.forEachJob(of: name, in: [.done], add) })
            if !path.hasSuffix("/metadata.jsonl") {
                warn("warning: `\(name)/metadata.jsonl` is not Nightjar's and stays as it is; the new one is `\(path)`")
            }
            Failpoint.metadataWritten.reach()
            record.images = images
            try await store.setMetadataRecord(record, of: batch.id)
        }
    }
}
