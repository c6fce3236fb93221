-- Work that a CRM takes as a whole and tells the end of later. It holds the leases of its jobs (job.worker_id) in a
-- worker's place. Without the CRM's name of it (`remote_id`) it is still being put together, and gone with its worker.
CREATE TABLE remote_operation (
    id uuid PRIMARY KEY,
    crm text NOT NULL CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    worker_id uuid NOT NULL,
    remote_id text,
    begun_at timestamptz NOT NULL,
    look_at timestamptz, -- When it is due to be looked at; a turn at it moves this ahead.
    looks integer NOT NULL DEFAULT 0,
    CONSTRAINT remote_operation_looked_at_once_submitted CHECK ((remote_id IS NULL) = (look_at IS NULL))
);

-- What was sent of each job in it.
CREATE TABLE operation_job (
    operation_id uuid NOT NULL REFERENCES remote_operation (id) ON DELETE CASCADE,
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    generation bigint NOT NULL,
    email text NOT NULL,
    fingerprint text NOT NULL,
    warnings text NOT NULL DEFAULT '[]',
    PRIMARY KEY (operation_id, contact_id)
);
CREATE INDEX operation_job_contact ON operation_job (contact_id);
