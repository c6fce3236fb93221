-- How many contacts there are (crm '') and how many jobs of each kind, kept by whoever changes them, so that nobody has
-- to count. Idle jobs are not counted: a contact shows New unless it has another. `detail`: of failed ones the error's
-- code, of completed ones `job.reading`; `dismissed`: of failed ones.
CREATE TABLE tally (
    crm TEXT NOT NULL,
    state TEXT NOT NULL,
    origin TEXT NOT NULL,
    detail TEXT NOT NULL,
    dismissed INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (crm, state, origin, detail, dismissed)
) STRICT, WITHOUT ROWID;

-- What the last look at the CRM showed, of a job that is completed: `verification.result` of its generation.
ALTER TABLE job ADD COLUMN reading TEXT;
UPDATE job SET reading = (SELECT v.result FROM verification AS v
                           WHERE v.contact_id = job.contact_id AND v.crm = job.crm AND v.generation = job.generation)
 WHERE state = 'completed' AND EXISTS (SELECT 1 FROM verification);

INSERT INTO tally (crm, state, origin, detail, dismissed, count)
SELECT '', '', '', '', 0, count(*) FROM contacts
UNION ALL
SELECT crm, state, origin, iif(state = 'completed', coalesce(reading, ''), ''), 0, count(*) FROM job
 WHERE state NOT IN ('idle', 'failed') GROUP BY 1, 2, 3, 4
UNION ALL
SELECT crm, state, origin, coalesce(error_code, ''), dismissed, count(*) FROM job WHERE state = 'failed'
 GROUP BY 1, 2, 3, 4, 5;

-- Other programs' inserts and deletes; crmsync's own connections run with triggers disabled and book theirs. Before the
-- delete, for the jobs may go with the contact.
CREATE TRIGGER contact_inserted_count AFTER INSERT ON contacts BEGIN
    UPDATE tally SET count = count + 1 WHERE crm = '';
END;
CREATE TRIGGER contact_deleted_count BEFORE DELETE ON contacts BEGIN
    UPDATE tally SET count = count - 1 WHERE crm = '';
    INSERT INTO tally (crm, state, origin, detail, dismissed, count)
    SELECT crm, state, origin,
           CASE state WHEN 'failed' THEN coalesce(error_code, '') WHEN 'completed' THEN coalesce(reading, '')
                      ELSE '' END,
           iif(state = 'failed', dismissed, 0), -1
      FROM job WHERE contact_id = OLD.id AND state <> 'idle'
    ON CONFLICT (crm, state, origin, detail, dismissed) DO UPDATE SET count = count + excluded.count;
END;

-- Of failures alone: the newest first, and by their cause.
CREATE INDEX job_failed ON job (last_attempt_at DESC, contact_id, crm) WHERE state = 'failed';
CREATE INDEX job_failed_cause ON job (crm, coalesce(error_code, ''), dismissed) WHERE state = 'failed';
