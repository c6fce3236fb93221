-- Work of people over many contacts: which, how far it is, whose it is at the moment. A chunk's effect and `cursor_id`
-- commit together, so another process can go on where the former stopped.
CREATE TABLE operation (
    id TEXT NOT NULL PRIMARY KEY, -- Rises with time.
    work TEXT NOT NULL,
    actor TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
    total INTEGER,
    total_is_estimate INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '{}',
    error TEXT NOT NULL DEFAULT '',
    cursor_id TEXT, -- The last contact of the last chunk.
    audit_id INTEGER,
    owner TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX operation_running ON operation (lease_until) WHERE state = 'running';
CREATE INDEX operation_finished ON operation (finished_at) WHERE state <> 'running';
