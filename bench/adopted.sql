-- A live table as another application left it: columns that are not ours, foreign keys that may not be null, an enum
-- without `Selected`, and 20 indexes, among them one per status column. bench/run sets :contacts.
CREATE TABLE domains (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain text NOT NULL);
CREATE TABLE pages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid NOT NULL REFERENCES domains (id),
                    url text NOT NULL);
CREATE TYPE contact_email_type_enum AS ENUM ('SERVICE', 'CORPORATE', 'FREE', 'UNKNOWN');
CREATE TYPE contact_curation_status AS ENUM ('New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE contact_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TYPE crm_sync_status AS ENUM ('New', 'Selected', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE crm_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TYPE hubspot_sync_status AS ENUM ('New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE hubspot_sync_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TABLE contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    domain_id uuid NOT NULL REFERENCES domains (id),
    page_id uuid NOT NULL REFERENCES pages (id),
    source_job_id uuid,
    email text NOT NULL,
    name varchar,
    phone_number varchar,
    email_type contact_email_type_enum,
    has_gmail boolean,
    context text,
    source_url text,
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
    last_failed_crm varchar,
    lead_score integer,
    tenant_id uuid,
    assigned_to varchar,
    notes text,
    tags jsonb,
    validated_at timestamptz
);
CREATE INDEX idx_contacts_domain_id ON contacts (domain_id);
CREATE INDEX idx_contacts_page_id ON contacts (page_id);
CREATE INDEX idx_contacts_source_job_id ON contacts (source_job_id);
CREATE INDEX idx_contacts_email ON contacts (email);
CREATE INDEX idx_contacts_email_type ON contacts (email_type);
CREATE INDEX idx_contacts_tenant_id ON contacts (tenant_id);
CREATE INDEX idx_contacts_created_at ON contacts (created_at);
CREATE INDEX idx_contacts_curation_status ON contacts (contact_curation_status);
CREATE INDEX idx_contacts_processing_status ON contacts (contact_processing_status);
CREATE INDEX idx_contacts_brevo_sync_status ON contacts (brevo_sync_status);
CREATE INDEX idx_contacts_brevo_processing_status ON contacts (brevo_processing_status);
CREATE INDEX idx_contacts_hubspot_sync_status ON contacts (hubspot_sync_status);
CREATE INDEX idx_contacts_hubspot_processing_status ON contacts (hubspot_processing_status);
CREATE INDEX idx_contacts_mautic_sync_status ON contacts (mautic_sync_status);
CREATE INDEX idx_contacts_mautic_processing_status ON contacts (mautic_processing_status);
CREATE INDEX idx_contacts_n8n_sync_status ON contacts (n8n_sync_status);
CREATE INDEX idx_contacts_n8n_processing_status ON contacts (n8n_processing_status);
CREATE INDEX idx_contacts_hubspot_contact_id ON contacts (hubspot_contact_id) WHERE hubspot_contact_id IS NOT NULL;
CREATE INDEX idx_contacts_next_retry_at ON contacts (next_retry_at) WHERE next_retry_at IS NOT NULL;

INSERT INTO domains (domain) SELECT 'company-' || i || '.com' FROM generate_series(0, 996) i;
INSERT INTO pages (domain_id, url) SELECT id, 'https://' || domain || '/contact' FROM domains;
INSERT INTO contacts (domain_id, page_id, email, name, phone_number, email_type, has_gmail, source_url, lead_score,
                      notes)
SELECT p.domain_id, p.id, 'person' || i || '@company-' || i % 997 || '.com', 'Given' || i || ' Family' || i,
       CASE WHEN i % 10 = 0 THEN '+1 212 55' || 10000 + i % 89999 END, 'CORPORATE', false, p.url, i % 100,
       'Found by the crawler on the page above; not checked by anybody yet.'
  FROM generate_series(1, :contacts) i
  JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM pages) p ON p.n = i % 997;
