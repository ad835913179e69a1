extension Migrations {
    /// What makes a manifest of a million prompts cheap to take in.
    static let version3 = """
        -- Only what is left to do, as in version 1: the states from `pending` on in the order of the alphabet. SQLite goes
        -- through a list of them for every row that comes. Without the plus a query would read the index from there on.
        DROP INDEX IF EXISTS jobs_unfinished;
        CREATE INDEX jobs_unfinished ON jobs(batch_id, state, id) WHERE +state >= 'pending';

        -- The first and the last row of a batch's jobs; others may lie between.
        ALTER TABLE batches ADD COLUMN first_row INTEGER;
        ALTER TABLE batches ADD COLUMN last_row INTEGER;
        UPDATE batches SET (first_row, last_row) = (SELECT min(id), max(id) FROM jobs WHERE batch_id = batches.id);

        CREATE INDEX decisions_by_job ON decisions(job_id);

        -- An intake knows all keys of its batch, and makes this index again for a batch of which it cannot.
        DROP INDEX IF EXISTS jobs_by_key;
        """
}
