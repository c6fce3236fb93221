-- A live database of another application as `crmsync migrate` meets it: columns that are not ours, twenty indexes,
-- required references, a HubSpot enum from before `Selected`, and :rows contacts in every mix of statuses, some left in
-- Processing by the system before.
CREATE TYPE contact_email_type_enum AS ENUM ('SERVICE', 'CORPORATE', 'FREE', 'UNKNOWN');
CREATE TYPE contact_curation_status AS ENUM ('New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE contact_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TYPE crm_sync_status AS ENUM ('New', 'Selected', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE crm_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE TYPE hubspot_sync_status AS ENUM ('New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
CREATE TYPE hubspot_sync_processing_status AS ENUM ('Queued', 'Processing', 'Complete', 'Error');

CREATE TABLE domains (id uuid PRIMARY KEY, domain text NOT NULL UNIQUE);
CREATE TABLE pages (id uuid PRIMARY KEY, domain_id uuid NOT NULL REFERENCES domains, url text NOT NULL);
INSERT INTO domains SELECT md5('d' || n)::uuid, 'domain' || n || '.example' FROM generate_series(1, 100) n;
INSERT INTO pages SELECT md5('p' || n)::uuid, md5('d' || (n % 100 + 1))::uuid, 'https://domain.example/' || n
  FROM generate_series(1, 1000) n;

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
    domain_id uuid NOT NULL REFERENCES domains,
    page_id uuid NOT NULL REFERENCES pages,
    source_job_id uuid,
    contact_curation_status contact_curation_status NOT NULL DEFAULT 'New',
    contact_processing_status contact_processing_status,
    contact_processing_error text,
    hubspot_sync_status hubspot_sync_status NOT NULL DEFAULT 'New',
    hubspot_processing_status hubspot_sync_processing_status,
    hubspot_processing_error text,
    hubspot_contact_id varchar,
    brevo_sync_status crm_sync_status NOT NULL DEFAULT 'New',
    brevo_processing_status crm_processing_status,
    brevo_processing_error text,
    brevo_contact_id varchar,
    mautic_sync_status crm_sync_status NOT NULL DEFAULT 'New',
    mautic_processing_status crm_processing_status,
    mautic_processing_error text,
    mautic_contact_id varchar,
    retry_count integer NOT NULL DEFAULT 0,
    last_retry_at timestamptz,
    next_retry_at timestamptz,
    last_failed_crm varchar,
    -- From here on: the other application's own. It has no n8n yet.
    tenant_id uuid, score numeric(6, 2), tags jsonb NOT NULL DEFAULT '[]', title varchar, company varchar,
    linkedin_url text, twitter varchar, city varchar, region varchar, country varchar, zip varchar, language varchar,
    timezone varchar, source varchar, campaign varchar, owner varchar, opted_in boolean, opted_in_at timestamptz,
    last_seen_at timestamptz, seen_count integer NOT NULL DEFAULT 0, verified boolean, verified_at timestamptz,
    bounce_count integer NOT NULL DEFAULT 0, note text, raw jsonb, import_batch integer, checksum varchar
);

INSERT INTO contacts (id, created_at, updated_at, email, name, phone_number, email_type, has_gmail, source_url,
                      domain_id, page_id, hubspot_sync_status, hubspot_processing_status, hubspot_contact_id,
                      brevo_sync_status, brevo_processing_status, brevo_processing_error, brevo_contact_id,
                      mautic_sync_status,
                      mautic_processing_status, retry_count, last_retry_at, next_retry_at, last_failed_crm, tenant_id,
                      score, tags, city, country, seen_count, note, raw, checksum)
SELECT md5('c' || n)::uuid, timestamptz '2025-01-01' + n * interval '1 second',
       timestamptz '2025-06-01' + n * interval '1 second', 'Person' || n || '@Domain' || n % 100 + 1 || '.example',
       'Person ' || n, '+1202555' || lpad((n % 10000)::text, 4, '0'), 'CORPORATE', n % 3 = 0,
       'https://domain.example/' || n, md5('d' || n % 100 + 1)::uuid, md5('p' || n % 1000 + 1)::uuid,
       (ARRAY['New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped'])[n % 6 + 1]::hubspot_sync_status,
       CASE n % 6 WHEN 1 THEN 'Queued' WHEN 2 THEN 'Processing' WHEN 3 THEN 'Complete' WHEN 4 THEN 'Error'
                  END::hubspot_sync_processing_status,
       CASE WHEN n % 6 = 3 THEN 'hs' || n END,
       b.sync::crm_sync_status, b.processing::crm_processing_status,
       CASE WHEN b.processing = 'Error' THEN 'Brevo API error: ' || n END,
       CASE WHEN b.sync = 'Complete' THEN 'person' || n || '@domain.example' END,
       'New', NULL,
       CASE WHEN b.processing = 'Error' THEN 1 + n % 3 ELSE 0 END,
       CASE WHEN b.processing = 'Error' THEN timestamptz '2026-01-01' END,
       CASE WHEN b.sync = 'Queued' AND b.processing = 'Error' THEN timestamptz '2030-01-01' END,
       CASE WHEN b.processing = 'Error' THEN 'brevo' END, md5('t' || n % 7)::uuid, n % 1000, '["a"]', 'City', 'US', n,
       'note ' || n, jsonb_build_object('n', n), md5(n::text)
  FROM generate_series(1, :rows) n
  CROSS JOIN LATERAL (SELECT (ARRAY['New', 'Selected', 'Queued', 'Queued', 'Processing', 'Queued', 'Queued', 'Complete',
                                    'Error', 'Skipped', 'Selected', 'Complete'])[n % 12 + 1] AS sync,
                             (ARRAY[NULL, NULL, NULL, 'Queued', 'Processing', 'Error', 'Processing', 'Complete',
                                    'Error', NULL, 'Queued', 'Complete'])[n % 12 + 1] AS processing) b;

CREATE INDEX idx_contacts_email ON contacts (email);
CREATE INDEX idx_contacts_domain_id ON contacts (domain_id);
CREATE INDEX idx_contacts_page_id ON contacts (page_id);
CREATE INDEX idx_contacts_source_job_id ON contacts (source_job_id);
CREATE INDEX idx_contacts_curation ON contacts (contact_curation_status);
CREATE INDEX idx_contacts_processing ON contacts (contact_processing_status);
CREATE INDEX idx_contacts_hubspot_sync_status ON contacts (hubspot_sync_status);
CREATE INDEX idx_contacts_hubspot_processing_status ON contacts (hubspot_processing_status);
CREATE INDEX idx_contacts_hubspot_contact_id ON contacts (hubspot_contact_id);
CREATE INDEX idx_contacts_brevo_sync_status ON contacts (brevo_sync_status);
CREATE INDEX idx_contacts_brevo_processing_status ON contacts (brevo_processing_status);
CREATE INDEX idx_contacts_brevo_queue ON contacts (brevo_processing_status, updated_at)
    WHERE brevo_processing_status = 'Queued';
CREATE INDEX idx_contacts_mautic_sync_status ON contacts (mautic_sync_status);
CREATE INDEX idx_contacts_mautic_processing_status ON contacts (mautic_processing_status);
CREATE INDEX idx_contacts_next_retry_at ON contacts (next_retry_at) WHERE next_retry_at IS NOT NULL;
CREATE INDEX idx_contacts_tenant ON contacts (tenant_id);
CREATE INDEX idx_contacts_updated_at ON contacts (updated_at);
CREATE INDEX idx_contacts_last_failed ON contacts (last_failed_crm) WHERE last_failed_crm IS NOT NULL;
CREATE INDEX idx_contacts_name ON contacts (lower(name));
