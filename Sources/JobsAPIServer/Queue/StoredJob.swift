import GRDB
import JobsAPI

/// A row of the queue.
struct StoredJob: Sendable, Equatable, Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "job"

    /// Milliseconds since 1970-01-01 00:00 UTC.
    typealias Moment = Int64

    /// In the order of submission; `nil` before the row is written.
    var sequence: Int64?
    var id: String
    var owner: String
    /// QUEUED, PROCESSING, COMPLETED or FAILED.
    var status: String
    var createdMs: Moment
    var startedMs: Moment?
    var finishedMs: Moment?
    var model: String
    var prompt: String
    var negativePrompt: String?
    /// Pixels.
    var width: Int
    var height: Int
    var steps: Int?
    var cfgScale: Double?
    var sampler: String?
    /// As it was asked for; `nil` when the server drew one.
    var requestedSeed: Int64?
    var seed: Int64
    /// The name of its image without the extension: 128 random bits, since whoever knows it may see the image.
    var imageStem: String
    /// The name of the file in the image folder, when COMPLETED.
    var image: String?
    /// Pixels of the finished image.
    var imageWidth: Int?
    var imageHeight: Int?
    /// When FAILED.
    var error: String?
    var idempotencyKey: String?
    /// SHA-256 of the request, in hexadecimal digits.
    var requestHash: String

    enum CodingKeys: String, CodingKey, ColumnExpression {
        case sequence, id, owner, status, model, prompt, width, height, steps, sampler, seed, image, error
        case createdMs = "created_ms"
        case startedMs = "started_ms"
        case finishedMs = "finished_ms"
        case negativePrompt = "negative_prompt"
        case cfgScale = "cfg_scale"
        case requestedSeed = "requested_seed"
        case imageStem = "image_stem"
        case imageWidth = "image_width"
        case imageHeight = "image_height"
        case idempotencyKey = "idempotency_key"
        case requestHash = "request_hash"
    }

    var renderJob: RenderJob {
        RenderJob(
            id: id, model: model, prompt: prompt, negativePrompt: negativePrompt, width: width, height: height,
            steps: steps, cfgScale: cfgScale, sampler: sampler, seed: seed)
    }
}

/// How a job ended.
enum Outcome: Sendable, Equatable {
    /// The image is on disk, under this name, with this size in pixels.
    case completed(image: String, width: Int, height: Int)
    case failed(String)
}
