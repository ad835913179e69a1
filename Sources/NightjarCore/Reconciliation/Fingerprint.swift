/// What a job at the API is recognised by: model and seed.
package struct Fingerprint: Hashable, Sendable {
    package var model: String
    package var seed: Int64

    package init(model: String, seed: Int64) {
        self.model = model
        self.seed = seed
    }
}

extension ImageRequest {
    /// `nil` where the API chooses the seed: then nothing tells one job of a model from another.
    package var fingerprint: Fingerprint? {
        seed.map { Fingerprint(model: parameters.model, seed: $0) }
    }
}
