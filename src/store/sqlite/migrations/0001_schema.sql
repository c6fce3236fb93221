-- The whole first schema. Times of `contacts` are text, "YYYY-MM-DDTHH:MM:SS.ffffffZ", that people and other programs
-- can read; all others are microseconds since 1970. Ids are UUIDs in lower case.

-- CHECKs ask for the values of a list in pairs: of a longer one SQLite makes a table, at every row it writes.

-- Defaults let any SQL client insert a contact. The default id is a UUID version 7: time first, so that index inserts
-- stay on the last page.
CREATE TABLE contacts (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (
        substr(printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 1, 8)
        || '-' || substr(printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 9, 4)
        || '-7' || substr(lower(hex(randomblob(2))), 2)
        || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2)
        || '-' || lower(hex(randomblob(6))))
        CONSTRAINT id_is_a_uuid_in_lower_case CHECK (length(id) = 36 AND id = lower(id)),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
        CONSTRAINT created_at_is_utc_with_microseconds CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
        CONSTRAINT updated_at_is_utc_with_microseconds CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z'),
    email TEXT NOT NULL,
    name TEXT,
    phone_number TEXT,
    email_type TEXT CHECK (email_type IN ('SERVICE', 'CORPORATE') OR email_type IN ('FREE', 'UNKNOWN')),
    has_gmail INTEGER CHECK (has_gmail IN (0, 1)),
    context TEXT,
    source_url TEXT,
    domain_id TEXT,
    page_id TEXT,
    source_job_id TEXT,
    contact_curation_status TEXT NOT NULL DEFAULT 'New'
        CHECK (contact_curation_status IN ('New', 'Queued')
               OR contact_curation_status IN ('Processing', 'Complete')
               OR contact_curation_status IN ('Error', 'Skipped')),
    contact_processing_status TEXT
        CHECK (contact_processing_status IN ('Queued', 'Processing')
               OR contact_processing_status IN ('Complete', 'Error')),
    contact_processing_error TEXT,
    brevo_sync_status TEXT NOT NULL DEFAULT 'New'
        CHECK (brevo_sync_status IN ('New', 'Selected') OR brevo_sync_status IN ('Queued', 'Processing')
               OR brevo_sync_status IN ('Complete', 'Error') OR brevo_sync_status = 'Skipped'),
    brevo_processing_status TEXT
        CHECK (brevo_processing_status IN ('Queued', 'Processing') OR brevo_processing_status IN ('Complete', 'Error')),
    brevo_processing_error TEXT,
    brevo_contact_id TEXT,
    hubspot_sync_status TEXT NOT NULL DEFAULT 'New'
        CHECK (hubspot_sync_status IN ('New', 'Selected') OR hubspot_sync_status IN ('Queued', 'Processing')
               OR hubspot_sync_status IN ('Complete', 'Error') OR hubspot_sync_status = 'Skipped'),
    hubspot_processing_status TEXT
        CHECK (hubspot_processing_status IN ('Queued', 'Processing')
               OR hubspot_processing_status IN ('Complete', 'Error')),
    hubspot_processing_error TEXT,
    hubspot_contact_id TEXT,
    mautic_sync_status TEXT NOT NULL DEFAULT 'New'
        CHECK (mautic_sync_status IN ('New', 'Selected') OR mautic_sync_status IN ('Queued', 'Processing')
               OR mautic_sync_status IN ('Complete', 'Error') OR mautic_sync_status = 'Skipped'),
    mautic_processing_status TEXT
        CHECK (mautic_processing_status IN ('Queued', 'Processing')
               OR mautic_processing_status IN ('Complete', 'Error')),
    mautic_processing_error TEXT,
    mautic_contact_id TEXT,
    n8n_sync_status TEXT NOT NULL DEFAULT 'New'
        CHECK (n8n_sync_status IN ('New', 'Selected') OR n8n_sync_status IN ('Queued', 'Processing')
               OR n8n_sync_status IN ('Complete', 'Error') OR n8n_sync_status = 'Skipped'),
    n8n_processing_status TEXT
        CHECK (n8n_processing_status IN ('Queued', 'Processing') OR n8n_processing_status IN ('Complete', 'Error')),
    n8n_processing_error TEXT,
    n8n_workflow_id TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0,
    last_retry_at TEXT,
    next_retry_at TEXT,
    last_failed_crm TEXT CHECK (last_failed_crm IN ('brevo', 'hubspot') OR last_failed_crm IN ('mautic', 'n8n'))
) STRICT;

-- Every index is paid for at every change of a column it holds; a claim and a success change none of these, but for
-- HubSpot's remote id.
CREATE INDEX idx_contacts_address ON contacts (lower(trim(email)));
CREATE INDEX idx_contacts_created_at ON contacts (created_at, id);
CREATE INDEX idx_contacts_hubspot_contact_id ON contacts (hubspot_contact_id) WHERE hubspot_contact_id IS NOT NULL;
CREATE INDEX idx_contacts_next_retry_at ON contacts (next_retry_at) WHERE next_retry_at IS NOT NULL;

-- One row per contact and CRM, the truth that `contacts` publishes. A lease may outlive the state running: a person may
-- decide during the call. Such a job is not claimed before the lease is freed.
CREATE TABLE job (
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm TEXT NOT NULL CHECK (crm IN ('brevo', 'hubspot') OR crm IN ('mautic', 'n8n')),
    state TEXT NOT NULL
        CHECK (state IN ('idle', 'queued') OR state IN ('running', 'retrying') OR state IN ('completed', 'failed')
               OR state = 'skipped'),
    origin TEXT NOT NULL CHECK (origin IN ('selection', 'request')),
    lane INTEGER NOT NULL CHECK (lane IN (0, 1)),
    due_at INTEGER,
    retry_count INTEGER NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    generation INTEGER NOT NULL DEFAULT 1,
    claimed_from TEXT CHECK (claimed_from IN ('queued', 'retrying')),
    lease_token INTEGER,
    worker_id TEXT,
    remote_id TEXT,
    second_id TEXT,
    fingerprint TEXT,
    error TEXT,
    error_code TEXT,
    warnings TEXT CHECK (warnings IS NULL OR json_valid(warnings)),
    options TEXT CHECK (options IS NULL OR json_valid(options)),
    last_attempt_at INTEGER,
    acknowledged_at INTEGER,
    dismissed INTEGER NOT NULL DEFAULT 0 CHECK (dismissed IN (0, 1)),
    PRIMARY KEY (contact_id, crm),
    CONSTRAINT due_while_it_waits_or_runs
        CHECK ((due_at IS NOT NULL) = (state IN ('queued', 'retrying') OR state = 'running')),
    CONSTRAINT running_means_leased
        CHECK (state <> 'running' OR (lease_token IS NOT NULL AND claimed_from IS NOT NULL)),
    CONSTRAINT a_lease_has_a_worker CHECK ((lease_token IS NULL) = (worker_id IS NULL))
) STRICT;

CREATE INDEX job_due ON job (crm, lane, due_at, contact_id)
    WHERE state IN ('queued', 'retrying') AND lease_token IS NULL;
CREATE INDEX job_state ON job (crm, state, origin, contact_id);
CREATE INDEX job_orphan ON job (worker_id) WHERE lease_token IS NOT NULL AND state <> 'running';

CREATE TABLE connector (
    crm TEXT NOT NULL PRIMARY KEY CHECK (crm IN ('brevo', 'hubspot') OR crm IN ('mautic', 'n8n')),
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO connector (crm, state) VALUES ('brevo', '{}'), ('hubspot', '{}'), ('mautic', '{}'), ('n8n', '{}');

CREATE TABLE worker (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- History. Ids rise with time, so pruning walks the primary key.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm TEXT NOT NULL,
    at INTEGER NOT NULL,
    worker_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    http_status INTEGER,
    code TEXT,
    message TEXT,
    duration_us INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    stale INTEGER NOT NULL CHECK (stale IN (0, 1))
) STRICT;
CREATE INDEX attempt_contact ON attempt (contact_id, id);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL
) STRICT;

-- The inbox of other programs' writes to the status columns. The triggers below fill it; crmsync's own connections run
-- with triggers disabled, read it and empty it.
CREATE TABLE contact_write (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL,
    crm TEXT NOT NULL,
    sync_status TEXT, -- NULL: not changed.
    processing_changed INTEGER NOT NULL,
    processing_status TEXT
) STRICT;

CREATE TRIGGER contact_inserted AFTER INSERT ON contacts BEGIN
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'brevo', nullif(NEW.brevo_sync_status, 'New'), NEW.brevo_processing_status IS NOT NULL,
           NEW.brevo_processing_status
     WHERE NEW.brevo_sync_status <> 'New' OR NEW.brevo_processing_status IS NOT NULL;
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'hubspot', nullif(NEW.hubspot_sync_status, 'New'), NEW.hubspot_processing_status IS NOT NULL,
           NEW.hubspot_processing_status
     WHERE NEW.hubspot_sync_status <> 'New' OR NEW.hubspot_processing_status IS NOT NULL;
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'mautic', nullif(NEW.mautic_sync_status, 'New'), NEW.mautic_processing_status IS NOT NULL,
           NEW.mautic_processing_status
     WHERE NEW.mautic_sync_status <> 'New' OR NEW.mautic_processing_status IS NOT NULL;
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'n8n', nullif(NEW.n8n_sync_status, 'New'), NEW.n8n_processing_status IS NOT NULL,
           NEW.n8n_processing_status
     WHERE NEW.n8n_sync_status <> 'New' OR NEW.n8n_processing_status IS NOT NULL;
END;

CREATE TRIGGER contact_updated AFTER UPDATE OF
    brevo_sync_status, brevo_processing_status,
    hubspot_sync_status, hubspot_processing_status,
    mautic_sync_status, mautic_processing_status,
    n8n_sync_status, n8n_processing_status
ON contacts BEGIN
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'brevo', nullif(NEW.brevo_sync_status, OLD.brevo_sync_status),
           NEW.brevo_processing_status IS NOT OLD.brevo_processing_status, NEW.brevo_processing_status
     WHERE NEW.brevo_sync_status <> OLD.brevo_sync_status
        OR NEW.brevo_processing_status IS NOT OLD.brevo_processing_status;
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'hubspot', nullif(NEW.hubspot_sync_status, OLD.hubspot_sync_status),
           NEW.hubspot_processing_status IS NOT OLD.hubspot_processing_status, NEW.hubspot_processing_status
     WHERE NEW.hubspot_sync_status <> OLD.hubspot_sync_status
        OR NEW.hubspot_processing_status IS NOT OLD.hubspot_processing_status;
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'mautic', nullif(NEW.mautic_sync_status, OLD.mautic_sync_status),
           NEW.mautic_processing_status IS NOT OLD.mautic_processing_status, NEW.mautic_processing_status
     WHERE NEW.mautic_sync_status <> OLD.mautic_sync_status
        OR NEW.mautic_processing_status IS NOT OLD.mautic_processing_status;
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    SELECT NEW.id, 'n8n', nullif(NEW.n8n_sync_status, OLD.n8n_sync_status),
           NEW.n8n_processing_status IS NOT OLD.n8n_processing_status, NEW.n8n_processing_status
     WHERE NEW.n8n_sync_status <> OLD.n8n_sync_status
        OR NEW.n8n_processing_status IS NOT OLD.n8n_processing_status;
END;

-- SQLite enforces foreign keys per connection, and most clients do not ask for it.
CREATE TRIGGER contact_deleted AFTER DELETE ON contacts BEGIN
    DELETE FROM job WHERE contact_id = OLD.id;
    DELETE FROM attempt WHERE contact_id = OLD.id;
    DELETE FROM contact_write WHERE contact_id = OLD.id;
END;
