-- What attempts came to, by minute since 1970 and CRM, for a week's figures: `activity` is what was summed up,
-- `activity_change` what was noted since. Whoever records adds rows there; a row per count, to be raised, would make
-- everybody wait for everybody. `measure` and `step`: see domain/activity.h.
CREATE TABLE activity (
    minute bigint NOT NULL,
    crm text NOT NULL,
    measure text NOT NULL,
    step integer NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (minute, crm, measure, step)
);
CREATE TABLE activity_change (
    minute bigint NOT NULL,
    crm text NOT NULL,
    measure text NOT NULL,
    step integer NOT NULL,
    count bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- When a person last decided that it goes to the CRM. Of jobs that were there before, nobody knows.
ALTER TABLE job ADD COLUMN selected_at timestamptz;
