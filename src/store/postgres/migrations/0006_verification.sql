-- The last reading of each contact at each CRM; it counts while the job is of that generation.
CREATE TABLE verification (
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm text NOT NULL CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    generation bigint NOT NULL,
    at timestamptz NOT NULL,
    result text NOT NULL CHECK (result IN ('verified', 'drifted', 'missing', 'changed')),
    fields text NOT NULL DEFAULT '[]',
    opted_out boolean NOT NULL DEFAULT false,
    PRIMARY KEY (contact_id, crm)
);
CREATE INDEX verification_unwell ON verification (crm, at) WHERE result IN ('drifted', 'missing');
CREATE INDEX verification_opted_out ON verification (crm) WHERE opted_out;

-- The last run over each CRM's contacts, as JSON.
CREATE TABLE verification_run (
    crm text PRIMARY KEY CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    run text NOT NULL
);

-- Deliveries that a CRM acknowledged and failed afterwards, so that each counts once and a job's retries have an end.
CREATE TABLE late_failure (
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    crm text NOT NULL CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    generation bigint NOT NULL,
    operation_id text NOT NULL,
    PRIMARY KEY (contact_id, crm, generation, operation_id)
);
