/// What one job asks to be drawn, with every default filled in.
package struct RenderJob: Hashable, Sendable {
    package var id: String
    package var model: String
    package var prompt: String
    package var negativePrompt: String?
    /// Pixels, 64…4096.
    package var width: Int
    /// Pixels, 64…4096.
    package var height: Int
    /// 1…150, or as the model likes.
    package var steps: Int?
    /// Guidance scale 0…50, or as the model likes.
    package var cfgScale: Double?
    package var sampler: String?
    /// 0…2⁶³−1.
    package var seed: Int64

    package init(
        id: String, model: String, prompt: String, negativePrompt: String? = nil, width: Int = 1024,
        height: Int = 1024, steps: Int? = nil, cfgScale: Double? = nil, sampler: String? = nil, seed: Int64
    ) {
        self.id = id
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
}

/// A finished picture, encoded.
package struct RenderedImage: Hashable, Sendable {
    package var bytes: [UInt8]
    /// Pixels.
    package var width: Int
    package var height: Int
    /// `image/png`, `image/jpeg`, `image/webp` or `image/gif`.
    package var mediaType: String

    package init(bytes: [UInt8], width: Int, height: Int, mediaType: String) {
        self.bytes = bytes
        self.width = width
        self.height = height
        self.mediaType = mediaType
    }
}

/// Makes the pictures. An error that it throws ends the job as FAILED, with the error's description as the message.
package protocol ImageRenderer: Sendable {
    /// Called for at most `ServerSettings.workers` jobs at one time; it keeps its computing off the caller's thread.
    func render(_ job: RenderJob) async throws -> RenderedImage
}
