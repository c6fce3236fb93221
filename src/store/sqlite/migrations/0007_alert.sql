-- What people were told of each CRM, in one row. `holder`: the process whose turn it is to tell, until `held_until`.
CREATE TABLE alert (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    text TEXT NOT NULL DEFAULT '',
    holder TEXT,
    held_until INTEGER,
    CHECK ((holder IS NULL) = (held_until IS NULL))
) STRICT;
INSERT INTO alert (id) VALUES (1);
