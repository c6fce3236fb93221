-- Addresses to which nothing goes any more, so also not after their contacts are gone. `hash`: HMAC-SHA-256, in hex, of
-- lower(trim(email)) under the key below; the address is kept nowhere.
CREATE TABLE suppression (
    hash TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX suppression_at ON suppression (at DESC, hash);
-- This installation's, made once: lists of two of them cannot be compared.
CREATE TABLE suppression_key (key TEXT NOT NULL) STRICT;
INSERT INTO suppression_key (key) VALUES (lower(hex(randomblob(48))));
