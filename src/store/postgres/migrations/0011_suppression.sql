-- Addresses to which nothing goes any more, so also not after their contacts are gone. `hash`: HMAC-SHA-256, in hex, of
-- lower(trim(email)) under the key below; the address is kept nowhere.
CREATE TABLE suppression (
    hash text PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX suppression_at ON suppression (at DESC, hash);
-- This installation's, made once: lists of two of them cannot be compared.
CREATE TABLE suppression_key (key text NOT NULL);
INSERT INTO suppression_key (key)
VALUES (replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
