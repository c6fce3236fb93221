-- The last reading of each contact at each CRM; it counts while the job is of that generation.
CREATE TABLE verification (
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm TEXT NOT NULL CHECK (crm IN ('brevo', 'hubspot') OR crm IN ('mautic', 'n8n')),
    generation INTEGER NOT NULL,
    at INTEGER NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('verified', 'drifted') OR result IN ('missing', 'changed')),
    fields TEXT CHECK (fields IS NULL OR json_valid(fields)),
    opted_out INTEGER NOT NULL CHECK (opted_out IN (0, 1)),
    PRIMARY KEY (contact_id, crm)
) STRICT, WITHOUT ROWID;
CREATE INDEX verification_unwell ON verification (crm, at) WHERE result IN ('drifted', 'missing');
CREATE INDEX verification_opted_out ON verification (crm) WHERE opted_out = 1;

-- The last run over each CRM's contacts, as JSON.
CREATE TABLE verification_run (
    crm TEXT NOT NULL PRIMARY KEY CHECK (crm IN ('brevo', 'hubspot') OR crm IN ('mautic', 'n8n')),
    run TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Deliveries that a CRM acknowledged and failed afterwards, so that each counts once and a job's retries have an end.
CREATE TABLE late_failure (
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm TEXT NOT NULL CHECK (crm IN ('brevo', 'hubspot') OR crm IN ('mautic', 'n8n')),
    generation INTEGER NOT NULL,
    operation_id TEXT NOT NULL,
    PRIMARY KEY (contact_id, crm, generation, operation_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER contact_deleted_readings AFTER DELETE ON contacts BEGIN
    DELETE FROM verification WHERE contact_id = OLD.id;
    DELETE FROM late_failure WHERE contact_id = OLD.id;
END;
