import GRDB

extension QueueStore {
    /// - Returns: `nil` when there is no such job, or it belongs to another.
    func job(_ id: String, of owner: Owner) async throws -> StoredJob? {
        try await database.read { database in
            try StoredJob.fetchOne(
                database, sql: "SELECT * FROM job WHERE id = ? AND owner = ?", arguments: [id, owner.name])
        }
    }

    /// What a list shows of a job.
    struct ListRow: Sendable, Equatable, Codable, FetchableRecord {
        var id: String
        var status: String
        var createdMs: Int64
        var model: String

        enum CodingKeys: String, CodingKey {
            case id, status, model
            case createdMs = "created_ms"
        }
    }

    /// One page of an owner's jobs, newest first.
    /// - Parameter after: Only jobs older than this one.
    /// - Returns: The rows, and whether there are older ones; `nil` when there is no job `after`.
    func page(of owner: Owner, limit: Int, after: String?) async throws -> (rows: [ListRow], hasMore: Bool)? {
        try await database.read { database in
            var before = Int64.max
            if let after {
                guard
                    let sequence = try Int64.fetchOne(
                        database, sql: "SELECT sequence FROM job WHERE id = ? AND owner = ?",
                        arguments: [after, owner.name])
                else { return nil }
                before = sequence
            }
            let rows = try ListRow.fetchAll(
                database,
                sql: """
                    SELECT id, status, created_ms, model FROM job WHERE owner = ? AND sequence < ?
                    ORDER BY sequence DESC LIMIT ?
                    """, arguments: [owner.name, before, limit + 1])
            return (Array(rows.prefix(limit)), rows.count > limit)
        }
    }

    /// The part of the ledger that the queue knows; the rest is zero.
    func ledger() async throws -> Ledger {
        try await database.read { database in
            var perKey: [String: Int] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT owner, count(*) AS jobs FROM job GROUP BY owner") {
                perKey[Owner(name: row["owner"]).label, default: 0] += row["jobs"]
            }
            let jobs = try Int.fetchOne(database, sql: "SELECT count(*) FROM job") ?? 0
            let failed = try Int.fetchOne(database, sql: "SELECT count(*) FROM job WHERE status = 'FAILED'") ?? 0
            let groups = try Self.duplicateGroups(database)
            return Ledger(
                jobs: jobs, billed: jobs - failed, failed: failed, jobsPerKey: perKey,
                duplicates: groups.reduce(0) { $0 + $1.ids.count - 1 }, duplicateGroups: groups,
                maxRequestsPerSecond: 0, maxUnfinished: 0, unfinished: 0, requests: RequestTally.Counts())
        }
    }

    private static func duplicateGroups(_ database: Database) throws -> [Ledger.DuplicateGroup] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT id, owner, request_hash, prompt, model, requested_seed FROM job
                WHERE requested_seed IS NOT NULL AND status <> 'FAILED' AND (owner, request_hash) IN (
                    SELECT owner, request_hash FROM job WHERE requested_seed IS NOT NULL AND status <> 'FAILED'
                    GROUP BY owner, request_hash HAVING count(*) > 1)
                ORDER BY sequence
                """)
        var groups: [Ledger.DuplicateGroup] = []
        var places: [[String]: Int] = [:]
        while let row = try rows.next() {
            let identity: [String] = [row["owner"], row["request_hash"]]
            if let place = places[identity] {
                groups[place].ids.append(row["id"])
            } else {
                places[identity] = groups.count
                groups.append(
                    Ledger.DuplicateGroup(
                        prompt: row["prompt"], model: row["model"], seed: row["requested_seed"], ids: [row["id"]]))
            }
        }
        return groups
    }
}
