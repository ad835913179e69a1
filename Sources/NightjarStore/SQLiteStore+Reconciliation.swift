internal import FoundationEssentials
internal import GRDB
package import NightjarCore

extension SQLiteStore {
    // MARK: Open submissions

    package func openSubmissions() async throws -> [OpenSubmission] {
        try await read { db in
            let moments = try StoredMoment.Reader(db)
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT s.*, jobs.state, jobs.submissions,
                        jobs.price_micros AS job_price, jobs.batch_id, idx, key, prompt, seed, s.anchors_id, \(Self.parameterColumns)
                    FROM submissions AS s INDEXED BY submissions_open
                        CROSS JOIN jobs ON jobs.id = s.job_id CROSS JOIN parameters ON parameters.id = parameters_id
                    WHERE s.is_open = 1 ORDER BY s.job_id, s.number
                    """)
            // Many submissions were made after one list.
            var anchors: [Int64: Set<RemoteJobID>] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT id, ids FROM anchors") {
                let ids: String = row["ids"]
                anchors[row["id"]] = try Set(
                    JSONDecoder().decode([String].self, from: Data(ids.utf8)).map(RemoteJobID.init))
            }
            return rows.enumerated().map { place, row in
                let isLastOpen = place + 1 == rows.count || rows[place + 1]["job_id"] != row["job_id"] as Int64
                let list: Int64? = row["anchors_id"]
                return Self.openSubmission(
                    row, isLastOpen: isLastOpen, anchors: list.flatMap { anchors[$0] } ?? [], moments)
            }
        }
    }

    private static func openSubmission(
        _ row: Row, isLastOpen: Bool, anchors: Set<RemoteJobID>, _ moments: StoredMoment.Reader
    ) -> OpenSubmission {
        let state = JobState(rawValue: row["state"]) ?? .failed
        let isLast = row["number"] == row["submissions"] as Int
        let isReplaced =
            switch state {
            case .submitting: !isLast
            case .unknown, .cancelled: !isLastOpen
            case .pending, .submitted, .ready, .waiting, .done, .failed, .filtered: true
            }
        return OpenSubmission(
            id: SubmissionID(job: JobID(row["job_id"]), number: row["number"]), batch: BatchID(row["batch_id"]),
            reference: JobRow.reference(row), request: JobRow.request(row),
            price: Money(micros: row["price_micros"] ?? row["job_price"]), attempt: row["attempt"],
            intent: moments.moment(row) ?? Moment(boot: 0, bootID: "", api: nil),
            lost: lost(row, moments), firstCounted: moments.moment(row, "counted_"), jobState: state,
            isReplaced: isReplaced, anchors: anchors)
    }

    static func loss(_ row: Row) -> Loss? {
        guard row.hasColumn("loss_kind"), let kind: String = row["loss_kind"] else { return nil }
        // A kind that this version does not know is doubted most.
        return Loss(Loss.Kind(rawValue: kind) ?? .silent, row["loss_words"] ?? "")
    }

    private static func lost(_ row: Row, _ moments: StoredMoment.Reader) -> OpenSubmission.Lost? {
        guard let loss = loss(row), let moment = moments.moment(row, "lost_") else { return nil }
        return OpenSubmission.Lost(loss, at: moment)
    }

    package func noteEvidence(_ firstCounted: Moment?, of submission: SubmissionID) async throws {
        try await perform { transaction in
            let statement = try transaction.db.cachedStatement(
                sql: """
                    UPDATE submissions SET counted_boot_ms = ?, counted_boot_no = ?, counted_api_ms = ?
                    WHERE job_id = ? AND number = ?
                    """)
            let values = try StoredMoment.values(firstCounted, in: transaction.db)
            try statement.execute(arguments: values + [submission.job.rawValue, submission.number])
        }
    }

    package func noteHolds(_ holds: [SubmissionID: Hold?]) async throws {
        guard !holds.isEmpty else { return }
        try await perform { transaction in
            let statement = try transaction.db.cachedStatement(
                sql: """
                    UPDATE submissions SET hold_reason = ?, hold_words = ?
                    WHERE job_id = ? AND number = ? AND (is_open = 1 OR ?1 IS NULL)
                    """)
            for (submission, hold) in holds {
                try statement.execute(arguments: [
                    hold?.reason.rawValue, hold?.words, submission.job.rawValue, submission.number,
                ])
            }
        }
    }

    package func closeSubmissions(_ ids: [SubmissionID]) async throws {
        guard !ids.isEmpty else { return }
        try await perform { transaction in
            let statement = try transaction.db.cachedStatement(
                sql: """
                    UPDATE submissions SET is_open = 0, hold_reason = NULL, hold_words = NULL
                    WHERE job_id = ? AND number = ? AND is_open = 1
                    """)
            for id in ids { try statement.execute(arguments: [id.job.rawValue, id.number]) }
        }
    }

    // MARK: Lists

    package func noteAnchors(_ ids: [RemoteJobID], at moment: Moment) async throws {
        let ids = ids.map(\.rawValue)
        let json = String(decoding: try JSONEncoder().encode(ids), as: UTF8.self)
        try await perform { transaction in
            let db = transaction.db
            let last = try String.fetchOne(db, sql: "SELECT ids FROM anchors ORDER BY id DESC LIMIT 1")
            if last == json { return }
            let insert = try db.cachedStatement(
                sql: "INSERT INTO anchors(ids, boot_ms, boot_no, api_ms) VALUES (?, ?, ?, ?)")
            try insert.execute(arguments: [json] + StoredMoment.values(moment, in: db))
            // Kept are those that an open submission was made after, and the newest.
            try db.execute(
                sql: """
                    DELETE FROM anchors WHERE id <> last_insert_rowid() AND id NOT IN (
                        SELECT anchors_id FROM submissions INDEXED BY submissions_open
                        WHERE is_open = 1 AND anchors_id IS NOT NULL)
                    """)
        }
    }

    package func knownIDs(among ids: [RemoteJobID]) async throws -> Set<RemoteJobID> {
        guard !ids.isEmpty else { return [] }
        let json = String(decoding: try JSONEncoder().encode(ids.map(\.rawValue)), as: UTF8.self)
        return try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    WITH asked(id) AS (SELECT value FROM json_each(?))
                    SELECT id FROM asked WHERE EXISTS (SELECT 1 FROM submissions WHERE remote_id = asked.id)
                        OR EXISTS (SELECT 1 FROM jobs WHERE remote_id = asked.id)
                        OR EXISTS (SELECT 1 FROM duplicates WHERE remote_id = asked.id)
                    """)
            return Set(try String.fetchAll(statement, arguments: [json]).map(RemoteJobID.init))
        }
    }

    package func acceptedIDs(limit: Int) async throws -> [(id: RemoteJobID, at: Moment)] {
        try await read { db in
            let moments = try StoredMoment.Reader(db)
            let rows = try Row.fetchCursor(
                db, sql: "SELECT * FROM acceptances ORDER BY id DESC LIMIT ?", arguments: [max(limit, 0)])
            var newest: [(id: RemoteJobID, at: Moment)] = []
            while let row = try rows.next() {
                guard let at = moments.moment(row) else { continue }
                newest.append((RemoteJobID(row["remote_id"]), at))
            }
            return newest.reversed()
        }
    }

    // MARK: Knowledge

    private static let knowledgeFact = "api_knowledge"

    package func apiKnowledge() async throws -> APIKnowledge {
        try await read { db in
            let json = try String.fetchOne(
                db, sql: "SELECT value FROM facts WHERE name = ?", arguments: [Self.knowledgeFact])
            // What cannot be read counts as not known, which holds more and pays for nothing.
            return json.flatMap { try? JSONDecoder().decode(APIKnowledge.self, from: Data($0.utf8)) } ?? APIKnowledge()
        }
    }

    package func setAPIKnowledge(_ knowledge: APIKnowledge) async throws {
        let json = String(decoding: try JSONEncoder().encode(knowledge), as: UTF8.self)
        try await perform { transaction in
            try transaction.db.execute(
                sql: "INSERT OR REPLACE INTO facts VALUES (?, ?)", arguments: [Self.knowledgeFact, json])
        }
    }

    /// What was learnt of one API says nothing about another.
    static func forgetAPI(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM facts WHERE name = ?", arguments: [knowledgeFact])
        try db.execute(sql: "DELETE FROM candidates")
        try db.execute(sql: "DELETE FROM acceptances")
        try db.execute(sql: "INSERT INTO anchors(ids, boot_ms, boot_no) VALUES ('[]', 0, 0)")
    }
}
