-- How many contacts there are (crm '') and how many jobs of each kind: the sums of all changes. Whoever changes a job
-- adds a row; a row per count, to be raised, would make everybody wait for everybody. Rows are folded every few
-- seconds. Idle jobs are not counted: a contact shows New unless it has another. `detail`: of failed ones the error's
-- code, of completed ones `job.reading`; `dismissed`: of failed ones.
CREATE TABLE tally (
    crm text NOT NULL,
    state text NOT NULL DEFAULT '',
    origin text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    dismissed boolean NOT NULL DEFAULT false,
    change bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- What the last look at the CRM showed, of a job that is completed: `verification.result` of its generation.
ALTER TABLE job ADD COLUMN reading text;
UPDATE job j SET reading = v.result FROM verification v
 WHERE v.contact_id = j.contact_id AND v.crm = j.crm AND v.generation = j.generation AND j.state = 'completed';

-- Contacts come and go by other programs' statements too, and jobs with their contacts. What is there already is
-- counted after this migration, while nothing is locked.
CREATE FUNCTION crmsync_count_contacts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally (crm, change)
    SELECT '', CASE TG_OP WHEN 'DELETE' THEN -count(*) ELSE count(*) END FROM touched HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE FUNCTION crmsync_count_gone_jobs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally (crm, state, origin, detail, dismissed, change)
    SELECT t.crm, t.state, t.origin,
           CASE t.state WHEN 'failed' THEN coalesce(t.error_code, '') WHEN 'completed' THEN coalesce(t.reading, '')
                        ELSE '' END,
           t.state = 'failed' AND t.dismissed, -count(*)
      FROM touched t WHERE t.state <> 'idle' GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;
-- A truncated table of contacts takes its jobs along. What was counted is taken back, for rows cannot be deleted beside
-- a fold.
CREATE FUNCTION crmsync_count_none() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally (crm, state, origin, detail, dismissed, change)
    SELECT t.crm, t.state, t.origin, t.detail, t.dismissed, -sum(t.change)
      FROM tally t GROUP BY 1, 2, 3, 4, 5 HAVING sum(t.change) <> 0;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION crmsync_count_contacts(), crmsync_count_gone_jobs(), crmsync_count_none() FROM PUBLIC;

-- Of failures alone: the newest first, and by their cause.
CREATE INDEX job_failed ON job (last_attempt_at DESC NULLS LAST, contact_id, crm) WHERE state = 'failed';
CREATE INDEX job_failed_cause ON job (crm, coalesce(error_code, ''), dismissed) WHERE state = 'failed';

-- Last, for the lock on contacts ends with the transaction.
CREATE TRIGGER crmsync_contacts_added AFTER INSERT ON contacts REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION crmsync_count_contacts();
CREATE TRIGGER crmsync_contacts_gone AFTER DELETE ON contacts REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION crmsync_count_contacts();
CREATE TRIGGER crmsync_contacts_truncated AFTER TRUNCATE ON contacts
    FOR EACH STATEMENT EXECUTE FUNCTION crmsync_count_none();
CREATE TRIGGER crmsync_jobs_gone AFTER DELETE ON job REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION crmsync_count_gone_jobs();
