-- What other programs write into the status columns, for the engine to read. No trigger touches a job: the order of
-- locks would cross.
CREATE TABLE contact_write (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id uuid NOT NULL,
    crm text NOT NULL,
    sync_status text,
    processing_changed boolean NOT NULL,
    processing_status text
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- The other application has no rights on our tables, hence SECURITY DEFINER. Notifications of one transaction are one.
CREATE FUNCTION crmsync_note_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
DECLARE
    crm CONSTANT text := TG_ARGV[0];
    old_row CONSTANT jsonb := CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    new_row CONSTANT jsonb := to_jsonb(NEW);
    sync CONSTANT text := new_row ->> (crm || '_sync_status');
    processing CONSTANT text := new_row ->> (crm || '_processing_status');
BEGIN
    INSERT INTO contact_write (contact_id, crm, sync_status, processing_changed, processing_status)
    VALUES (NEW.id, crm,
            CASE WHEN sync IS DISTINCT FROM coalesce(old_row ->> (crm || '_sync_status'), 'New') THEN sync END,
            processing IS DISTINCT FROM old_row ->> (crm || '_processing_status'), processing);
    PERFORM pg_notify('crmsync', 'write');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION crmsync_note_write() FROM PUBLIC;

-- The engine marks its transactions; the mark is looked at first, for it is the cheapest test and the commonest end.
CREATE TRIGGER crmsync_brevo_insert AFTER INSERT ON contacts FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.brevo_sync_status <> 'New' OR NEW.brevo_processing_status IS NOT NULL))
    EXECUTE FUNCTION crmsync_note_write('brevo');
CREATE TRIGGER crmsync_brevo_update AFTER UPDATE OF brevo_sync_status, brevo_processing_status ON contacts FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.brevo_sync_status <> OLD.brevo_sync_status OR
           NEW.brevo_processing_status IS DISTINCT FROM OLD.brevo_processing_status))
    EXECUTE FUNCTION crmsync_note_write('brevo');
CREATE TRIGGER crmsync_hubspot_insert AFTER INSERT ON contacts FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.hubspot_sync_status <> 'New' OR NEW.hubspot_processing_status IS NOT NULL))
    EXECUTE FUNCTION crmsync_note_write('hubspot');
CREATE TRIGGER crmsync_hubspot_update AFTER UPDATE OF hubspot_sync_status, hubspot_processing_status ON contacts
    FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.hubspot_sync_status <> OLD.hubspot_sync_status OR
           NEW.hubspot_processing_status IS DISTINCT FROM OLD.hubspot_processing_status))
    EXECUTE FUNCTION crmsync_note_write('hubspot');
CREATE TRIGGER crmsync_mautic_insert AFTER INSERT ON contacts FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.mautic_sync_status <> 'New' OR NEW.mautic_processing_status IS NOT NULL))
    EXECUTE FUNCTION crmsync_note_write('mautic');
CREATE TRIGGER crmsync_mautic_update AFTER UPDATE OF mautic_sync_status, mautic_processing_status ON contacts
    FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.mautic_sync_status <> OLD.mautic_sync_status OR
           NEW.mautic_processing_status IS DISTINCT FROM OLD.mautic_processing_status))
    EXECUTE FUNCTION crmsync_note_write('mautic');
CREATE TRIGGER crmsync_n8n_insert AFTER INSERT ON contacts FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.n8n_sync_status <> 'New' OR NEW.n8n_processing_status IS NOT NULL))
    EXECUTE FUNCTION crmsync_note_write('n8n');
CREATE TRIGGER crmsync_n8n_update AFTER UPDATE OF n8n_sync_status, n8n_processing_status ON contacts FOR EACH ROW
    WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on' AND
          (NEW.n8n_sync_status <> OLD.n8n_sync_status OR
           NEW.n8n_processing_status IS DISTINCT FROM OLD.n8n_processing_status))
    EXECUTE FUNCTION crmsync_note_write('n8n');
