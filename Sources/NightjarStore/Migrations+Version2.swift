extension Migrations {
    /// What reconciling lost answers needs. Rows are only touched where an answer is lost, so a million of them are
    /// migrated in the time that the index takes.
    static let version2 = """
        -- The oldest nightjar that understands this file.
        INSERT OR REPLACE INTO facts VALUES ('needs', '0.2.0');

        -- Starts of machines. Moments name one, since boot clocks of two of them cannot be compared; number 0 is none.
        CREATE TABLE boots(id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);
        INSERT INTO boots VALUES (0, '');

        -- The newest ids of a list, for the submissions made after it.
        CREATE TABLE anchors(
            id INTEGER PRIMARY KEY,
            ids TEXT NOT NULL,                  -- JSON array, newest first
            boot_ms INTEGER NOT NULL,
            boot_no INTEGER NOT NULL,
            api_ms INTEGER
        );

        -- The newest ids that the API gave us, in that order; old ones are deleted.
        CREATE TABLE acceptances(
            id INTEGER PRIMARY KEY,
            remote_id TEXT NOT NULL,
            boot_ms INTEGER NOT NULL,
            boot_no INTEGER NOT NULL,
            api_ms INTEGER
        );

        -- A moment is three columns: on the boot clock, of which start, and on the API's clock where that is known.
        ALTER TABLE submissions ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submissions ADD COLUMN boot_ms INTEGER NOT NULL DEFAULT 0; -- the intent
        ALTER TABLE submissions ADD COLUMN boot_no INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submissions ADD COLUMN api_ms INTEGER;
        ALTER TABLE submissions ADD COLUMN key_number INTEGER; -- of the idempotency key; NULL before version 2
        ALTER TABLE submissions ADD COLUMN price_micros INTEGER; -- NULL before version 2: as the job's
        ALTER TABLE submissions ADD COLUMN anchors_id INTEGER;
        ALTER TABLE submissions ADD COLUMN loss_kind TEXT; -- once set, these never change
        ALTER TABLE submissions ADD COLUMN loss_words TEXT;
        ALTER TABLE submissions ADD COLUMN lost_boot_ms INTEGER;
        ALTER TABLE submissions ADD COLUMN lost_boot_no INTEGER;
        ALTER TABLE submissions ADD COLUMN lost_api_ms INTEGER;
        ALTER TABLE submissions ADD COLUMN counted_boot_ms INTEGER; -- the first list that counts
        ALTER TABLE submissions ADD COLUMN counted_boot_no INTEGER;
        ALTER TABLE submissions ADD COLUMN counted_api_ms INTEGER;
        ALTER TABLE submissions ADD COLUMN hold_reason TEXT;
        ALTER TABLE submissions ADD COLUMN hold_words TEXT;
        CREATE INDEX submissions_open ON submissions(job_id, number) WHERE is_open = 1;
        CREATE INDEX submissions_by_remote_id ON submissions(remote_id) WHERE remote_id IS NOT NULL;

        -- The number of a job's idempotency key is its attempt plus this.
        ALTER TABLE jobs ADD COLUMN key_shift INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0; -- a person has said so
        CREATE INDEX jobs_waiting ON jobs(batch_id, due_at_ms, id) WHERE state = 'waiting';

        -- What the ids that did not FAIL cost, added up apart from what was spent.
        ALTER TABLE batches ADD COLUMN billed_micros INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE candidates(
            remote_id TEXT PRIMARY KEY,
            status TEXT NOT NULL,               -- queued, processing, completed, failed, other
            status_words TEXT,
            result_url TEXT,
            result_width INTEGER,
            result_height INTEGER,
            result_seed INTEGER,
            created_at_ms INTEGER,
            model TEXT,
            is_read INTEGER NOT NULL,
            seed TEXT,                          -- JSON
            prompt TEXT
        ) WITHOUT ROWID;

        CREATE TABLE duplicates(
            id INTEGER PRIMARY KEY,
            remote_id TEXT NOT NULL UNIQUE,
            job_id INTEGER NOT NULL REFERENCES jobs(id),
            is_ended INTEGER NOT NULL DEFAULT 0,
            path TEXT,
            note TEXT,
            noticed_at_ms INTEGER NOT NULL
        );
        CREATE INDEX duplicates_by_job ON duplicates(job_id);

        -- What people have decided, and what became of it.
        CREATE TABLE decisions(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            job_id INTEGER NOT NULL REFERENCES jobs(id),
            kind TEXT NOT NULL,                 -- retry, adopt, resubmit
            remote_id TEXT,                     -- of adopt
            left_at_ms INTEGER NOT NULL,
            ended_at_ms INTEGER,
            from_state TEXT,
            to_state TEXT,
            refusal TEXT
        );
        CREATE INDEX decisions_left ON decisions(id) WHERE ended_at_ms IS NULL;

        -- Lost before version 2: the wall clock is the best that is known of the intent. The loss is dated by the next
        -- start, which is late and therefore safe.
        UPDATE submissions SET is_open = 1, api_ms = intent_at_ms, key_number = attempt
            WHERE (job_id, number) IN (
                SELECT id, submissions FROM jobs
                WHERE batch_id IN (SELECT id FROM batches) AND state IN ('submitting', 'unknown')
                    AND state IN ('pending', 'submitting', 'submitted', 'ready', 'unknown', 'waiting'));

        -- Version 1 counted a lost answer as spent. Now spent is what has an id.
        UPDATE batches SET spent_micros = max(0, spent_micros - (
            SELECT coalesce(sum(price_micros), 0) FROM jobs
            WHERE batch_id = batches.id AND state = 'unknown'
                AND state IN ('pending', 'submitting', 'submitted', 'ready', 'unknown', 'waiting')));
        UPDATE batches SET billed_micros = spent_micros;
        """
}
