-- Completed, and what would be sent now is no more what the CRM acknowledged.
ALTER TABLE job ADD COLUMN changed boolean NOT NULL DEFAULT false;
CREATE INDEX job_changed ON job (crm, contact_id) WHERE state = 'completed' AND changed;
-- The counts tell those apart: `changed` of completed jobs.
ALTER TABLE tally ADD COLUMN changed boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION crmsync_count_gone_jobs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally (crm, state, origin, detail, dismissed, changed, change)
    SELECT t.crm, t.state, t.origin,
           CASE t.state WHEN 'failed' THEN coalesce(t.error_code, '') WHEN 'completed' THEN coalesce(t.reading, '')
                        ELSE '' END,
           t.state = 'failed' AND t.dismissed, t.state = 'completed' AND t.changed, -count(*)
      FROM touched t WHERE t.state <> 'idle' GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION crmsync_count_none() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tally (crm, state, origin, detail, dismissed, changed, change)
    SELECT t.crm, t.state, t.origin, t.detail, t.dismissed, t.changed, -sum(t.change)
      FROM tally t GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(t.change) <> 0;
    RETURN NULL;
END $$;

-- Contacts that were edited after, or while, a CRM was told of them, for the engine to compare. Whoever edits: no
-- statement of the engine's own writes these columns.
CREATE TABLE contact_edit (
    id bigint GENERATED ALWAYS AS IDENTITY,
    crm text NOT NULL,
    contact_id uuid NOT NULL,
    PRIMARY KEY (crm, id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- Whoever changes a job holds its contact's row lock, and so does who edits the contact: what is read here is settled.
CREATE FUNCTION crmsync_note_edit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO contact_edit (crm, contact_id)
    SELECT j.crm, j.contact_id FROM job j
     WHERE j.contact_id = NEW.id AND (j.state = 'completed' OR j.lease_token IS NOT NULL);
    IF FOUND THEN
        PERFORM pg_notify('crmsync', 'edit');
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION crmsync_note_edit() FROM PUBLIC;

-- Last, for the lock on contacts ends with the transaction.
CREATE TRIGGER crmsync_edited AFTER UPDATE OF email, name, phone_number, email_type, has_gmail, context, source_url,
                                              domain_id, page_id, source_job_id
    ON contacts FOR EACH ROW
    WHEN (NEW.email IS DISTINCT FROM OLD.email OR NEW.name IS DISTINCT FROM OLD.name OR
          NEW.phone_number IS DISTINCT FROM OLD.phone_number OR NEW.email_type IS DISTINCT FROM OLD.email_type OR
          NEW.has_gmail IS DISTINCT FROM OLD.has_gmail OR NEW.context IS DISTINCT FROM OLD.context OR
          NEW.source_url IS DISTINCT FROM OLD.source_url OR NEW.domain_id IS DISTINCT FROM OLD.domain_id OR
          NEW.page_id IS DISTINCT FROM OLD.page_id OR NEW.source_job_id IS DISTINCT FROM OLD.source_job_id)
    EXECUTE FUNCTION crmsync_note_edit();
