-- The access tokens of connectors, encrypted by their owner. `renewing_until`: whose turn it is to renew ends then.
CREATE TABLE connector_token (
    crm text PRIMARY KEY CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    version bigint NOT NULL DEFAULT 0,
    text text NOT NULL DEFAULT '',
    renewing_until timestamptz
);
INSERT INTO connector_token (crm) VALUES ('brevo'), ('hubspot'), ('mautic'), ('n8n');
