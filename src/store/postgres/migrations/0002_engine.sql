-- One job per contact and CRM: the truth that the columns of contacts publish. Whoever changes a job holds its
-- contact's row lock.
CREATE TABLE job (
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm text NOT NULL CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    lane smallint NOT NULL DEFAULT 1 CHECK (lane IN (0, 1)),
    state text NOT NULL
        CHECK (state IN ('idle', 'queued', 'running', 'retrying', 'completed', 'failed', 'skipped')),
    origin text NOT NULL DEFAULT 'selection' CHECK (origin IN ('selection', 'request')),
    dismissed boolean NOT NULL DEFAULT false,
    retry_count integer NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    generation bigint NOT NULL DEFAULT 1,
    due_at timestamptz,
    claimed_from text,
    lease_token bigint,
    worker_id uuid,
    last_attempt_at timestamptz,
    acknowledged_at timestamptz,
    remote_id text,
    second_id text,
    fingerprint text,
    error text,
    error_code text,
    warnings text NOT NULL DEFAULT '[]',
    options text NOT NULL DEFAULT '',
    PRIMARY KEY (contact_id, crm),
    CONSTRAINT job_due CHECK ((due_at IS NOT NULL) = (state IN ('queued', 'retrying', 'running'))),
    CONSTRAINT job_running CHECK (state <> 'running' OR
                                  (lease_token IS NOT NULL AND claimed_from IN ('queued', 'retrying'))),
    CONSTRAINT job_lease CHECK ((lease_token IS NULL) = (worker_id IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX job_due ON job (crm, lane, due_at, contact_id)
    WHERE state IN ('queued', 'retrying') AND lease_token IS NULL;
-- Partial, so that no plan, however stale its statistics, looks a contact's job up by anything but the primary key: a
-- query that means this index says `state <> 'idle'`, or which states it wants as constants.
CREATE INDEX job_state ON job (state, crm, origin, contact_id) WHERE state <> 'idle';
CREATE INDEX job_orphan ON job (worker_id) WHERE lease_token IS NOT NULL AND state <> 'running';

-- One coordination row per CRM: budget, breaker, pause. Its lock is a claim's turn.
CREATE TABLE connector (
    crm text PRIMARY KEY CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    state text NOT NULL DEFAULT '{}'
) WITH (fillfactor = 20);
INSERT INTO connector (crm) VALUES ('brevo'), ('hubspot'), ('mautic'), ('n8n');

CREATE TABLE worker (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm text NOT NULL,
    at timestamptz NOT NULL,
    worker_id uuid NOT NULL,
    outcome text NOT NULL,
    http_status integer,
    code text,
    message text,
    duration_us bigint NOT NULL,
    request_id text NOT NULL DEFAULT '',
    stale boolean NOT NULL DEFAULT false
);
CREATE INDEX attempt_contact ON attempt (contact_id, id);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    detail text NOT NULL DEFAULT '{}',
    count bigint NOT NULL DEFAULT 0
);

-- The clock that leases live by: the database's, one for all workers. Tests put theirs in its place.
CREATE FUNCTION crmsync_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';
