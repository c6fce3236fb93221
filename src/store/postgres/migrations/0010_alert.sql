-- What people were told of each CRM, in one row. `holder`: the process whose turn it is to tell, until `held_until`.
CREATE TABLE alert (
    id integer PRIMARY KEY CHECK (id = 1),
    text text NOT NULL DEFAULT '',
    holder uuid,
    held_until timestamptz,
    CHECK ((holder IS NULL) = (held_until IS NULL))
);
INSERT INTO alert (id) VALUES (1);
