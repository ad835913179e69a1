internal import NightjarCore
internal import NightjarManifest
internal import NightjarStore

extension Composition {
    /// A batch that is new to the state, though its images are in the output folder, was made with another state: with one
    /// that is lost, or lies elsewhere. To run it would be to pay for all of them again.
    /// - Throws: `Refusal` that names every such batch.
    func refuseImagesOfAnotherState(_ store: SQLiteStore) async throws {
        try Self.refuseImagesOfAnotherState(
            batches.map(\.batch.settings.name), known: try await store.batchNames(), configuration, costs: key != nil)
    }

    /// - Parameters:
    ///   - batches: Those of the run, by name.
    ///   - known: Those of the state.
    ///   - costs: Whether images are paid for.
    static func refuseImagesOfAnotherState(
        _ batches: [String], known: Set<String>, _ configuration: RunConfiguration, costs: Bool
    ) throws(Refusal) {
        var refusal = Refusal(.configuration)
        for batch in batches where !known.contains(batch) {
            guard let images = try DescribedImages.find(output: configuration.output, batch: batch) else { continue }
            refusal.messages.append(.plain(words(images, of: batch, configuration, costs: costs)))
        }
        if !refusal.messages.isEmpty { throw refusal }
    }

    private static func words(
        _ images: DescribedImages, of batch: String, _ configuration: RunConfiguration, costs: Bool
    ) -> String {
        let count = (images.isMore ? "at least " : "") + (images.count == 1 ? "1 image" : "\(images.count) images")
        let cost = costs ? "pay for them" : "make them"
        return """
            `\(images.file)` describes \(count) of the batch `\(batch)`, of which the state `\(configuration.state)` knows \
            nothing; to run it would \(cost) again. Name the state that they were made with by `--state FILE`, or put it \
            back if it was moved or lost (a copy may lie beside it, `STATE.v1.bak` say); or give this run another \
            `--output`. To make the batch anew, move `\(images.folder)` away first. Nothing was submitted
            """
    }
}
