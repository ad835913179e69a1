package import FoundationEssentials

/// The body of `POST /jobs/images`. A field that is `nil` is not sent.
package struct SubmitRequest: Codable, Hashable, Sendable {
    package var model: String
    package var prompt: String
    package var negativePrompt: String?
    /// Pixels; the API takes 1024 where none is given.
    package var width: Int?
    /// Pixels; the API takes 1024 where none is given.
    package var height: Int?
    package var steps: Int?
    /// Guidance scale, finite.
    package var cfgScale: Double?
    package var sampler: String?
    /// 0…2⁶³−1; the API draws one where none is given.
    package var seed: Int64?

    package init(
        model: String, prompt: String, negativePrompt: String? = nil, width: Int? = nil, height: Int? = nil,
        steps: Int? = nil, cfgScale: Double? = nil, sampler: String? = nil, seed: Int64? = nil
    ) {
        self.model = model
        self.prompt = prompt
        self.negativePrompt = negativePrompt
        self.width = width
        self.height = height
        self.steps = steps
        self.cfgScale = cfgScale
        self.sampler = sampler
        self.seed = seed
    }

    private enum CodingKeys: String, CodingKey {
        case model, prompt, width, height, steps, sampler, seed
        case negativePrompt = "negative_prompt"
        case cfgScale = "cfg_scale"
    }

    /// The body as JSON: the same request gives the same bytes, so that it can be hashed and compared.
    /// - Throws: `EncodingError` when `cfgScale` is not finite.
    package func json() throws -> Data {
        try WireJSON.encode(self)
    }
}
