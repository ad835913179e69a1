import GRDB

/// The tables of the queue.
enum QueueSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE job (
                        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                        id TEXT NOT NULL UNIQUE,
                        owner TEXT NOT NULL,
                        status TEXT NOT NULL CHECK (status IN ('QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED')),
                        created_ms INTEGER NOT NULL,
                        started_ms INTEGER,
                        finished_ms INTEGER,
                        model TEXT NOT NULL,
                        prompt TEXT NOT NULL,
                        negative_prompt TEXT,
                        width INTEGER NOT NULL,
                        height INTEGER NOT NULL,
                        steps INTEGER,
                        cfg_scale REAL,
                        sampler TEXT,
                        requested_seed INTEGER,
                        seed INTEGER NOT NULL,
                        image_stem TEXT NOT NULL,
                        image TEXT,
                        image_width INTEGER,
                        image_height INTEGER,
                        error TEXT,
                        idempotency_key TEXT,
                        request_hash TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX job_of_owner ON job (owner, sequence);
                    CREATE UNIQUE INDEX job_of_key ON job (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
                    CREATE INDEX job_queued ON job (sequence) WHERE status = 'QUEUED';
                    CREATE INDEX job_processing ON job (sequence) WHERE status = 'PROCESSING';
                    """)
        }
        return migrator
    }
}
