/// One reply to `GET /jobs`, or several pages of it joined.
package struct JobList: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package var id: RemoteJobID
        package var status: RemoteJob.Status
        /// On the API's clock; `nil` where the reply does not say, or not readably.
        package var createdAt: WallTime?
        package var model: String?

        package init(id: RemoteJobID, status: RemoteJob.Status, createdAt: WallTime?, model: String?) {
            self.id = id
            self.status = status
            self.createdAt = createdAt
            self.model = model
        }
    }

    /// In the order of the reply.
    package var rows: [Row]
    /// Whether there are older jobs than the last one here; `nil` where the API does not say.
    package var hasMore: Bool?
    /// The API's time when it made the reply (`Date`), in whole seconds.
    package var date: WallTime?
    /// How long a cache has kept the reply (`Age`).
    package var age: Duration

    package init(rows: [Row], hasMore: Bool? = nil, date: WallTime? = nil, age: Duration = .zero) {
        self.rows = rows
        self.hasMore = hasMore
        self.date = date
        self.age = age
    }
}
