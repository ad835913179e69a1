/// The reply to `GET /models`: a list as OpenAI's API gives it.
package struct ModelsReply: Codable, Hashable, Sendable {
    package struct Model: Codable, Hashable, Sendable {
        package var id: String
        /// `model`.
        package var object: String?
        /// Unix seconds.
        package var created: Double?
        package var ownedBy: String?
        /// Only the Jobs API serves this model.
        package var jobs: Bool

        package init(
            id: String, object: String? = "model", created: Double? = nil, ownedBy: String? = nil, jobs: Bool = false
        ) {
            self.id = id
            self.object = object
            self.created = created
            self.ownedBy = ownedBy
            self.jobs = jobs
        }

        private enum CodingKeys: String, CodingKey {
            case id, object, created, jobs
            case ownedBy = "owned_by"
        }

        /// - Throws: `DecodingError` when there is no `id` that is a string.
        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            object = try? fields.decode(String.self, forKey: .object)
            created = fields.lenientSeconds(.created)
            ownedBy = try? fields.decode(String.self, forKey: .ownedBy)
            let isNull = (try? fields.decodeNil(forKey: .jobs)) ?? true
            // The documents say "marked `jobs`" and not how: any value but `false` and `null` is a mark.
            jobs = (try? fields.decode(Bool.self, forKey: .jobs)) ?? !isNull
        }
    }

    /// `list`.
    package var object: String?
    package var data: [Model]

    package init(data: [Model], object: String? = "list") {
        self.object = object
        self.data = data
    }
}
