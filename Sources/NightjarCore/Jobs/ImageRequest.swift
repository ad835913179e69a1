/// What one submission asks the API for. A field that is `nil` is not sent.
package struct ImageRequest: Hashable, Sendable {
    /// The fields that many jobs of a batch share: everything but the prompt and the seed.
    package struct Parameters: Hashable, Sendable {
        package var model: String
        package var negativePrompt: String?
        /// Pixels, at least 1.
        package var width: Int?
        /// Pixels, at least 1.
        package var height: Int?
        /// At least 1.
        package var steps: Int?
        /// Guidance scale, finite and not negative.
        package var cfgScale: Double?
        package var sampler: String?

        package init(
            model: String, negativePrompt: String? = nil, width: Int? = nil, height: Int? = nil, steps: Int? = nil,
            cfgScale: Double? = nil, sampler: String? = nil
        ) {
            self.model = model
            self.negativePrompt = negativePrompt
            self.width = width
            self.height = height
            self.steps = steps
            self.cfgScale = cfgScale
            self.sampler = sampler
        }
    }

    package var prompt: String
    package var parameters: Parameters
    /// 0…2⁶³−1; `nil` only where the manifest says `seed: server`.
    package var seed: Int64?

    package init(prompt: String, parameters: Parameters, seed: Int64?) {
        self.prompt = prompt
        self.parameters = parameters
        self.seed = seed
    }
}
