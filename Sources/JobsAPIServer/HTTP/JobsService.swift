import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import JobsAPI
import NIOCore

/// What the API does, once it is known for whom.
struct JobsService: Sendable {
    let store: QueueStore
    let images: ImageFolder
    let wakeup: Wakeup

    private static let largestBody = 1 << 20
    private static let defaultPage = 20
    private static let largestPage = 1000

    func submit(_ request: Request, _ owner: Owner) async throws -> SubmitReply {
        let body = try await Self.body(of: request)
        let submitted = try SubmissionReader.read(body)
        let key = try Self.idempotencyKey(request)
        let job = StoredJob(submitted, owner: owner, idempotencyKey: key, hash: SHA256.hash(data: try submitted.json()))
        switch try await store.submit(job) {
        case .added(let id):
            wakeup.ring()
            return SubmitReply(id: id, status: .queued)
        case .known(let id): return SubmitReply(id: id, status: .queued)
        case .keyIsTaken: throw Problem.idempotencyKeyTaken
        }
    }

    func job(_ id: String, _ owner: Owner, _ origin: Origin) async throws -> JobReply {
        guard let job = try await store.job(id, of: owner) else { throw Problem.noSuchJob(id) }
        let result = job.image.map { name in
            JobReply.Result(
                url: origin.text + Route.images + name, width: job.imageWidth, height: job.imageHeight, seed: job.seed)
        }
        return JobReply(
            id: job.id, status: JobStatus(rawValue: job.status), createdAt: Self.seconds(job.createdMs),
            model: job.model, result: result,
            error: job.error.map {
                ErrorReply.Details(message: $0, type: "generation_error", code: "generation_failed")
            })
    }

    func list(_ query: Parameters, _ owner: Owner) async throws -> ListReply {
        let limit: Int
        if let text = query.get("limit") {
            guard let number = Int(text), (1...Self.largestPage).contains(number) else {
                throw Problem.invalid(
                    "`limit` must be a whole number of 1 to \(Self.largestPage), got `\(text.prefix(40))`")
            }
            limit = number
        } else {
            limit = Self.defaultPage
        }
        let after = query.get("after")
        guard let page = try await store.page(of: owner, limit: limit, after: after) else {
            throw Problem.invalid("`after` must be the id of a job, and there is no job `\((after ?? "").prefix(200))`")
        }
        let rows = page.rows.map { row in
            JobReply(
                id: row.id, status: JobStatus(rawValue: row.status), createdAt: Self.seconds(row.createdMs),
                model: row.model)
        }
        return ListReply(jobs: rows, hasMore: page.hasMore)
    }

    func image(_ name: String, _ request: Request) async throws -> Response {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 32, parts[0].allSatisfy(\.isHexDigit),
            let type = Self.mediaTypes[String(parts[1])]
        else { throw Problem.noSuchImage }
        let tag = "\"\(parts[0])\""
        // A name stands for one image for ever.
        let headers: HTTPFields = [
            .contentType: type, .eTag: tag, .cacheControl: "private, max-age=31536000, immutable",
        ]
        guard let bytes = try await images.read(name) else { throw Problem.noSuchImage }
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
        let response = Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        return request.method == .head ? response.createHeadResponse() : response
    }

    func ledger(_ tally: RequestTally) async throws -> Ledger {
        var ledger = try await store.ledger()
        (ledger.requests, ledger.maxRequestsPerSecond) = tally.totals
        (ledger.unfinished, ledger.maxUnfinished) = store.unfinished.totals
        return ledger
    }

    /// - Throws: 413.
    private static func body(of request: Request) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > largestBody {
            throw Problem.tooLarge
        }
        do {
            return Array(try await request.body.collect(upTo: largestBody).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge
        }
    }

    /// - Throws: 400.
    private static func idempotencyKey(_ request: Request) throws(Problem) -> String? {
        guard let name = HTTPField.Name(JobsAPIPath.idempotencyKeyHeader), let key = request.headers[name] else {
            return nil
        }
        guard (1...255).contains(key.utf8.count) else {
            throw .invalid("`\(JobsAPIPath.idempotencyKeyHeader)` must have 1 to 255 characters")
        }
        return key
    }

    /// Whole Unix seconds, as the API documents them.
    private static func seconds(_ milliseconds: Int64) -> Double {
        Double(milliseconds / 1000)
    }

    private static let mediaTypes = [
        "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    ]
}

extension StoredJob {
    /// A new job, QUEUED, with every default filled in.
    fileprivate init(_ request: SubmitRequest, owner: Owner, idempotencyKey: String?, hash: SHA256.Digest) {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        self.init(
            id: "job-" + String((0..<12).map { _ in letters[Int.random(in: 0..<letters.count)] }), owner: owner.name,
            status: JobStatus.queued.rawValue, createdMs: wallMilliseconds(), model: request.model,
            prompt: request.prompt, negativePrompt: request.negativePrompt, width: request.width ?? 1024,
            height: request.height ?? 1024, steps: request.steps, cfgScale: request.cfgScale, sampler: request.sampler,
            requestedSeed: request.seed, seed: request.seed ?? Int64.random(in: 0...Int64(UInt32.max)),
            imageStem: hexadecimal((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            idempotencyKey: idempotencyKey, requestHash: hexadecimal(hash))
    }
}
