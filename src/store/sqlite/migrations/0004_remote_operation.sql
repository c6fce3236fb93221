-- Work that a CRM takes as a whole and tells the end of later. It holds the leases of its jobs (job.worker_id) in a
-- worker's place. Without the CRM's name of it (`remote_id`) it is still being put together, and gone with its worker.
CREATE TABLE remote_operation (
    id TEXT NOT NULL PRIMARY KEY,
    crm TEXT NOT NULL CHECK (crm IN ('brevo', 'hubspot') OR crm IN ('mautic', 'n8n')),
    worker_id TEXT NOT NULL,
    remote_id TEXT,
    begun_at INTEGER NOT NULL,
    look_at INTEGER, -- When it is due to be looked at; a turn at it moves this ahead.
    looks INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT looked_at_once_submitted CHECK ((remote_id IS NULL) = (look_at IS NULL))
) STRICT, WITHOUT ROWID;

-- What was sent of each job in it.
CREATE TABLE operation_job (
    operation_id TEXT NOT NULL REFERENCES remote_operation (id) ON DELETE CASCADE,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    email TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    warnings TEXT CHECK (warnings IS NULL OR json_valid(warnings)),
    PRIMARY KEY (operation_id, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX operation_job_contact ON operation_job (contact_id);

CREATE TRIGGER contact_deleted_in_operation AFTER DELETE ON contacts BEGIN
    DELETE FROM operation_job WHERE contact_id = OLD.id;
END;
