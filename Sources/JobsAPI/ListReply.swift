/// The reply to `GET /jobs`: recent jobs, newest first, without results.
package struct ListReply: Codable, Hashable, Sendable {
    package var jobs: [JobReply]
    /// Whether older jobs exist than the last one here; `nil` where the API does not say.
    package var hasMore: Bool?

    package init(jobs: [JobReply], hasMore: Bool? = nil) {
        self.jobs = jobs
        self.hasMore = hasMore
    }

    private enum CodingKeys: String, CodingKey {
        case jobs
        case hasMore = "has_more"
    }

    /// - Throws: `DecodingError` when one of the jobs cannot be read: a list with holes in it would prove too much.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        jobs = try fields.decode([JobReply].self, forKey: .jobs)
        hasMore = try? fields.decode(Bool.self, forKey: .hasMore)
    }
}
