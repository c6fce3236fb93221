-- The contacts, as the product contract words them. A live table of another application is adopted instead of this.
CREATE TYPE contact_email_type_enum AS ENUM ('SERVICE', 'CORPORATE', 'FREE', 'UNKNOWN');
CREATE TYPE contact_curation_status AS ENUM ('New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE contact_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TYPE crm_sync_status AS ENUM ('New', 'Selected', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE crm_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TYPE hubspot_sync_status AS ENUM ('New', 'Selected', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE hubspot_sync_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');

-- The fill factor leaves room for the two status changes of a sync next to the row they change, so that they are HOT:
-- no index entry is written. No key or predicate of an index below changes with a status, save for the two the contract
-- names: a HubSpot id that is published first, and a retry that is scheduled.
CREATE TABLE contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    email text NOT NULL,
    name varchar,
    phone_number varchar,
    email_type contact_email_type_enum,
    has_gmail boolean,
    context text,
    source_url text,
    domain_id uuid,
    page_id uuid,
    source_job_id uuid,
    contact_curation_status contact_curation_status NOT NULL DEFAULT 'New',
    contact_processing_status contact_processing_status,
    contact_processing_error text,
    brevo_sync_status crm_sync_status NOT NULL DEFAULT 'New',
    brevo_processing_status crm_processing_status,
    brevo_processing_error text,
    brevo_contact_id varchar,
    hubspot_sync_status hubspot_sync_status NOT NULL DEFAULT 'New',
    hubspot_processing_status hubspot_sync_processing_status,
    hubspot_processing_error text,
    hubspot_contact_id varchar,
    mautic_sync_status crm_sync_status NOT NULL DEFAULT 'New',
    mautic_processing_status crm_processing_status,
    mautic_processing_error text,
    mautic_contact_id varchar,
    n8n_sync_status crm_sync_status NOT NULL DEFAULT 'New',
    n8n_processing_status crm_processing_status,
    n8n_processing_error text,
    n8n_workflow_id varchar,
    retry_count integer NOT NULL DEFAULT 0,
    last_retry_at timestamptz,
    next_retry_at timestamptz,
    last_failed_crm varchar
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02);

CREATE INDEX idx_contacts_address ON contacts (lower(btrim(email) COLLATE "C"));
CREATE INDEX idx_contacts_created_at ON contacts (created_at, id);
CREATE INDEX idx_contacts_hubspot_contact_id ON contacts (hubspot_contact_id) WHERE hubspot_contact_id IS NOT NULL;
CREATE INDEX idx_contacts_next_retry_at ON contacts (next_retry_at) WHERE next_retry_at IS NOT NULL;
