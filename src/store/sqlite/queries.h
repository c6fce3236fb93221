#pragma once

#include "store/sqlite/database.h"

// Every statement of the SQLite store, by the verb that runs it. Times of `contacts` are text, all others microseconds.
// Parameters are numbered in the order of the call.
namespace crmsync::sqlite::sql {

// ---- Columns, in the order rows.cpp reads them
// -----------------------------------------------------------------------

#define FIELD_COLUMNS                                                                                    \
    "c.email, c.name, c.phone_number, c.email_type, c.has_gmail, c.context, c.source_url, c.domain_id, " \
    "c.page_id, c.source_job_id"
#define CONTACT_COLUMNS                                                                                      \
    "c.id, c.created_at, c.updated_at, " FIELD_COLUMNS                                                       \
    ", c.contact_curation_status, c.contact_processing_status, c.contact_processing_error, "                 \
    "c.brevo_sync_status, c.brevo_processing_status, c.brevo_processing_error, c.brevo_contact_id, "         \
    "c.hubspot_sync_status, c.hubspot_processing_status, c.hubspot_processing_error, c.hubspot_contact_id, " \
    "c.mautic_sync_status, c.mautic_processing_status, c.mautic_processing_error, c.mautic_contact_id, "     \
    "c.n8n_sync_status, c.n8n_processing_status, c.n8n_processing_error, c.n8n_workflow_id, "                \
    "c.retry_count, c.last_retry_at, c.next_retry_at, c.last_failed_crm, "                                   \
    "(SELECT group_concat(k.crm, ' ') FROM job AS k WHERE k.contact_id = c.id AND +k.state = 'completed' "   \
    "AND k.changed = 1)"
#define JOB_COLUMNS                                                                                        \
    "j.contact_id, j.crm, j.state, j.origin, j.lane, j.due_at, j.retry_count, j.generation, j.remote_id, " \
    "j.second_id, j.fingerprint, j.error, j.error_code, j.warnings, j.options, j.last_attempt_at, "        \
    "j.acknowledged_at, j.dismissed, j.changed AND j.state = 'completed'"
#define WAITING "j.state IN ('queued', 'retrying') AND j.lease_token IS NULL"

// ---- Jobs and what they publish
// --------------------------------------------------------------------------------------

inline const Query find_job{
    "SELECT rowid, state, origin, error, error_code, dismissed, reading, changed FROM job "
    "WHERE contact_id = ?1 AND crm = ?2"};
inline const Query contact_exists{"SELECT 1 FROM contacts WHERE id = ?1"};
inline const Query insert_job{
    "INSERT INTO job (contact_id, crm, state, origin, lane, due_at, error, options, selected_at) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?6)"};
inline const Query decide_job{
    "UPDATE job SET state = ?2, origin = ?3, lane = ?4, due_at = ?5, error = ?6, options = ?7, selected_at = ?5, "
    "error_code = NULL, "
    "retry_count = 0, dismissed = 0, generation = generation + 1 WHERE rowid = ?1"};
inline const CrmQuery publish{
    "UPDATE contacts SET {crm}_sync_status = ?2, {crm}_processing_status = ?3, {crm}_processing_error = ?4 "
    "WHERE id = ?1"};

// The shared retry columns.
inline const Query show_failure{
    "UPDATE contacts SET retry_count = ?2, last_retry_at = coalesce(?3, last_retry_at), next_retry_at = ?4, "
    "last_failed_crm = ?5 WHERE id = ?1"};
inline const Query clear_failure{
    "UPDATE contacts SET retry_count = 0, next_retry_at = NULL, last_failed_crm = NULL "
    "WHERE id = ?1 AND last_failed_crm = ?2"};
inline const Query clear_any_failure{
    "UPDATE contacts SET retry_count = 0, next_retry_at = NULL, last_failed_crm = NULL WHERE id = ?1"};
inline const Query latest_failure{
    "SELECT crm, retry_count, last_attempt_at, iif(state = 'failed', NULL, due_at) FROM job WHERE contact_id = ?1 "
    "AND (state IN ('retrying', 'failed') OR (state = 'running' AND claimed_from = 'retrying')) "
    "ORDER BY last_attempt_at DESC LIMIT 1"};

// ---- claim
// -----------------------------------------------------------------------------------------------------------

inline const Query connector_state{"SELECT state FROM connector WHERE crm = ?1"};
inline const Query connector_states{"SELECT crm, state FROM connector"};
inline const Query set_connector_state{"UPDATE connector SET state = ?2 WHERE crm = ?1"};
inline const Query token{"SELECT version, text FROM connector_token WHERE crm = ?1"};
inline const Query take_token_turn{
    "UPDATE connector_token SET renewing_until = ?4 WHERE crm = ?1 AND version = ?2 "
    "AND (renewing_until IS NULL OR renewing_until <= ?3)"};
inline const Query keep_token{
    "UPDATE connector_token SET version = version + 1, text = ?3, renewing_until = NULL WHERE crm = ?1 AND version = "
    "?2"};
inline const Query give_up_token_turn{
    "UPDATE connector_token SET renewing_until = NULL WHERE crm = ?1 AND version = ?2"};
inline const Query take_alert_turn{
    "UPDATE alert SET holder = ?1, held_until = ?3 WHERE holder IS NULL OR holder = ?1 OR held_until <= ?2 "
    "RETURNING text"};
inline const Query keep_alerts{"UPDATE alert SET text = ?2 WHERE holder = ?1"};
inline const Query give_up_alert_turn{"UPDATE alert SET holder = NULL, held_until = NULL WHERE holder = ?1"};
inline const Query alerts{"SELECT text FROM alert"};
#define CLAIM_COLUMNS                                                                                   \
    "j.rowid, j.contact_id, j.state, j.due_at, j.retry_count, j.generation, j.remote_id, j.second_id, " \
    "j.fingerprint, j.options, c.rowid, c.updated_at, j.origin, " FIELD_COLUMNS
// CROSS JOIN keeps SQLite to this order of the tables: along the index of what is due.
inline const Query claim_due{"SELECT " CLAIM_COLUMNS
                             " FROM job AS j CROSS JOIN contacts AS c ON c.id = j.contact_id "
                             "WHERE j.crm = ?1 AND j.lane = ?2 AND j.due_at <= ?3 AND " WAITING
                             " ORDER BY j.due_at, j.contact_id LIMIT ?4"};
inline const Query claim_untried{
    "SELECT " CLAIM_COLUMNS
    " FROM job AS j CROSS JOIN contacts AS c ON c.id = j.contact_id "
    "WHERE j.crm = ?1 AND j.lane = ?2 AND j.due_at <= ?3 AND j.state = 'queued' AND " WAITING
    " ORDER BY j.due_at, j.contact_id LIMIT ?4"};
inline const Query claim_probe{
    "SELECT " CLAIM_COLUMNS
    " FROM job AS j CROSS JOIN contacts AS c ON c.id = j.contact_id "
    "WHERE j.crm = ?1 AND j.lane = ?2 AND j.due_at <= ?3 AND " WAITING
    " AND j.contact_id NOT IN (SELECT value FROM json_each(?5)) ORDER BY j.due_at, j.contact_id LIMIT ?4"};
inline const Query claim_contact{"SELECT " CLAIM_COLUMNS
                                 " FROM job AS j CROSS JOIN contacts AS c ON c.id = j.contact_id "
                                 "WHERE j.contact_id = ?1 AND j.crm = ?2 AND j.due_at <= ?3 AND " WAITING};
inline const Query claim_witness_due{
    "SELECT count(*) FROM job AS j WHERE j.contact_id = ?1 AND j.crm = ?2 AND j.due_at <= ?3 AND " WAITING};
inline const Query claim_siblings{
    "SELECT c.id, c.updated_at, j.state, j.due_at, j.lease_token IS NOT NULL, j.acknowledged_at "
    "FROM contacts AS c CROSS JOIN job AS j ON j.contact_id = c.id AND j.crm = ?1 "
    "WHERE lower(trim(c.email)) = ?2 AND c.rowid <> ?3 "
    "AND (j.lease_token IS NOT NULL OR j.state IN ('queued', 'retrying', 'completed'))"};
inline const Query claim_job{
    "UPDATE job SET claimed_from = state, state = 'running', lease_token = ?2, worker_id = ?3 WHERE rowid = ?1"};
inline const CrmQuery claim_publish{
    "UPDATE contacts SET {crm}_sync_status = 'Processing', {crm}_processing_status = 'Processing' WHERE rowid = ?1"};
inline const Query postpone_job{"UPDATE job SET due_at = ?2 WHERE rowid = ?1"};
inline const Query postpone_publish{"UPDATE contacts SET next_retry_at = ?2 WHERE rowid = ?1 AND last_failed_crm = ?3"};
inline const Query next_due{"SELECT min(j.due_at) FROM job AS j WHERE j.crm = ?1 AND j.lane = ?2 AND " WAITING};

// ---- record
// ----------------------------------------------------------------------------------------------------------

inline const Query record_leased{
    "SELECT j.rowid, j.generation, j.origin, j.retry_count, c.rowid, c.last_failed_crm, j.selected_at, c.updated_at "
    "FROM job AS j CROSS JOIN contacts AS c ON c.id = j.contact_id "
    "WHERE j.contact_id = ?1 AND j.crm = ?2 AND j.lease_token = ?3"};
inline const CrmQuery record_publish{
    "UPDATE contacts SET {crm}_sync_status = ?2, {crm}_processing_status = ?3, {crm}_processing_error = ?4 "
    "WHERE rowid = ?1"};
inline const CrmQuery record_publish_with_remote_id{
    "UPDATE contacts SET {crm}_sync_status = ?2, {crm}_processing_status = ?3, {crm}_processing_error = ?4, "
    "{remote_id} = ?5 WHERE rowid = ?1"};
inline const CrmQuery record_publish_remote_id{"UPDATE contacts SET {remote_id} = ?2 WHERE rowid = ?1"};
inline const Query record_job{
    "UPDATE job SET state = ?2, due_at = ?3, retry_count = ?4, error = ?5, error_code = ?6, claimed_from = NULL, "
    "lease_token = NULL, worker_id = NULL, remote_id = coalesce(?7, remote_id), "
    "second_id = coalesce(?8, second_id), fingerprint = coalesce(?9, fingerprint), "
    "last_attempt_at = coalesce(?10, last_attempt_at), acknowledged_at = coalesce(?11, acknowledged_at), "
    "warnings = iif(?12, ?13, warnings), reading = NULL, changed = 0 WHERE rowid = ?1"};
inline const Query record_stale{
    "UPDATE job SET claimed_from = NULL, lease_token = NULL, worker_id = NULL, "
    "remote_id = coalesce(?2, remote_id), second_id = coalesce(?3, second_id), "
    "last_attempt_at = coalesce(?4, last_attempt_at) WHERE rowid = ?1"};
inline const Query insert_attempt{
    "INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, http_status, code, message, duration_us, "
    "request_id, stale) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"};
inline const Query prune_history{
    "DELETE FROM attempt WHERE id IN "
    "(SELECT id FROM (SELECT id, at FROM attempt ORDER BY id LIMIT ?2) WHERE at < ?1)"};

// ---- workers and leases
// ----------------------------------------------------------------------------------------------

inline const Query register_worker{
    "INSERT OR REPLACE INTO worker (id, host, pid, started_at, heartbeat_at) VALUES (?1, ?2, ?3, ?4, ?4)"};
inline const Query heartbeat{"UPDATE worker SET heartbeat_at = ?2 WHERE id = ?1"};
inline const Query forget_dead_workers{"DELETE FROM worker WHERE heartbeat_at < ?1 AND id <> ?2"};
inline const Query forget_worker{"DELETE FROM worker WHERE id = ?1"};
inline const Query forget_workers{"DELETE FROM worker"};
inline const Query leased_without_worker{
    "SELECT rowid FROM job WHERE crm IN ('brevo', 'hubspot', 'mautic', 'n8n') AND state = 'running' "
    "AND worker_id NOT IN (SELECT id FROM worker) AND worker_id NOT IN (SELECT id FROM remote_operation) "
    "UNION ALL "
    "SELECT rowid FROM job WHERE lease_token IS NOT NULL AND state <> 'running' "
    "AND worker_id NOT IN (SELECT id FROM worker) AND worker_id NOT IN (SELECT id FROM remote_operation)"};
inline const Query leased_by_worker{
    "SELECT rowid FROM job WHERE crm IN ('brevo', 'hubspot', 'mautic', 'n8n') AND state = 'running' "
    "AND worker_id = ?1 "
    "UNION ALL "
    "SELECT rowid FROM job WHERE lease_token IS NOT NULL AND state <> 'running' AND worker_id = ?1"};
inline const Query forget_lost_operations{
    "DELETE FROM remote_operation WHERE remote_id IS NULL AND worker_id NOT IN (SELECT id FROM worker)"};
inline const Query free_operation_turns{"UPDATE remote_operation SET look_at = 0 WHERE remote_id IS NOT NULL"};
inline const Query planned_by_worker{"SELECT id FROM remote_operation WHERE remote_id IS NULL AND worker_id = ?1"};
inline const Query lease_of{"SELECT contact_id, crm, state, claimed_from, origin FROM job WHERE rowid = ?1"};
inline const Query hand_back{
    "UPDATE job SET state = claimed_from, error = ?2, claimed_from = NULL, lease_token = NULL, worker_id = NULL "
    "WHERE rowid = ?1"};
inline const Query free_lease{
    "UPDATE job SET claimed_from = NULL, lease_token = NULL, worker_id = NULL WHERE rowid = ?1"};

// ---- foreign writes
// --------------------------------------------------------------------------------------------------

inline const Query any_write{"SELECT EXISTS (SELECT 1 FROM contact_write)"};
inline const Query writes{
    "SELECT id, contact_id, crm, sync_status, processing_changed, processing_status FROM contact_write ORDER BY id "
    "LIMIT ?1"};
inline const Query forget_writes{"DELETE FROM contact_write WHERE id <= ?1"};
inline const Query forget_writes_of{"DELETE FROM contact_write WHERE contact_id = ?1"};
inline const Query data_version{"PRAGMA data_version"};

// ---- edits of contacts
// -----------------------------------------------------------------------------------------------

inline const Query note_edit{
    "INSERT INTO contact_edit (crm, contact_id) SELECT crm, contact_id FROM job "
    "WHERE contact_id = ?1 AND (state = 'completed' OR lease_token IS NOT NULL)"};
inline const Query any_edit{"SELECT 1 FROM contact_edit WHERE crm = ?1 LIMIT 1"};
/// Those of jobs in flight are left.
inline const Query edits{
    "SELECT e.id, e.contact_id, j.state, j.generation, j.options, j.fingerprint, " FIELD_COLUMNS
    " FROM contact_edit AS e LEFT JOIN job AS j ON j.contact_id = e.contact_id AND j.crm = e.crm "
    "LEFT JOIN contacts AS c ON c.id = e.contact_id WHERE e.crm = ?1 AND j.lease_token IS NULL ORDER BY e.id LIMIT ?2"};
inline const Query forget_edit{"DELETE FROM contact_edit WHERE id = ?1"};
inline const Query edited_job{
    "SELECT 1 FROM job WHERE contact_id = ?1 AND crm = ?2 AND generation = ?3 AND state = 'completed' "
    "AND lease_token IS NULL"};
inline const Query set_changed{"UPDATE job SET changed = ?2 WHERE rowid = ?1"};

// ---- decisions of people
// ---------------------------------------------------------------------------------------------

inline const Query audit{
    "INSERT INTO audit (at, actor, action, detail, count) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id"};
inline const Query audit_more{"UPDATE audit SET count = count + ?2 WHERE id = ?1"};
inline const Query audit_log{"SELECT at, actor, action, detail, count FROM audit ORDER BY id DESC LIMIT ?1 OFFSET ?2"};
inline const Query set_curation_status{
    "UPDATE contacts SET contact_curation_status = ?2, "
    "contact_processing_status = iif(?2 = 'Queued', 'Queued', contact_processing_status), "
    "contact_processing_error = iif(?2 = 'Queued', NULL, contact_processing_error) WHERE id = ?1"};
/// ?1 CRM, ?2 error code, each NULL for any; ?3 JSON array of ids, NULL for all; ?4 dismissed or not.
#define TO_DISMISS                                                                                     \
    "state = 'failed' AND (?1 IS NULL OR crm = ?1) AND (?2 IS NULL OR coalesce(error_code, '') = ?2) " \
    "AND dismissed <> ?4 AND (?3 IS NULL OR contact_id IN (SELECT value FROM json_each(?3)))"
inline const Query count_to_dismiss{"SELECT crm, origin, coalesce(error_code, ''), count(*) FROM job WHERE " TO_DISMISS
                                    " GROUP BY 1, 2, 3"};
inline const Query dismiss{"UPDATE job SET dismissed = ?4 WHERE " TO_DISMISS};

// ---- keys of the API
// --------------------------------------------------------------------------------------------------

#define API_KEY_COLUMNS "id, name, role, created_at, created_by, expires_at, revoked_at, last_used_at"

inline const Query create_api_key{
    "INSERT INTO api_key (id, hash, name, role, created_at, created_by, expires_at) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
inline const Query api_key{"SELECT " API_KEY_COLUMNS " FROM api_key WHERE id = ?1"};
inline const Query api_keys{"SELECT " API_KEY_COLUMNS " FROM api_key ORDER BY id DESC LIMIT ?1"};
inline const Query find_api_key{"SELECT " API_KEY_COLUMNS " FROM api_key WHERE hash = ?1"};
inline const Query revoke_api_key{"UPDATE api_key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL"};
inline const Query note_api_key_use{"UPDATE api_key SET last_used_at = ?2 WHERE id = ?1"};

#undef API_KEY_COLUMNS

// ---- addresses to which nothing goes any more
// -------------------------------------------------------------------------

inline const Query suppression_key{"SELECT key FROM suppression_key"};
inline const Query suppression_key_in_use{"SELECT key FROM suppression_key WHERE EXISTS (SELECT 1 FROM suppression)"};
inline const Query is_suppressed{"SELECT count(*) FROM suppression WHERE hash = ?1"};
inline const Query suppressions{
    "SELECT hash, at, actor, reason FROM suppression ORDER BY at DESC, hash LIMIT ?1 OFFSET ?2"};
inline const Query suppress{"INSERT OR IGNORE INTO suppression (hash, at, actor, reason) VALUES (?1, ?2, ?3, ?4)"};
inline const Query unsuppress{"DELETE FROM suppression WHERE hash = ?1"};
inline const Query forget_named{"SELECT id, email FROM contacts WHERE id = ?1"};
inline const Query forget_addressed{"SELECT c.id, c.email FROM contacts AS c WHERE lower(trim(c.email)) = ?1"};
inline const Query forget_remotes{
    "SELECT crm, remote_id, second_id, lease_token IS NOT NULL FROM job WHERE contact_id = ?1 "
    "AND (remote_id IS NOT NULL OR lease_token IS NOT NULL) ORDER BY crm"};

// ---- contacts
// --------------------------------------------------------------------------------------------------------

inline const Query contact{"SELECT " CONTACT_COLUMNS " FROM contacts AS c WHERE c.id = ?1"};
inline const Query find_by_address{
    "SELECT id FROM contacts WHERE lower(trim(email)) = ?1 ORDER BY updated_at DESC, id DESC LIMIT 1"};
/// What a list of contacts is put together from.
inline constexpr std::string_view list_contacts = "SELECT " CONTACT_COLUMNS " FROM contacts AS c";
inline constexpr std::string_view list_ids = "SELECT c.id FROM contacts AS c";
inline const Query count_in_states{
    "SELECT count(*) FROM (SELECT 1 FROM job WHERE crm = ?1 AND state IN (SELECT value FROM json_each(?2)) LIMIT ?3)"};
inline constexpr std::string_view in_states =
    "c.id IN (SELECT contact_id FROM job WHERE crm = ? AND state IN (SELECT value FROM json_each(?)))";
inline constexpr std::string_view changed_since_sync =
    "c.id IN (SELECT contact_id FROM job INDEXED BY job_changed WHERE crm = ? AND state = 'completed' "
    "AND changed = 1)";
inline constexpr std::string_view not_changed_since_sync =
    "NOT EXISTS (SELECT 1 FROM job AS k WHERE k.contact_id = c.id AND k.crm = ? AND k.state = 'completed' "
    "AND k.changed = 1)";
inline const Query last_rowid{"SELECT coalesce(max(rowid), 0) FROM contacts"};
inline const Query create_contact{
    "INSERT INTO contacts (id, created_at, updated_at, email, name, phone_number, email_type, has_gmail, context, "
    "source_url, domain_id, page_id, source_job_id, contact_curation_status) "
    "VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"};
inline const Query update_contact{
    "UPDATE contacts SET updated_at = ?2, email = ?3, name = ?4, phone_number = ?5, email_type = ?6, has_gmail = ?7, "
    "context = ?8, source_url = ?9, domain_id = ?10, page_id = ?11, source_job_id = ?12 WHERE id = ?1"};
inline const Query jobs_to_delete{
    "SELECT crm, state, origin, error_code, dismissed, reading, changed FROM job WHERE contact_id = ?1"};
inline const Query delete_contact{"DELETE FROM contacts WHERE id = ?1"};
inline const Query import_existing{"SELECT c.id, c.created_at, " FIELD_COLUMNS
                                   " FROM contacts AS c WHERE lower(trim(c.email)) = ?1"};

// ---- status
// ----------------------------------------------------------------------------------------------------------

inline const Query jobs_of{"SELECT " JOB_COLUMNS " FROM job AS j WHERE j.contact_id = ?1 ORDER BY j.crm"};
inline const Query history_of{
    "SELECT crm, at, worker_id, outcome, http_status, code, message, duration_us, request_id, stale FROM attempt "
    "WHERE contact_id = ?1 ORDER BY id DESC LIMIT ?2"};
inline const Query count_of_contacts{"SELECT count FROM tally WHERE crm = ''"};
inline const Query counts_of_jobs{
    "SELECT crm, state, origin, sum(count), sum(iif(changed, count, 0)) FROM tally WHERE crm <> '' "
    "GROUP BY crm, state, origin"};
inline const Query counts_of_states{"SELECT coalesce(sum(count), 0) FROM tally WHERE crm = ?1 AND state IN (?2, ?3)"};
inline const Query queue_later{
    "SELECT count(*) FROM job AS j WHERE j.crm = ?1 AND j.lane IN (0, 1) AND j.due_at > ?2 AND " WAITING};
/// ?1 CRM, ?2 error code, each NULL for any; ?3 also those dismissed.
#define FAILED                                                                                               \
    "j.state = 'failed' AND (?1 IS NULL OR j.crm = ?1) AND (?2 IS NULL OR coalesce(j.error_code, '') = ?2) " \
    "AND (?3 OR j.dismissed = 0)"
inline const Query failures{
    "SELECT " JOB_COLUMNS
    ", c.email, c.name FROM job AS j INDEXED BY job_failed CROSS JOIN contacts AS c ON c.id = j.contact_id "
    "WHERE " FAILED " ORDER BY j.last_attempt_at DESC, j.contact_id, j.crm LIMIT ?4 OFFSET ?5"};
/// ?1 CRM or NULL, ?2 also those dismissed, ?3 limit. The + takes the column's type away, with which the index of an
/// expression would not fit.
inline const Query failure_causes{
    "SELECT t.crm, t.detail, j.contact_id, coalesce(j.error, ''), t.n "
    "FROM (SELECT crm, detail, sum(count) AS n FROM tally WHERE state = 'failed' AND (?1 IS NULL OR crm = ?1) "
    "AND (?2 OR dismissed = 0) GROUP BY crm, detail HAVING sum(count) > 0 ORDER BY n DESC, crm, detail LIMIT ?3) AS t "
    "CROSS JOIN job AS j ON j.rowid = (SELECT k.rowid FROM job AS k INDEXED BY job_failed_cause WHERE k.state = "
    "'failed' AND k.crm = t.crm "
    "AND coalesce(k.error_code, '') = +t.detail AND (?2 OR k.dismissed = 0) LIMIT 1) "
    "ORDER BY t.n DESC, t.crm, t.detail"};
inline const Query add_to_counts{
    "INSERT INTO tally (crm, state, origin, detail, dismissed, changed, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
    "ON CONFLICT (crm, state, origin, detail, dismissed, changed) DO UPDATE SET count = count + excluded.count"};
inline const Query add_to_activity{
    "INSERT INTO activity (minute, crm, measure, step, count) VALUES (?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT (minute, crm, measure, step) DO UPDATE SET count = count + excluded.count"};
inline const Query activity{
    "SELECT crm, iif(measure = 'latency', 0, (minute - ?1) / ?3), measure, step, sum(count) FROM activity "
    "WHERE minute >= ?1 AND minute < ?2 GROUP BY 1, 2, 3, 4"};
inline const Query prune_activity{"DELETE FROM activity WHERE minute < ?1"};
inline const Query sum_activity_by_hours{
    "INSERT INTO activity (minute, crm, measure, step, count) "
    "SELECT minute - minute % 60, crm, measure, step, sum(count) FROM activity "
    "WHERE minute < ?1 AND minute % 60 <> 0 GROUP BY 1, 2, 3, 4 "
    "ON CONFLICT (minute, crm, measure, step) DO UPDATE SET count = count + excluded.count"};
inline const Query forget_activity_of_minutes{"DELETE FROM activity WHERE minute < ?1 AND minute % 60 <> 0"};
/// What there is less what is kept.
inline const Query counts_off{
    "SELECT crm, state, origin, detail, dismissed, changed, sum(n) FROM ("
    "SELECT '' AS crm, '' AS state, '' AS origin, '' AS detail, 0 AS dismissed, 0 AS changed, count(*) AS n "
    "FROM contacts "
    "UNION ALL SELECT crm, state, origin, iif(state = 'completed', coalesce(reading, ''), ''), 0, "
    "iif(state = 'completed', changed, 0), count(*) FROM job "
    "WHERE state NOT IN ('idle', 'failed') GROUP BY 1, 2, 3, 4, 6 "
    "UNION ALL SELECT crm, state, origin, coalesce(error_code, ''), dismissed, 0, count(*) FROM job "
    "WHERE state = 'failed' GROUP BY 1, 2, 3, 4, 5 "
    "UNION ALL SELECT crm, state, origin, detail, dismissed, changed, -count FROM tally) "
    "GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"};
inline const Query forget_zero_counts{"DELETE FROM tally WHERE count = 0 AND crm <> ''"};

// ---- verification and late failures
// ----------------------------------------------------------------------------------

/// Along the primary key: + hides the state from the planner, whose index of states would have to be sorted.
inline const Query synced_contacts{
    "SELECT j.contact_id, j.generation, j.remote_id, j.second_id, j.options, j.warnings, j.acknowledged_at, "
    "c.updated_at, " FIELD_COLUMNS
    ", coalesce(v.opted_out, 0) FROM job AS j CROSS JOIN contacts AS c ON c.id = j.contact_id "
    "LEFT JOIN verification AS v ON v.contact_id = j.contact_id AND v.crm = j.crm "
    "WHERE j.contact_id > ?2 AND j.crm = ?1 AND +j.state = 'completed' AND j.acknowledged_at IS NOT NULL "
    "AND (?3 >= 1000000 OR abs(random() % 1000000) < ?3) "
    "AND NOT EXISTS (SELECT 1 FROM contacts AS o CROSS JOIN job AS k ON k.contact_id = o.id AND k.crm = ?1 "
    "WHERE lower(trim(o.email)) = lower(trim(c.email)) AND trim(c.email) <> '' AND o.id <> c.id "
    "AND k.state = 'completed' AND k.acknowledged_at IS NOT NULL AND (o.updated_at, o.id) > (c.updated_at, c.id)) "
    "ORDER BY j.contact_id LIMIT ?4"};
inline const Query completed_job{
    "SELECT rowid, origin, reading, changed FROM job "
    "WHERE contact_id = ?1 AND crm = ?2 AND generation = ?3 AND state = 'completed'"};
inline const Query note_reading{"UPDATE job SET reading = ?2 WHERE rowid = ?1"};
inline const Query keep_verification{
    "INSERT OR REPLACE INTO verification (contact_id, crm, generation, at, result, fields, opted_out) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
inline const Query note_verification_run{"INSERT OR REPLACE INTO verification_run (crm, run) VALUES (?1, ?2)"};
inline const Query verification_run{"SELECT run FROM verification_run WHERE crm = ?1"};
inline const Query verification_counts{
    "SELECT v.result, count(*) FROM job AS j LEFT JOIN verification AS v ON v.contact_id = j.contact_id "
    "AND v.crm = j.crm AND v.generation = j.generation WHERE j.crm = ?1 AND j.state = 'completed' GROUP BY 1"};
inline const Query readings{
    "SELECT crm, detail, sum(count) FROM tally WHERE state = 'completed' AND detail <> '' GROUP BY crm, detail"};
inline const Query count_opted_out{"SELECT count(*) FROM verification WHERE crm = ?1 AND opted_out = 1"};
inline const Query verification_examples{
    "SELECT v.contact_id, c.email, v.result, v.fields, v.opted_out, v.at FROM verification AS v "
    "CROSS JOIN job AS j ON j.contact_id = v.contact_id AND j.crm = v.crm AND j.generation = v.generation "
    "CROSS JOIN contacts AS c ON c.id = v.contact_id "
    "WHERE v.crm = ?1 AND v.result IN ('drifted', 'missing') AND j.state = 'completed' ORDER BY v.at DESC LIMIT ?2"};
inline const Query verifications_of{
    "SELECT v.crm, v.result, v.fields, v.opted_out, v.at, j.generation = v.generation AND j.state = 'completed' "
    "FROM verification AS v JOIN job AS j ON j.contact_id = v.contact_id AND j.crm = v.crm WHERE v.contact_id = ?1"};
/// ?1 CRM, ?2 operation. A longer number is a higher one.
#define ACKNOWLEDGED_BY                                                                                              \
    "SELECT j.contact_id, j.generation, j.retry_count, j.remote_id, (SELECT count(*) FROM late_failure AS l "        \
    "WHERE l.contact_id = j.contact_id AND l.crm = ?1 AND l.generation = j.generation), j.acknowledged_at FROM job " \
    "AS j "                                                                                                          \
    "WHERE j.crm = ?1 AND j.state = 'completed' AND NOT EXISTS (SELECT 1 FROM late_failure AS l "                    \
    "WHERE l.contact_id = j.contact_id AND l.crm = ?1 AND l.generation = j.generation AND l.operation_id = ?2) "     \
    "AND (j.remote_id IS NULL OR length(j.remote_id) < length(?2) "                                                  \
    "OR (length(j.remote_id) = length(?2) AND j.remote_id <= ?2)) "
inline const Query acknowledged_by_operation{ACKNOWLEDGED_BY "AND j.remote_id = ?2"};
inline const Query acknowledged_for_contact{ACKNOWLEDGED_BY "AND j.contact_id = ?3 AND j.generation = ?4"};
inline const Query note_late_failure{
    "INSERT OR IGNORE INTO late_failure (contact_id, crm, generation, operation_id) VALUES (?1, ?2, ?3, ?4)"};
inline const Query job_to_fail_late{
    "SELECT rowid, origin, reading, changed FROM job "
    "WHERE contact_id = ?1 AND crm = ?2 AND generation = ?3 AND state = 'completed' "
    "AND lease_token IS NULL"};
inline const Query fail_late{
    "UPDATE job SET state = ?2, due_at = ?3, retry_count = ?4, error = ?5, error_code = ?6, fingerprint = NULL, "
    "dismissed = 0 WHERE rowid = ?1"};

// ---- remote operations
// -----------------------------------------------------------------------------------------------

inline const Query count_untried{
    "SELECT count(*) FROM (SELECT 1 FROM job AS j WHERE j.crm = ?1 AND j.lane = 1 AND j.due_at <= ?2 "
    "AND j.state = 'queued' AND " WAITING " LIMIT ?3)"};
inline const Query count_remote_operations{"SELECT count(*), count(remote_id) FROM remote_operation WHERE crm = ?1"};
inline const Query forget_planned{
    "DELETE FROM remote_operation WHERE crm = ?1 AND worker_id = ?2 AND remote_id IS NULL"};
inline const Query insert_remote_operation{
    "INSERT INTO remote_operation (id, crm, worker_id, begun_at) VALUES (?1, ?2, ?3, ?4)"};
inline const Query is_planned{"SELECT 1 FROM remote_operation WHERE id = ?1 AND remote_id IS NULL"};
inline const Query add_to_remote_operation{
    "INSERT OR IGNORE INTO operation_job (operation_id, contact_id, generation, email, fingerprint, warnings) "
    "SELECT ?1, id, ?3, ?4, ?5, ?6 FROM contacts WHERE id = ?2"};
inline const Query note_submitted{
    "UPDATE remote_operation SET remote_id = ?2, look_at = ?3 WHERE id = ?1 AND (remote_id IS NULL OR remote_id = ?2)"};
inline const Query next_remote_operation{
    "SELECT id, remote_id, begun_at, looks, look_at FROM remote_operation "
    "WHERE crm = ?1 AND remote_id IS NOT NULL ORDER BY look_at, id LIMIT 1"};
inline const Query take_remote_operation{"UPDATE remote_operation SET looks = looks + 1, look_at = ?2 WHERE id = ?1"};
inline const Query postpone_remote_operation{
    "UPDATE remote_operation SET look_at = ?2 WHERE id = ?1 AND remote_id IS NOT NULL"};
inline const Query remote_operation_jobs{
    "SELECT o.contact_id, o.generation, o.email, o.fingerprint, o.warnings, r.crm, "
    "iif(j.worker_id = o.operation_id, j.lease_token, 0), j.claimed_from, j.due_at, j.retry_count "
    "FROM operation_job AS o CROSS JOIN remote_operation AS r ON r.id = o.operation_id "
    "CROSS JOIN job AS j ON j.contact_id = o.contact_id AND j.crm = r.crm "
    "WHERE o.operation_id = ?1 AND o.contact_id > ?2 ORDER BY o.contact_id LIMIT ?3"};
inline const Query forget_remote_operation{"DELETE FROM remote_operation WHERE id = ?1"};

// ---- operations
// --------------------------------------------------------------------------------------------------

#define OPERATION_COLUMNS                                                                                            \
    "id, work, actor, state, lease_until, total, total_is_estimate, done, outcome, error, started_at, finished_at, " \
    "cursor_id, audit_id, owner"
inline const Query has_operation{"SELECT 1 FROM operation WHERE id = ?1"};
inline const Query operation{"SELECT " OPERATION_COLUMNS " FROM operation WHERE id = ?1"};
inline const Query begin_operation{
    "INSERT INTO operation (id, work, actor, total, total_is_estimate, owner, lease_until, started_at, audit_id) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"};
inline const Query save_chunk{
    "UPDATE operation SET done = ?2, outcome = ?3, cursor_id = ?4, state = ?5, lease_until = ?6, finished_at = ?7 "
    "WHERE id = ?1"};
inline const Query note_operation{
    "UPDATE operation SET total = coalesce(?4, total), total_is_estimate = iif(?4 IS NULL, total_is_estimate, ?5), "
    "done = coalesce(?6, done), outcome = coalesce(?7, outcome), error = iif(state = 'running', ?8, error), "
    "finished_at = iif(state = 'running' AND ?3 <> 'running', ?9, finished_at), "
    "state = iif(state = 'running', ?3, state), lease_until = ?10 WHERE id = ?1 AND owner = ?2"};
inline const Query cancel_operation{
    "UPDATE operation SET state = 'cancelled', finished_at = ?2 WHERE id = ?1 AND state = 'running'"};
inline const Query next_operation{
    "SELECT id FROM operation WHERE state = 'running' AND lease_until <= ?1 ORDER BY lease_until LIMIT 1"};
inline const Query take_operation{"UPDATE operation SET owner = ?2, lease_until = ?3 WHERE id = ?1"};
inline const Query operations{"SELECT " OPERATION_COLUMNS
                              " FROM operation WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR id < ?2) "
                              "ORDER BY id DESC LIMIT ?3"};
/// The filter of an operation may name somebody.
inline const Query forget_operations{
    "DELETE FROM operation WHERE state <> 'running' AND ?1 <> '' AND instr(lower(work), ?1) > 0"};
inline const Query prune_operations{
    "DELETE FROM operation WHERE id IN (SELECT id FROM operation WHERE state <> 'running' AND finished_at < ?1 "
    "ORDER BY finished_at LIMIT ?2)"};
inline constexpr std::string_view in_failed_or_retrying =
    "c.id IN (SELECT contact_id FROM job WHERE crm IN (SELECT value FROM json_each(?)) "
    "AND state IN ('failed', 'retrying'))";
inline constexpr std::string_view in_failed_with =
    "c.id IN (SELECT contact_id FROM job WHERE crm IN (SELECT value FROM json_each(?)) "
    "AND state = 'failed' AND coalesce(error_code, '') = ?)";

// ---- schema
// ----------------------------------------------------------------------------------------------------------

inline const Query has_table{"SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1"};
inline const Query applied_migrations{"SELECT version FROM schema_migration"};
inline const Query schema_version{"SELECT max(version) FROM schema_migration"};
inline const Query page_count{"PRAGMA page_count"};
inline const Query integrity_check{"PRAGMA integrity_check(1)"};
inline const Query foreign_key_check{"PRAGMA foreign_key_check"};
inline constexpr std::string_view create_schema_migration =
    "CREATE TABLE IF NOT EXISTS schema_migration "
    "(version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
inline const Query note_migration{
    "INSERT INTO schema_migration (version, name, applied_at) "
    "VALUES (?1, ?2, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))"};

#undef CONTACT_COLUMNS
#undef FIELD_COLUMNS
#undef JOB_COLUMNS
#undef WAITING
#undef CLAIM_COLUMNS
#undef FAILED
#undef TO_DISMISS
#undef OPERATION_COLUMNS
#undef ACKNOWLEDGED_BY

}  // namespace crmsync::sqlite::sql
