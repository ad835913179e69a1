extension Migrations {
    /// What a daemon needs: inboxes, and what people say while it runs.
    static let version4 = """
        -- Limits that a person has set for a batch: JSON; NULL: none. For all of them together: the fact `overrides`.
        ALTER TABLE batches ADD COLUMN overrides TEXT;

        -- Why a daemon has stopped a batch, until somebody edits it or tries its jobs again.
        ALTER TABLE batches ADD COLUMN halted TEXT;

        -- A person's word about one job. `paused` counts while it is pending or waiting. `unwanted`: it is brought home where
        -- it is at the API, and not submitted again.
        ALTER TABLE jobs ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN unwanted INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX jobs_paused ON jobs(batch_id) WHERE paused = 1;

        -- What people want of whole batches, and what became of it.
        CREATE TABLE orders(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            batch_id INTEGER REFERENCES batches(id), -- NULL: every batch
            order_json TEXT NOT NULL,
            left_at_ms INTEGER NOT NULL,
            ended_at_ms INTEGER,
            result_json TEXT
        );
        CREATE INDEX orders_left ON orders(id) WHERE ended_at_ms IS NULL;

        -- Manifests that were taken from an inbox.
        CREATE TABLE drops(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            inbox TEXT NOT NULL,
            accepted TEXT NOT NULL,             -- the file's name in .accepted
            stem TEXT NOT NULL,
            digest TEXT NOT NULL,
            duplicate_of TEXT,
            taken_at_ms INTEGER NOT NULL,
            ends_as TEXT,
            ended_at_ms INTEGER
        );
        CREATE UNIQUE INDEX drops_open ON drops(inbox, accepted) WHERE ended_at_ms IS NULL;
        CREATE TABLE drop_batches(
            drop_id INTEGER NOT NULL REFERENCES drops(id),
            batch_id INTEGER NOT NULL REFERENCES batches(id),
            PRIMARY KEY(drop_id, batch_id)
        ) WITHOUT ROWID;
        CREATE INDEX drop_batches_by_batch ON drop_batches(batch_id);
        """
}
