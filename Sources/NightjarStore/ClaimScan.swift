internal import FoundationEssentials
internal import GRDB
internal import NightjarCore

/// Finds the next jobs of a queue that are not held up by a submission of their fingerprint.
struct ClaimScan {
    typealias Place = BlockedJobs.Place

    let db: Database
    let queue: BlockedJobs.Queue
    /// What waits until later than this is not due.
    let now: WallTime

    /// After the last job there can be now.
    var end: Place { Place(due: queue.isWaiting ? now.milliseconds : 0, id: .max) }

    func place(of row: Row) -> Place {
        Place(due: queue.isWaiting ? row["due_at_ms"] ?? 0 : 0, id: row["id"])
    }

    static func fingerprint(of row: Row) -> Fingerprint? {
        let seed: Int64? = row["seed"]
        return seed.map { Fingerprint(model: row["model"], seed: $0) }
    }

    /// The next jobs after a place that have none of these fingerprints or models, at most `limit`.
    func next(
        after place: Place, avoiding taken: Set<Fingerprint>, without models: Set<String>, limit: Int
    ) throws -> [Row] {
        var filter = ""
        var arguments: StatementArguments = [queue.batch.rawValue, now.milliseconds, place.due, place.id, limit]
        if !taken.isEmpty {
            filter = """
                AND (seed IS NULL OR (model, seed) NOT IN (
                    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?6)))
                """
            arguments += [try Self.json(taken)]
        }
        if !models.isEmpty {
            filter += " AND model NOT IN (SELECT value FROM json_each(?\(taken.isEmpty ? 6 : 7)))"
            arguments += [String(decoding: try JSONEncoder().encode(models), as: UTF8.self)]
        }
        let statement = try db.cachedStatement(
            sql: "\(Self.columns) \(source) \(after) \(filter) ORDER BY \(order) LIMIT ?5")
        return try Row.fetchAll(statement, arguments: arguments)
    }

    /// The first job of a fingerprint from a place on, up to another.
    func first(of fingerprint: Fingerprint, from place: Place, upTo end: Place) throws -> Row? {
        let statement = try db.cachedStatement(
            sql: """
                \(Self.columns) \(source) \(after) \(upTo) AND seed = ?7 AND model = ?8 ORDER BY \(order) LIMIT 1
                """)
        return try Row.fetchOne(
            statement,
            arguments: [
                queue.batch.rawValue, now.milliseconds, place.due, place.id - 1, end.due, end.id, fingerprint.seed,
                fingerprint.model,
            ])
    }

    /// The first job of each fingerprint among those that are left after a place, up to another.
    func firsts(after place: Place, upTo end: Place) throws -> [Fingerprint: Place] {
        // The least of each column: no job of the fingerprint stands before that.
        let statement = try db.cachedStatement(
            sql: """
                SELECT min(jobs.id) AS id, min(due_at_ms) AS due_at_ms, model, seed \(source) \(after) \(upTo) AND seed IS NOT NULL
                GROUP BY parameters_id, seed
                """)
        let rows = try Row.fetchCursor(
            statement,
            arguments: [queue.batch.rawValue, now.milliseconds, place.due, place.id, end.due, end.id])
        var firsts: [Fingerprint: Place] = [:]
        while let row = try rows.next() {
            guard let fingerprint = Self.fingerprint(of: row) else { continue }
            let place = self.place(of: row)
            firsts[fingerprint] = min(firsts[fingerprint] ?? place, place)
        }
        return firsts
    }

    private static let columns = """
        SELECT jobs.id, batch_id, idx, key, state, attempt, submissions, key_shift, prompt, seed, due_at_ms,
            \(SQLiteStore.parameterColumns)
        """

    // The index decides the order, so it is named.
    private var source: String {
        let index = queue.isWaiting ? "jobs_waiting" : "jobs_unfinished"
        let state = queue.isWaiting ? "state = 'waiting'" : "state = 'pending' AND \(SQLiteStore.isUnfinished)"
        return """
            FROM jobs INDEXED BY \(index) CROSS JOIN parameters ON parameters.id = parameters_id
            WHERE batch_id = ?1 AND \(state) AND NOT paused
            """
    }

    // SQLite finds a millisecond by the index and reads through that: times are spread by chance.
    private var after: String {
        queue.isWaiting
            ? "AND due_at_ms <= ?2 AND (due_at_ms, jobs.id) > (?3, ?4)"
            : "AND ?2 IS NOT NULL AND ?3 <= 0 AND jobs.id > ?4"
    }

    private var upTo: String {
        queue.isWaiting ? "AND (due_at_ms, jobs.id) <= (?5, ?6)" : "AND ?5 >= 0 AND jobs.id <= ?6"
    }

    private var order: String { queue.isWaiting ? "due_at_ms, jobs.id" : "jobs.id" }

    private struct Pair: Encodable {
        let fingerprint: Fingerprint

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(fingerprint.model)
            try container.encode(fingerprint.seed)
        }
    }

    private static func json(_ taken: Set<Fingerprint>) throws -> String {
        String(decoding: try JSONEncoder().encode(taken.map(Pair.init)), as: UTF8.self)
    }
}
