-- What attempts came to, by minute since 1970 and CRM, for a week's figures. `measure` and `step`: see
-- domain/activity.h.
CREATE TABLE activity (
    minute INTEGER NOT NULL,
    crm TEXT NOT NULL,
    measure TEXT NOT NULL,
    step INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, crm, measure, step)
) STRICT, WITHOUT ROWID;

-- When a person last decided that it goes to the CRM. Of jobs that were there before, nobody knows.
ALTER TABLE job ADD COLUMN selected_at INTEGER;
