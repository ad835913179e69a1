/// The reply to `POST /jobs/images`.
package struct SubmitReply: Codable, Hashable, Sendable {
    /// Opaque; see `JobsAPIPath.job`.
    package var id: String
    /// `queued` where the reply does not say.
    package var status: JobStatus

    package init(id: String, status: JobStatus) {
        self.id = id
        self.status = status
    }

    /// - Throws: `DecodingError` when there is no `id` that is a string.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        status = (try? fields.decode(JobStatus.self, forKey: .status)) ?? .queued
    }

    private enum CodingKeys: String, CodingKey { case id, status }
}
