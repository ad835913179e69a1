/// The reply to `GET /jobs/{id}`, and one row of `GET /jobs`.
package struct JobReply: Codable, Hashable, Sendable {
    /// What a COMPLETED job made.
    package struct Result: Codable, Hashable, Sendable {
        package var url: String
        /// Pixels; `nil` where the API does not say.
        package var width: Int?
        package var height: Int?
        /// `nil` where the API does not say.
        package var seed: Int64?

        package init(url: String, width: Int? = nil, height: Int? = nil, seed: Int64? = nil) {
            self.url = url
            self.width = width
            self.height = height
            self.seed = seed
        }

        private enum CodingKeys: String, CodingKey { case url, width, height, seed }

        /// - Throws: `DecodingError` when there is no `url` that is a string.
        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            url = try fields.decode(String.self, forKey: .url)
            width = fields.lenientInteger(.width).flatMap { Int(exactly: $0) }
            height = fields.lenientInteger(.height).flatMap { Int(exactly: $0) }
            seed = fields.lenientInteger(.seed)
        }
    }

    /// Opaque; see `JobsAPIPath.job`.
    package var id: String
    package var status: JobStatus
    /// Unix seconds; `nil` where the API does not say.
    package var createdAt: Double?
    /// Carried by the rows of a list.
    package var model: String?
    /// Only when COMPLETED, and not in lists.
    package var result: Result?
    /// Only when FAILED.
    package var error: ErrorReply.Details?

    package init(
        id: String, status: JobStatus, createdAt: Double? = nil, model: String? = nil, result: Result? = nil,
        error: ErrorReply.Details? = nil
    ) {
        self.id = id
        self.status = status
        self.createdAt = createdAt
        self.model = model
        self.result = result
        self.error = error
    }

    private enum CodingKeys: String, CodingKey {
        case id, status, model, result, error
        case createdAt = "created_at"
    }

    /// Reads what other servers may write: times and numbers as text, times in milliseconds, an error as text.
    /// - Throws: `DecodingError` when `id` or `status` is not a string; all else becomes `nil` where it cannot be read.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        status = try fields.decode(JobStatus.self, forKey: .status)
        createdAt = fields.lenientSeconds(.createdAt)
        model = try? fields.decode(String.self, forKey: .model)
        result = try? fields.decode(Result.self, forKey: .result)
        error = try? fields.decode(ErrorReply.Details.self, forKey: .error)
    }
}
