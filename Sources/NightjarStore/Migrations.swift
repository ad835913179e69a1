internal import GRDB

/// The schema, one released version after another. A released migration is never edited.
enum Migrations {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: version1)
        }
        // Keys are not checked over all rows: the migration breaks none, and a state may have a million.
        migrator.registerMigration("2", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version2)
        }
        migrator.registerMigration("3", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version3)
        }
        migrator.registerMigration("4", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: version4)
        }
        return migrator
    }()

    private static let version1 = """
        -- Facts about this file: the salt of its idempotency keys.
        CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

        CREATE TABLE batches(
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            settings TEXT NOT NULL,             -- JSON
            digest TEXT,                        -- of the manifest as last taken in
            next_index INTEGER NOT NULL DEFAULT 0,
            paused INTEGER NOT NULL DEFAULT 0,
            spent_micros INTEGER NOT NULL DEFAULT 0,
            duplicates INTEGER NOT NULL DEFAULT 0,
            requests_submit INTEGER NOT NULL DEFAULT 0,
            requests_get INTEGER NOT NULL DEFAULT 0,
            requests_list INTEGER NOT NULL DEFAULT 0,
            requests_download INTEGER NOT NULL DEFAULT 0,
            rate_limited INTEGER NOT NULL DEFAULT 0,
            throughput REAL,                    -- images a second
            throughput_at_ms INTEGER,
            metadata_hashes TEXT NOT NULL DEFAULT '',
            metadata_images INTEGER,
            created_at_ms INTEGER NOT NULL,
            updated_at_ms INTEGER NOT NULL
        );

        -- Jobs by state, kept in the same transactions as the jobs themselves.
        CREATE TABLE counts(
            batch_id INTEGER NOT NULL REFERENCES batches(id),
            state TEXT NOT NULL,
            jobs INTEGER NOT NULL,
            PRIMARY KEY(batch_id, state)
        ) WITHOUT ROWID;

        -- The request fields that many jobs share; each combination once.
        CREATE TABLE parameters(
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            model TEXT NOT NULL,
            negative_prompt TEXT,
            width INTEGER,
            height INTEGER,
            steps INTEGER,
            cfg_scale REAL,
            sampler TEXT
        );

        CREATE TABLE jobs(
            id INTEGER PRIMARY KEY,
            batch_id INTEGER NOT NULL REFERENCES batches(id),
            idx INTEGER NOT NULL,
            key BLOB NOT NULL,                  -- 16 bytes
            label TEXT,                         -- the manifest's id
            state TEXT NOT NULL,
            parameters_id INTEGER NOT NULL REFERENCES parameters(id),
            prompt TEXT NOT NULL,
            seed INTEGER,
            variables TEXT,                     -- JSON object
            meta TEXT,                          -- JSON object
            attempt INTEGER NOT NULL DEFAULT 0,
            submissions INTEGER NOT NULL DEFAULT 0,
            removed INTEGER NOT NULL DEFAULT 0, -- the manifest no longer names it; if cancelled, that is why
            price_micros INTEGER NOT NULL DEFAULT 0, -- of an image, as of the last submission
            intent_at_ms INTEGER,
            submitted_at_ms INTEGER,
            due_at_ms INTEGER,
            remote_id TEXT,
            result_url TEXT,
            result_width INTEGER,
            result_height INTEGER,
            result_seed INTEGER,
            path TEXT,
            sha256 TEXT,
            bytes INTEGER,
            width INTEGER,
            height INTEGER,
            error_kind TEXT,
            error_message TEXT,
            created_at_ms INTEGER NOT NULL,
            updated_at_ms INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX jobs_by_key ON jobs(batch_id, key);
        CREATE UNIQUE INDEX jobs_by_remote_id ON jobs(remote_id) WHERE remote_id IS NOT NULL;
        -- Only what is left to do: its size does not grow with what is finished.
        CREATE INDEX jobs_unfinished ON jobs(batch_id, state, id)
            WHERE state IN ('pending', 'submitting', 'submitted', 'ready', 'unknown', 'waiting');

        -- One row a submission: the intent, and what became of it.
        CREATE TABLE submissions(
            job_id INTEGER NOT NULL REFERENCES jobs(id),
            number INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            intent_at_ms INTEGER NOT NULL,
            outcome TEXT,                       -- the state that it led to
            ended_at_ms INTEGER,
            remote_id TEXT,
            note TEXT,
            PRIMARY KEY(job_id, number)
        ) WITHOUT ROWID;

        -- Requests that may have left since, for the next process to count.
        CREATE TABLE request_reservations(
            id INTEGER PRIMARY KEY,
            batch_id INTEGER REFERENCES batches(id), -- whose rate it is; NULL: the operator's
            at_ms INTEGER NOT NULL,
            requests INTEGER NOT NULL
        );
        """
}
