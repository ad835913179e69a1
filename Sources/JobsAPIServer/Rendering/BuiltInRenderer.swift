import Crypto
import Pictures

/// Draws placeholder pictures: a landscape chosen by the words of the prompt, composed from a hash of request and seed,
/// with the prompt written across its foot. The same job gives the same bytes.
package struct BuiltInRenderer: ImageRenderer {
    private let threads = BlockingThreads(label: "nightjar.render")

    package init() {}

    package func render(_ job: RenderJob) async throws -> RenderedImage {
        try await threads.run { try Self.draw(job) }
    }

    static func draw(_ job: RenderJob) throws(PictureError) -> RenderedImage {
        let canvas = try Canvas(width: job.width, height: job.height)
        var hash = SHA256()
        for part in [job.model, job.prompt, job.negativePrompt ?? "", String(job.seed)] {
            hash.update(data: Array(part.utf8))
            hash.update(data: [0])
        }
        var painter = Painter(
            canvas: canvas, dice: Dice(seed: hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }))
        painter.paint(Motif(prompt: job.prompt, dice: &painter.dice))
        Caption(prompt: job.prompt, seed: job.seed).draw(on: canvas)
        return RenderedImage(
            bytes: try canvas.png(level: 3), width: job.width, height: job.height,
            mediaType: PictureFormat.png.mediaType)
    }
}
