-- Completed, and what would be sent now is no more what the CRM acknowledged.
ALTER TABLE job ADD COLUMN changed INTEGER NOT NULL DEFAULT 0 CHECK (changed IN (0, 1));
CREATE INDEX job_changed ON job (crm, contact_id) WHERE state = 'completed' AND changed = 1;

-- Contacts that were edited after, or while, a CRM was told of them, for the engine to compare. The trigger notes what
-- other programs write; crmsync's own connections run with triggers disabled and note theirs.
CREATE TABLE contact_edit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    crm TEXT NOT NULL,
    contact_id TEXT NOT NULL
) STRICT;
CREATE INDEX contact_edit_crm ON contact_edit (crm, id);

CREATE TRIGGER contact_edited AFTER UPDATE OF
    email, name, phone_number, email_type, has_gmail, context, source_url, domain_id, page_id, source_job_id
ON contacts
WHEN NEW.email IS NOT OLD.email OR NEW.name IS NOT OLD.name OR NEW.phone_number IS NOT OLD.phone_number
  OR NEW.email_type IS NOT OLD.email_type OR NEW.has_gmail IS NOT OLD.has_gmail OR NEW.context IS NOT OLD.context
  OR NEW.source_url IS NOT OLD.source_url OR NEW.domain_id IS NOT OLD.domain_id OR NEW.page_id IS NOT OLD.page_id
  OR NEW.source_job_id IS NOT OLD.source_job_id
BEGIN
    INSERT INTO contact_edit (crm, contact_id)
    SELECT crm, contact_id FROM job WHERE contact_id = NEW.id AND (state = 'completed' OR lease_token IS NOT NULL);
END;

-- The counts tell those apart: `changed` of completed jobs.
DROP TRIGGER contact_inserted_count;
DROP TRIGGER contact_deleted_count;
ALTER TABLE tally RENAME TO tally_before;
CREATE TABLE tally (
    crm TEXT NOT NULL,
    state TEXT NOT NULL,
    origin TEXT NOT NULL,
    detail TEXT NOT NULL,
    dismissed INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (crm, state, origin, detail, dismissed, changed)
) STRICT, WITHOUT ROWID;
INSERT INTO tally (crm, state, origin, detail, dismissed, changed, count)
SELECT crm, state, origin, detail, dismissed, 0, count FROM tally_before;
DROP TABLE tally_before;

CREATE TRIGGER contact_inserted_count AFTER INSERT ON contacts BEGIN
    UPDATE tally SET count = count + 1 WHERE crm = '';
END;
CREATE TRIGGER contact_deleted_count BEFORE DELETE ON contacts BEGIN
    UPDATE tally SET count = count - 1 WHERE crm = '';
    INSERT INTO tally (crm, state, origin, detail, dismissed, changed, count)
    SELECT crm, state, origin,
           CASE state WHEN 'failed' THEN coalesce(error_code, '') WHEN 'completed' THEN coalesce(reading, '')
                      ELSE '' END,
           iif(state = 'failed', dismissed, 0), iif(state = 'completed', changed, 0), -1
      FROM job WHERE contact_id = OLD.id AND state <> 'idle'
    ON CONFLICT (crm, state, origin, detail, dismissed, changed) DO UPDATE SET count = count + excluded.count;
END;
