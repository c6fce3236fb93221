-- The access tokens of connectors, encrypted by their owner. `renewing_until`: whose turn it is to renew ends then.
CREATE TABLE connector_token (
    crm TEXT NOT NULL PRIMARY KEY CHECK (crm IN ('brevo', 'hubspot', 'mautic', 'n8n')),
    version INTEGER NOT NULL DEFAULT 0,
    text TEXT NOT NULL DEFAULT '',
    renewing_until INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO connector_token (crm) VALUES ('brevo'), ('hubspot'), ('mautic'), ('n8n');
