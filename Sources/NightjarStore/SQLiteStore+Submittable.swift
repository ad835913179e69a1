internal import GRDB
package import NightjarCore

/// Jobs of one batch and one model that nothing but their turn keeps from being submitted.
package struct SubmittableJobs: Equatable, Sendable {
    package var batch: BatchID
    package var model: String
    package var jobs: Int

    package init(batch: BatchID, model: String, jobs: Int) {
        self.batch = batch
        self.model = model
        self.jobs = jobs
    }
}

extension SQLiteStore {
    /// The models of failed jobs that `retryFailed` takes up again; in the end any of them may be submitted.
    package func failedModels(_ batches: [BatchID]) async throws -> [String] {
        try await read { db in
            try batches.flatMap { batch in
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT model FROM parameters WHERE id IN (
                            SELECT parameters_id FROM \(try Self.jobsOfBatch(batch, in: db))
                                AND state = 'failed' AND NOT removed)
                        """, arguments: [batch.rawValue])
            }
        }
    }

    /// The jobs of `batches` that are `pending` or `waiting`, by model.
    /// - Parameter andFailed: Those too that `retryFailed` would have submitted again.
    package func submittableJobs(_ batches: [BatchID], andFailed: Bool = false) async throws -> [SubmittableJobs] {
        try await read { db in
            try batches.flatMap { batch in
                var jobs = """
                    SELECT parameters_id FROM jobs
                    WHERE batch_id = ?1 AND state IN ('pending', 'waiting') AND \(Self.isUnfinished)
                    """
                if andFailed {
                    jobs += """
                         UNION ALL SELECT parameters_id FROM jobs WHERE \(try Self.rows(of: batch, in: db))
                            AND batch_id = ?1 AND state = 'failed' AND NOT removed AND \(Self.failedUnbilled)
                        """
                }
                // Each row of `parameters` is looked up once, not once a job.
                return try Row.fetchAll(
                    db,
                    sql: """
                        SELECT model, sum(jobs) AS jobs FROM (
                            SELECT parameters_id, count(*) AS jobs FROM (\(jobs)) GROUP BY parameters_id
                        ) JOIN parameters ON parameters.id = parameters_id
                        GROUP BY model ORDER BY model
                        """, arguments: [batch.rawValue]
                ).map { SubmittableJobs(batch: batch, model: $0["model"], jobs: $0["jobs"]) }
            }
        }
    }
}
