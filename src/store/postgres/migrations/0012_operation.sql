-- Work of people over many contacts: which, how far it is, whose it is at the moment. A chunk's effect and `cursor_id`
-- commit together, so another process can go on where the former stopped.
CREATE TABLE operation (
    id uuid PRIMARY KEY, -- Rises with time.
    work text NOT NULL,
    actor text NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
    total bigint,
    total_is_estimate boolean NOT NULL DEFAULT false,
    done bigint NOT NULL DEFAULT 0,
    outcome text NOT NULL DEFAULT '{}',
    error text NOT NULL DEFAULT '',
    cursor_id uuid, -- The last contact of the last chunk.
    audit_id bigint,
    owner uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT operation_finished_unless_running CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE INDEX operation_running ON operation (lease_until) WHERE state = 'running';
CREATE INDEX operation_finished ON operation (finished_at) WHERE state <> 'running';
