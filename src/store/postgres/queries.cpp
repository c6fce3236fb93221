#include "store/postgres/queries.h"

#include <fmt/format.h>

#include "store/text.h"

namespace crmsync::postgres::queries {

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view with)
{
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

std::string_view sync_type(Crm crm) { return crm == Crm::hubspot ? "hubspot_sync_status" : "crm_sync_status"; }
std::string_view processing_type(Crm crm)
{
    return crm == Crm::hubspot ? "hubspot_sync_processing_status" : "crm_processing_status";
}

std::string processing_value(Crm crm, const Published& shown)
{
    if (!shown.processing) return "NULL";
    return fmt::format("'{}'::{}", to_string(*shown.processing), processing_type(crm));
}

/// `publish` as SQL, of the columns of the relation `of`.
std::string published_sync(Crm crm, std::string_view of)
{
    std::string sql = fmt::format("CASE {}.state", of);
    for (const JobState state : all_job_states) {
        const Published selected = publish(state, Origin::selection);
        const Published asked = publish(state, Origin::request);
        sql += fmt::format(" WHEN '{}' THEN ", to_string(state));
        if (selected.sync == asked.sync)
            sql += fmt::format("'{}'::{}", to_string(asked.sync), sync_type(crm));
        else
            sql += fmt::format("CASE {}.origin WHEN 'selection' THEN '{}'::{} ELSE '{}' END", of,
                               to_string(selected.sync), sync_type(crm), to_string(asked.sync));
    }
    return sql + fmt::format(" ELSE 'New'::{} END", sync_type(crm));
}

std::string published_processing(Crm crm, std::string_view of)
{
    std::string sql = fmt::format("CASE {}.state", of);
    for (const JobState state : all_job_states) {
        assert(publish(state, Origin::selection).processing == publish(state, Origin::request).processing);
        sql +=
            fmt::format(" WHEN '{}' THEN {}", to_string(state), processing_value(crm, publish(state, Origin::request)));
    }
    return sql + " END";
}

std::string published_error(std::string_view of)
{
    return fmt::format("CASE WHEN {0}.state NOT IN ('idle', 'completed') THEN {0}.error END", of);
}

/// What the shared retry columns show when those of this CRM are `settled`: the latest failure of another CRM that
/// nobody has resolved, else none. Otherwise what they showed. The first row counts.
std::string shared_columns(std::string_view settled)
{
    return replaced(R"(
            SELECT o.retry_count, coalesce(o.last_attempt_at, c.last_retry_at),
                   CASE WHEN o.state <> 'failed' THEN o.due_at END, o.crm::varchar
              FROM (SELECT * FROM job k
                     WHERE k.contact_id = c.id
                       AND CASE WHEN k.crm <> '{crm}' THEN
                                k.state IN ('retrying', 'failed') OR
                                (k.state = 'running' AND k.claimed_from = 'retrying') END
                     ORDER BY k.last_attempt_at DESC NULLS LAST LIMIT 1) o
             WHERE {settled}
            UNION ALL
            SELECT CASE WHEN {settled} THEN 0 ELSE c.retry_count END, c.last_retry_at,
                   CASE WHEN {settled} THEN NULL ELSE c.next_retry_at END,
                   CASE WHEN {settled} THEN NULL ELSE c.last_failed_crm END
             LIMIT 1)",
                    "{settled}", settled);
}

/// What a job counts as, as SQL (see migrations/0008_tally.sql).
struct Counted {
    std::string state;
    std::string origin;
    std::string detail = "''";
    std::string dismissed = "false";
    std::string changed = "false";
};

/// The job in the relation `of`.
Counted counted_job(std::string_view of)
{
    return {fmt::format("{}.state", of), fmt::format("{}.origin", of),
            fmt::format("CASE {0}.state WHEN 'failed' THEN coalesce({0}.error_code, '') "
                        "WHEN 'completed' THEN coalesce({0}.reading, '') ELSE '' END",
                        of),
            fmt::format("coalesce({0}.state = 'failed' AND {0}.dismissed, false)", of),
            fmt::format("coalesce({0}.state = 'completed' AND {0}.changed, false)", of)};
}

/// Adds to the tally that the rows of `from`, each a job of the CRM, were this and are that: one row per count that
/// changes, however many jobs.
std::string book(std::string_view crm, const Counted& was, const Counted& is, std::string_view from)
{
    return fmt::format(R"(
    INSERT INTO tally (crm, state, origin, detail, dismissed, changed, change)
    SELECT m.crm, k.state, k.origin, k.detail, k.dismissed, k.changed, k.change
      FROM (SELECT {} AS crm, {} AS state, {} AS origin, {} AS detail, {} AS dismissed, {} AS changed,
                   {} AS new_state, {} AS new_origin, {} AS new_detail, {} AS new_dismissed, {} AS new_changed,
                   count(*) AS jobs
              FROM {} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) m
     CROSS JOIN LATERAL (VALUES (m.state, m.origin, m.detail, m.dismissed, m.changed, -m.jobs),
                                (m.new_state, m.new_origin, m.new_detail, m.new_dismissed, m.new_changed, m.jobs))
                     AS k (state, origin, detail, dismissed, changed, change)
     WHERE k.state <> 'idle')",
                       crm, was.state, was.origin, was.detail, was.dismissed, was.changed, is.state, is.origin,
                       is.detail, is.dismissed, is.changed, from);
}

/// Notes what the jobs of `from` came to in this minute ($1), each measure that `measures` lists with its step and how
/// many: one row per measure and step, however many jobs.
std::string note_activity(std::string_view from, std::string_view measures)
{
    return fmt::format(R"(
    INSERT INTO activity_change (minute, crm, measure, step, count)
    SELECT floor(extract(epoch FROM $1) / 60)::bigint, '{{crm}}', m.measure, m.step, sum(m.count)
      FROM {} CROSS JOIN LATERAL (VALUES {}) AS m (measure, step, count)
     WHERE m.count > 0 GROUP BY m.measure, m.step)",
                       from, measures);
}

/// What `LatencyHistogram::step_of` says of the time since a job was selected, as SQL.
const std::string latency_step =
    "floor(4 * ln(greatest(extract(epoch FROM $1 - d.selected_at)::float8 * 1000, 1)) / ln(2::float8))::integer";

/// Of a job that an attempt made that.
const std::string recorded_measures = R"(
            ('completed', 0, (d.current AND d.state = 'completed')::int),
            ('failed', 0, (d.current AND d.state = 'failed')::int),
            ('retried', 0, (d.current AND d.state = 'retrying' AND d.counted)::int),
            ('throttled', 0, (d.outcome = 'throttled')::int),
            ('calls', 0, d.calls),
            ('latency', coalesce()" + latency_step +
                                      R"(, 0),
             (d.current AND d.state = 'completed' AND d.outcome = 'upserted' AND d.selected_at IS NOT NULL)::int))";

/// Replaces {crm}, {remote_id}, {sync(x)}, {processing(x)} and {error(x)}, where x names a relation with a job's
/// columns.
std::string expanded(std::string sql, Crm crm)
{
    for (const std::string_view of : {"j", "d"}) {
        sql = replaced(std::move(sql), fmt::format("{{sync({})}}", of), published_sync(crm, of));
        sql = replaced(std::move(sql), fmt::format("{{processing({})}}", of), published_processing(crm, of));
        sql = replaced(std::move(sql), fmt::format("{{error({})}}", of), published_error(of));
    }
    sql = replaced(std::move(sql), "{remote_id}", remote_id_column(crm));
    return replaced(std::move(sql), "{crm}", to_string(crm));
}

PerCrmQuery per_crm(std::string_view name, const std::string& sql)
{
    PerCrmQuery queries;
    for (const Crm crm : all_crms) queries[crm] = {fmt::format("{}_{}", name, to_string(crm)), expanded(sql, crm)};
    return queries;
}

std::string settings(std::string_view extra)
{
    return fmt::format(
        "SELECT set_config('crmsync.engine', 'on', true), set_config('statement_timeout', $1, true), "
        "set_config('jit', 'off', true){}",
        extra);
}

constexpr std::string_view by_index_alone =
    ", set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true), "
    "set_config('enable_material', 'off', true), "
    "set_config('plan_cache_mode', 'force_generic_plan', true)";

const std::string lane_of_pick = R"(
    SELECT j.contact_id, j.generation, j.state, j.due_at, j.retry_count, j.remote_id, j.second_id, j.fingerprint,
           j.options, c.updated_at, c.email, c.name, c.phone_number, c.email_type, c.has_gmail, c.context,
           c.source_url, c.domain_id, c.page_id, c.source_job_id
      FROM job j JOIN contacts c ON c.id = j.contact_id
     WHERE j.crm = '{crm}' AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL AND j.due_at <= $1
       AND )";

/// The one other contact of a picked one's address that matters: in flight, or else the newest that is newer and either
/// waits or was acknowledged as it now is. What was edited since may have another address at the CRM.
const std::string with_sibling = R"(
SELECT p.*, s.id, s.leased, s.state, s.due_at
  FROM picked p
  LEFT JOIN LATERAL (
       SELECT o.id, o.updated_at, k.state, k.due_at, k.lease_token IS NOT NULL AS leased
         FROM contacts o
         -- OFFSET keeps the planner from starting at the jobs.
        CROSS JOIN LATERAL (SELECT * FROM job i WHERE i.contact_id = o.id AND i.crm = '{crm}' OFFSET 0) k
        WHERE lower(btrim(o.email) COLLATE "C") = lower(btrim(p.email) COLLATE "C") AND btrim(p.email) <> ''
          AND o.id <> p.contact_id
          AND (k.lease_token IS NOT NULL OR
               ((k.state IN ('queued', 'retrying') OR
                 (k.state = 'completed' AND k.acknowledged_at >= o.updated_at)) AND
                (o.updated_at, o.id) > (p.updated_at, p.contact_id)))
        ORDER BY (k.lease_token IS NOT NULL) DESC, o.updated_at DESC, o.id DESC
        LIMIT 1) s ON true)";

const std::string job_columns =
    "j.contact_id, j.crm, j.state, j.origin, j.lane, j.due_at, j.retry_count, j.generation, j.remote_id, "
    "j.second_id, j.fingerprint, j.error, j.error_code, j.warnings, j.options, j.last_attempt_at, "
    "j.acknowledged_at, j.dismissed, j.changed AND j.state = 'completed'";

std::string make_contact_columns()
{
    std::string columns =
        "c.id, c.created_at, c.updated_at, c.email, c.name, c.phone_number, c.email_type, c.has_gmail, c.context, "
        "c.source_url, c.domain_id, c.page_id, c.source_job_id, c.contact_curation_status, "
        "c.contact_processing_status, c.contact_processing_error, c.retry_count, c.last_retry_at, c.next_retry_at, "
        "c.last_failed_crm";
    for (const Crm crm : all_crms)
        columns +=
            expanded(", c.{crm}_sync_status, c.{crm}_processing_status, c.{crm}_processing_error, c.{remote_id}", crm);
    // A CASE, so that the jobs are looked up by their contact.
    columns +=
        ", (SELECT string_agg(k.crm, ' ') FROM job k WHERE k.contact_id = c.id "
        "AND CASE WHEN k.changed THEN k.state = 'completed' END)";
    return columns;
}

}  // namespace

const std::string contact_columns = make_contact_columns();

const Query begin_work{"begin_work", settings("")};
const Query begin_engine_work{"begin_engine_work", settings(by_index_alone)};
const Query begin_claim{"begin_claim",
                        settings(std::string(by_index_alone) + ", set_config('synchronous_commit', 'off', true)")};
const Query begin{"begin", "BEGIN"};
const Query commit{"commit", "COMMIT"};
const Query rollback{"rollback", "ROLLBACK"};
const Query nothing{"nothing", "SELECT 1 WHERE false"};
const Query notify{"notify", "SELECT pg_notify('crmsync', $1)"};

// A CASE hides from the planner that the condition fits the index of due jobs, or that of states: a job is looked up by
// its contact, and the queue's statistics may say that all of it is one row.

// ---- claim ---------------------------------------------------------------------------------------------------------

const Query lock_connector{"lock_connector", "SELECT state FROM connector WHERE crm = $1 FOR UPDATE"};
const Query save_connector{"save_connector", "UPDATE connector SET state = $2 WHERE crm = $1"};
const Query any_write{"any_write", "SELECT 1 FROM contact_write ORDER BY id LIMIT 1"};

const PerCrmQuery pick = per_crm("pick", "WITH hand AS MATERIALIZED (" + lane_of_pick + R"(
        j.lane = 0 AND j.due_at >= $5 AND j.contact_id <> ALL($4)
     ORDER BY j.due_at, j.contact_id LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED),
bulk AS MATERIALIZED ()" + lane_of_pick + R"(
        j.lane = 1 AND j.due_at >= $6 AND j.contact_id <> ALL($4)
     ORDER BY j.due_at, j.contact_id LIMIT $3 - (SELECT count(*) FROM hand) FOR NO KEY UPDATE OF c SKIP LOCKED),
picked AS (SELECT * FROM hand UNION ALL SELECT * FROM bulk))" +
                                             with_sibling);

const PerCrmQuery pick_one = per_crm("pick_one", "WITH picked AS MATERIALIZED (" + lane_of_pick + R"(
        j.contact_id = $2 FOR NO KEY UPDATE OF c SKIP LOCKED))" +
                                                     with_sibling);

const PerCrmQuery pick_untried = per_crm("pick_untried", "WITH picked AS MATERIALIZED (" + lane_of_pick + R"(
        j.lane = 1 AND j.state = 'queued' AND j.due_at >= $3
     ORDER BY j.due_at, j.contact_id LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED))" +
                                                             with_sibling);

const PerCrmQuery claim = per_crm("claim", R"(
WITH d AS (
    UPDATE job j SET state = 'running', claimed_from = j.state, lease_token = $3, worker_id = $4
      FROM unnest($1, $2) AS r (contact_id, generation)
     WHERE j.contact_id = r.contact_id AND j.crm = '{crm}' AND j.generation = r.generation
       AND CASE WHEN j.lease_token IS NULL THEN j.state IN ('queued', 'retrying') END
    RETURNING j.contact_id, j.state, j.origin, j.claimed_from),
counted AS ()" + book("'{crm}'", {"d.claimed_from", "d.origin"}, {"d.state", "d.origin"}, "d") +
                                               R"()
UPDATE contacts c SET {crm}_sync_status = {sync(d)}, {crm}_processing_status = {processing(d)}
  FROM d WHERE c.id = d.contact_id
RETURNING c.id)");

const PerCrmQuery defer = per_crm("defer", R"(
WITH d AS (
    UPDATE job j SET due_at = r.due_at
      FROM unnest($1, $2) AS r (contact_id, due_at)
     WHERE j.contact_id = r.contact_id AND j.crm = '{crm}'
       AND CASE WHEN j.lease_token IS NULL THEN j.state IN ('queued', 'retrying') END
    RETURNING j.contact_id, j.due_at, j.state)
UPDATE contacts c SET next_retry_at = d.due_at
  FROM d WHERE c.id = d.contact_id AND d.state = 'retrying' AND c.last_failed_crm = '{crm}')");

const PerCrmQuery next_due = per_crm("next_due", R"(
SELECT (SELECT j.due_at FROM job j
         WHERE j.crm = '{crm}' AND j.lane = 0 AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL
           AND j.due_at >= $1 ORDER BY j.due_at LIMIT 1),
       (SELECT j.due_at FROM job j
         WHERE j.crm = '{crm}' AND j.lane = 1 AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL
           AND j.due_at >= $2 ORDER BY j.due_at LIMIT 1))");

const PerCrmQuery is_due = per_crm("is_due", R"(
SELECT 1 FROM job j
 WHERE j.contact_id = $1 AND j.crm = '{crm}' AND j.due_at <= $2
   AND CASE WHEN j.lease_token IS NULL THEN j.state IN ('queued', 'retrying') END)");

// ---- record --------------------------------------------------------------------------------------------------------

const Query lock_contacts{"lock_contacts",
                          "SELECT c.id FROM contacts c WHERE c.id = ANY($1) ORDER BY c.id FOR NO KEY UPDATE"};

const PerCrmQuery record = per_crm("record", R"(
WITH d AS (
    UPDATE job j SET
        state = CASE WHEN j.generation = r.generation THEN r.state ELSE j.state END,
        due_at = CASE WHEN j.generation = r.generation THEN r.due_at ELSE j.due_at END,
        retry_count = CASE WHEN j.generation = r.generation THEN r.retry_count ELSE j.retry_count END,
        error = CASE WHEN j.generation = r.generation THEN r.error ELSE j.error END,
        error_code = CASE WHEN j.generation = r.generation THEN r.error_code ELSE j.error_code END,
        warnings = CASE WHEN j.generation = r.generation AND r.state = 'completed' THEN coalesce(r.warnings, j.warnings)
                        ELSE j.warnings END,
        fingerprint = CASE WHEN j.generation = r.generation THEN coalesce(r.fingerprint, j.fingerprint)
                           ELSE j.fingerprint END,
        last_attempt_at = CASE WHEN j.generation = r.generation AND r.call_made THEN $1 ELSE j.last_attempt_at END,
        acknowledged_at = CASE WHEN j.generation = r.generation AND r.fingerprint IS NOT NULL
                               THEN coalesce(r.acknowledged_as_of,
                                             -- Asked once: an edit during the call has left a note.
                                             CASE WHEN (SELECT EXISTS (
                                                      SELECT 1 FROM contact_edit e WHERE e.crm = '{crm}'))
                                                  THEN CASE WHEN r.contact_version <> (
                                                      SELECT c.updated_at FROM contacts c WHERE c.id = j.contact_id)
                                                  THEN r.contact_version END END, $1)
                               ELSE j.acknowledged_at END,
        dismissed = j.dismissed AND NOT (j.generation = r.generation AND r.state = 'failed'),
        reading = CASE WHEN j.generation = r.generation THEN NULL ELSE j.reading END,
        changed = j.changed AND j.generation <> r.generation,
        remote_id = coalesce(r.remote_id, j.remote_id), second_id = coalesce(r.second_id, j.second_id),
        claimed_from = NULL, lease_token = NULL, worker_id = NULL
      FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                  $24, $25, $26)
               AS r (contact_id, lease_token, generation, state, due_at, retry_count, error, error_code, counted,
                     call_made, remote_id, second_id, fingerprint, warnings, at, worker_id, outcome, http_status,
                     code, message, duration_us, request_id, acknowledged_as_of, calls, contact_version)
     WHERE j.contact_id = r.contact_id AND j.crm = '{crm}' AND j.lease_token = r.lease_token
    RETURNING j.contact_id, j.generation = r.generation AS current, j.state, j.origin, j.due_at, j.retry_count,
              j.error, j.error_code, j.dismissed, j.reading, j.changed, j.remote_id, j.selected_at, r.counted, r.at,
              r.worker_id, r.outcome, r.http_status, r.code, r.message, r.duration_us, r.request_id, r.calls),
published AS (
    UPDATE contacts c SET
        {crm}_sync_status = CASE WHEN d.current THEN {sync(d)} ELSE c.{crm}_sync_status END,
        {crm}_processing_status = CASE WHEN d.current THEN {processing(d)} ELSE c.{crm}_processing_status END,
        {crm}_processing_error = CASE WHEN d.current THEN {error(d)} ELSE c.{crm}_processing_error END,
        {remote_id} = d.remote_id,
        (retry_count, last_retry_at, next_retry_at, last_failed_crm) = (
            SELECT d.retry_count, $1, CASE WHEN d.state = 'retrying' THEN d.due_at END, '{crm}'::varchar
             WHERE d.current AND d.counted
            UNION ALL)" + shared_columns("(d.current AND d.state = 'completed' AND c.last_failed_crm = '{crm}')") +
                                                 R"()
      FROM d WHERE c.id = d.contact_id),
counted AS ()" + book("'{crm}'", {"'running'", "d.origin"}, counted_job("d"), "d WHERE d.current") +
                                                 R"(),
acted AS ()" + note_activity("d", recorded_measures) +
                                                 R"(),
logged AS (
    INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, http_status, code, message, duration_us, request_id,
                         stale)
    SELECT d.contact_id, '{crm}', d.at, d.worker_id, d.outcome, d.http_status, d.code, d.message, d.duration_us,
           d.request_id, NOT d.current
      FROM d WHERE d.outcome IS NOT NULL)
SELECT d.contact_id, d.current FROM d)");

// ---- workers -------------------------------------------------------------------------------------------------------

const Query register_worker{"register_worker", R"(
INSERT INTO worker (id, host, pid, started_at, heartbeat_at) VALUES ($1, $2, $3, crmsync_now(), crmsync_now())
ON CONFLICT (id) DO UPDATE SET heartbeat_at = crmsync_now())"};
const Query heartbeat{"heartbeat", "UPDATE worker SET heartbeat_at = crmsync_now() WHERE id = $1 RETURNING 1"};
const Query forget_dead{"forget_dead",
                        R"(
WITH dead AS (
    DELETE FROM worker WHERE heartbeat_at < crmsync_now() - $1 * interval '1 microsecond' AND id <> $2 RETURNING id)
DELETE FROM remote_operation o
 WHERE o.remote_id IS NULL
   AND (o.worker_id IN (SELECT d.id FROM dead d) OR NOT EXISTS (SELECT 1 FROM worker w WHERE w.id = o.worker_id)))"};
const Query forget_worker{"forget_worker", "DELETE FROM worker WHERE id = $1"};

namespace {

/// Of a lease whose worker is not registered, and which no operation holds.
const std::string no_holder =
    "NOT EXISTS (SELECT 1 FROM worker w WHERE w.id = j.worker_id) AND "
    "NOT EXISTS (SELECT 1 FROM remote_operation o WHERE o.id = j.worker_id)";

}  // namespace

const Query lost_leases{"lost_leases", replaced(R"(
(SELECT j.contact_id, j.crm FROM job j
  WHERE j.crm IN ('brevo', 'hubspot', 'mautic', 'n8n') AND j.state = 'running'
    AND {no_holder} LIMIT $1)
UNION ALL
(SELECT j.contact_id, j.crm FROM job j
  WHERE j.lease_token IS NOT NULL AND j.state <> 'running'
    AND {no_holder} LIMIT $1))",
                                                "{no_holder}", no_holder)};
const Query held_leases{"held_leases", R"(
(SELECT j.contact_id, j.crm FROM job j
  WHERE j.crm IN ('brevo', 'hubspot', 'mautic', 'n8n') AND j.state = 'running' AND j.worker_id = $1 LIMIT $2)
UNION ALL
(SELECT j.contact_id, j.crm FROM job j
  WHERE j.lease_token IS NOT NULL AND j.state <> 'running' AND j.worker_id = $1 LIMIT $2))"};

const PerCrmQuery leased_by = per_crm("leased_by", R"(
SELECT j.contact_id FROM job j
 WHERE j.crm = '{crm}' AND j.state = 'running' AND j.worker_id = $1 AND j.lease_token = $2
UNION ALL
SELECT j.contact_id FROM job j
 WHERE j.crm = '{crm}' AND j.state <> 'running' AND j.worker_id = $1 AND j.lease_token = $2)");

const PerCrmQuery hand_back = per_crm("hand_back", R"(
WITH d AS (
    UPDATE job j SET state = CASE WHEN j.state = 'running' THEN j.claimed_from ELSE j.state END,
           error = CASE WHEN j.state = 'running' THEN $2 ELSE j.error END,
           error_code = CASE WHEN j.state = 'running' THEN NULL ELSE j.error_code END,
           claimed_from = NULL, lease_token = NULL, worker_id = NULL
     WHERE j.contact_id = ANY($1) AND j.crm = '{crm}' AND j.lease_token IS NOT NULL
       AND CASE WHEN $3 IS NULL THEN )" + no_holder + R"( ELSE j.worker_id = $3 END
       AND ($4 IS NULL OR j.lease_token = $4)
    -- What is looked up is as it was before.
    RETURNING j.contact_id, j.state, j.origin, j.error,
              (SELECT o.state FROM job o WHERE o.contact_id = j.contact_id AND o.crm = '{crm}') AS was),
counted AS ()" + book("'{crm}'", {"d.was", "d.origin"}, {"d.state", "d.origin"}, "d WHERE d.was = 'running'") +
                                                       R"(),
published AS (
    UPDATE contacts c SET {crm}_sync_status = {sync(d)}, {crm}_processing_status = {processing(d)},
           {crm}_processing_error = {error(d)}
      FROM d WHERE c.id = d.contact_id)
SELECT count(*) FROM d)");

const Query prune_history{"prune_history", R"(
DELETE FROM attempt WHERE id = ANY(ARRAY(
    SELECT a.id FROM (SELECT id, at FROM attempt ORDER BY id LIMIT $2) a WHERE a.at < $1)))"};

// ---- remote operations ---------------------------------------------------------------------------------------------

const PerCrmQuery count_untried = per_crm("count_untried", R"(
SELECT count(*) FROM (
    SELECT 1 FROM job j
     WHERE j.crm = '{crm}' AND j.lane = 1 AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL
       AND j.state = 'queued' AND j.due_at <= $1 LIMIT $2) d)");
const Query count_remote_operations{"count_remote_operations",
                                    "SELECT count(*), count(remote_id) FROM remote_operation WHERE crm = $1"};
const Query forget_planned{"forget_planned",
                           "DELETE FROM remote_operation WHERE crm = $1 AND worker_id = $2 AND remote_id IS NULL"};
const Query insert_remote_operation{
    "insert_remote_operation", "INSERT INTO remote_operation (id, crm, worker_id, begun_at) VALUES ($1, $2, $3, $4)"};
const Query add_to_remote_operation{"add_to_remote_operation", R"(
WITH planned AS MATERIALIZED (
    SELECT o.id FROM remote_operation o WHERE o.id = $1 AND o.remote_id IS NULL FOR KEY SHARE),
added AS (
    INSERT INTO operation_job (operation_id, contact_id, generation, email, fingerprint, warnings)
    SELECT o.id, r.contact_id, r.generation, r.email, r.fingerprint, r.warnings
      FROM planned o CROSS JOIN unnest($2, $3, $4, $5, $6) AS r (contact_id, generation, email, fingerprint, warnings)
      JOIN contacts c ON c.id = r.contact_id
    ON CONFLICT DO NOTHING)
SELECT 1 FROM planned)"};
const Query note_submitted{"note_submitted", R"(
UPDATE remote_operation SET remote_id = $2, look_at = crmsync_now() + $3 * interval '1 microsecond'
 WHERE id = $1 AND (remote_id IS NULL OR remote_id = $2))"};
const Query take_remote_operation{"take_remote_operation", R"(
UPDATE remote_operation SET looks = looks + 1, look_at = crmsync_now() + $2 * interval '1 microsecond'
 WHERE id = (SELECT o.id FROM remote_operation o WHERE o.crm = $1 AND o.look_at <= crmsync_now()
              ORDER BY o.look_at, o.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, remote_id, begun_at, looks)"};
const Query next_remote_operation{"next_remote_operation", R"(
SELECT (extract(epoch FROM min(o.look_at) - crmsync_now()) * 1000000)::bigint
  FROM remote_operation o WHERE o.crm = $1)"};
const Query postpone_remote_operation{"postpone_remote_operation", R"(
UPDATE remote_operation SET look_at = crmsync_now() + $2 * interval '1 microsecond'
 WHERE id = $1 AND remote_id IS NOT NULL)"};
const Query remote_operation_jobs{"remote_operation_jobs", R"(
SELECT o.contact_id, r.crm, o.generation, o.email, o.fingerprint, o.warnings,
       CASE WHEN j.worker_id = o.operation_id THEN j.lease_token ELSE 0 END, j.claimed_from, j.due_at, j.retry_count
  FROM operation_job o JOIN remote_operation r ON r.id = o.operation_id
  JOIN job j ON j.contact_id = o.contact_id AND j.crm = r.crm
 WHERE o.operation_id = $1 AND o.contact_id > $2 ORDER BY o.contact_id LIMIT $3)"};
const Query forget_remote_operation{"forget_remote_operation", "DELETE FROM remote_operation WHERE id = $1"};
const Query planned_by_worker{"planned_by_worker",
                              "SELECT id FROM remote_operation WHERE worker_id = $1 AND remote_id IS NULL"};

// ---- access tokens of connectors -----------------------------------------------------------------------------------

const Query token{"token", "SELECT version, text FROM connector_token WHERE crm = $1"};
const Query take_token_turn{"take_token_turn", R"(
UPDATE connector_token SET renewing_until = crmsync_now() + $3 * interval '1 microsecond'
 WHERE crm = $1 AND version = $2 AND (renewing_until IS NULL OR renewing_until <= crmsync_now()))"};
const Query keep_token{"keep_token", R"(
UPDATE connector_token SET version = version + 1, text = $3, renewing_until = NULL WHERE crm = $1 AND version = $2)"};
const Query give_up_token_turn{"give_up_token_turn", R"(
UPDATE connector_token SET renewing_until = NULL WHERE crm = $1 AND version = $2)"};

// ---- alerts --------------------------------------------------------------------------------------------------------

const Query take_alert_turn{"take_alert_turn", R"(
UPDATE alert SET holder = $1, held_until = crmsync_now() + $2 * interval '1 microsecond'
 WHERE holder IS NULL OR holder = $1 OR held_until <= crmsync_now() RETURNING text)"};
const Query keep_alerts{"keep_alerts", "UPDATE alert SET text = $2 WHERE holder = $1"};
const Query give_up_alert_turn{"give_up_alert_turn",
                               "UPDATE alert SET holder = NULL, held_until = NULL WHERE holder = $1"};
const Query alerts{"alerts", "SELECT text FROM alert"};

// ---- inbox ---------------------------------------------------------------------------------------------------------

const Query try_lock_inbox{"try_lock_inbox", "SELECT pg_try_advisory_xact_lock(hashtext('crmsync inbox'))"};
const Query oldest_writes{"oldest_writes", R"(
SELECT id, contact_id, crm, sync_status, processing_changed, processing_status
  FROM contact_write ORDER BY id LIMIT $1)"};
const Query delete_writes{"delete_writes", "DELETE FROM contact_write WHERE id = ANY($1)"};
const PerCrmQuery job_states = per_crm("job_states", R"(
SELECT c.id, j.state FROM contacts c LEFT JOIN job j ON j.contact_id = c.id AND j.crm = '{crm}'
 WHERE c.id = ANY($1))");
const PerCrmQuery republish = per_crm("republish", R"(
WITH d AS MATERIALIZED (
    SELECT p.contact_id, j.state, j.origin, j.error
      FROM unnest($1::uuid[]) AS p (contact_id)
      LEFT JOIN job j ON j.contact_id = p.contact_id AND j.crm = '{crm}')
UPDATE contacts c SET {crm}_sync_status = {sync(d)}, {crm}_processing_status = {processing(d)},
       {crm}_processing_error = {error(d)}
  FROM d
 WHERE c.id = d.contact_id
   AND (c.{crm}_sync_status, c.{crm}_processing_status, c.{crm}_processing_error)
       IS DISTINCT FROM ({sync(d)}, {processing(d)}, {error(d)})
RETURNING c.id)");

const Query restore_failures{"restore_failures", R"(
WITH d AS MATERIALIZED (
    SELECT p.contact_id, coalesce(o.retry_count, 0) AS retry_count, o.last_attempt_at,
           CASE WHEN o.state <> 'failed' THEN o.due_at END AS next_retry_at, o.crm
      FROM unnest($1::uuid[]) AS p (contact_id)
      LEFT JOIN LATERAL (
           SELECT * FROM job k
            WHERE k.contact_id = p.contact_id
              AND CASE WHEN k.contact_id = p.contact_id THEN
                       k.state IN ('retrying', 'failed') OR
                       (k.state = 'running' AND k.claimed_from = 'retrying') END
            ORDER BY k.last_attempt_at DESC NULLS LAST LIMIT 1) o ON true)
UPDATE contacts c SET retry_count = d.retry_count, last_retry_at = coalesce(d.last_attempt_at, c.last_retry_at),
       next_retry_at = d.next_retry_at, last_failed_crm = d.crm
  FROM d
 WHERE c.id = d.contact_id
   AND (c.retry_count, c.next_retry_at, c.last_failed_crm) IS DISTINCT FROM (d.retry_count, d.next_retry_at, d.crm))"};

// ---- edits of contacts ---------------------------------------------------------------------------------------------

const Query any_edit{"any_edit", "SELECT 1 FROM contact_edit WHERE crm = $1 ORDER BY id LIMIT 1"};
const PerCrmQuery edits = per_crm("edits", R"(
SELECT e.id, e.contact_id, j.state, j.generation, j.options, j.fingerprint, c.email, c.name, c.phone_number,
       c.email_type, c.has_gmail, c.context, c.source_url, c.domain_id, c.page_id, c.source_job_id
  FROM contact_edit e
  LEFT JOIN job j ON j.contact_id = e.contact_id AND j.crm = '{crm}'
  LEFT JOIN contacts c ON c.id = e.contact_id
 WHERE e.crm = '{crm}' AND j.lease_token IS NULL ORDER BY e.id LIMIT $1)");
const PerCrmQuery settle_edits =
    per_crm("settle_edits",
            R"(
WITH d AS (
    UPDATE job j SET changed = r.changed,
           state = CASE WHEN r.resync THEN 'queued' ELSE j.state END,
           origin = CASE WHEN r.resync THEN 'request' ELSE j.origin END,
           lane = CASE WHEN r.resync THEN 1 ELSE j.lane END,
           due_at = CASE WHEN r.resync THEN $1 END,
           selected_at = CASE WHEN r.resync THEN $1 ELSE j.selected_at END,
           options = CASE WHEN r.resync THEN r.options ELSE j.options END,
           retry_count = 0, generation = j.generation + CASE WHEN r.resync THEN 1 ELSE 0 END
      FROM unnest($2, $3, $4, $5, $6) AS r (contact_id, generation, changed, resync, options)
     WHERE j.contact_id = r.contact_id AND j.crm = '{crm}' AND j.generation = r.generation
       AND CASE WHEN j.lease_token IS NULL THEN j.state = 'completed' END
    -- What is looked up is as it was before.
    RETURNING j.contact_id, j.state, j.origin, j.error, j.error_code, j.dismissed, j.reading, j.changed,
              (SELECT o.changed FROM job o WHERE o.contact_id = j.contact_id AND o.crm = '{crm}') AS was_changed,
              (SELECT o.origin FROM job o WHERE o.contact_id = j.contact_id AND o.crm = '{crm}') AS was_origin),
counted AS ()" +
                book("'{crm}'", {"'completed'", "d.was_origin", "coalesce(d.reading, '')", "false", "d.was_changed"},
                     counted_job("d"), "d") +
                R"(),
published AS (
    UPDATE contacts c SET {crm}_sync_status = {sync(d)}, {crm}_processing_status = {processing(d)}
      FROM d WHERE c.id = d.contact_id AND d.state = 'queued')
SELECT count(*) FILTER (WHERE d.state = 'queued') FROM d)");
const Query forget_edits{"forget_edits", "DELETE FROM contact_edit WHERE crm = $1 AND id = ANY($2)"};

// ---- decisions of people -------------------------------------------------------------------------------------------

namespace {

const std::string pairs = R"(
WITH pair AS MATERIALIZED (
    SELECT p.id,
           CASE WHEN $2 IS NULL OR (j.state = 'failed' AND coalesce(j.error_code, '') = $2)
                THEN coalesce(j.state, 'idle') ELSE 'unmatched' END AS state,
           coalesce(j.origin, '') AS origin, j.error_code, coalesce(j.dismissed, false) AS dismissed, j.reading,
           coalesce(j.changed, false) AS changed
      FROM unnest($1) AS p (id) JOIN contacts c ON c.id = p.id
      LEFT JOIN job j ON j.contact_id = p.id AND j.crm = '{crm}'))";

}  // namespace

const PerCrmQuery act = per_crm("act", pairs + R"(,
d AS (
    INSERT INTO job AS j (contact_id, crm, state, origin, lane, due_at, selected_at, options, error)
    SELECT pair.id, '{crm}', $4, $5, $6, $7, $7, $8, $9 FROM pair WHERE pair.state = ANY($3)
    ON CONFLICT (contact_id, crm) DO UPDATE SET
        state = excluded.state, origin = excluded.origin, lane = excluded.lane, due_at = excluded.due_at,
        selected_at = excluded.selected_at,
        options = excluded.options, error = excluded.error, error_code = NULL, retry_count = 0, dismissed = false,
        generation = j.generation + 1
    RETURNING j.contact_id, j.state, j.origin, j.error),
counted AS ()" + book("'{crm}'", counted_job("pair"), {"$4", "$5"}, "pair WHERE pair.state = ANY($3)") +
                                           R"(),
published AS (
    UPDATE contacts c SET
        {crm}_sync_status = {sync(d)}, {crm}_processing_status = {processing(d)}, {crm}_processing_error = {error(d)},
        (retry_count, last_retry_at, next_retry_at, last_failed_crm) = ()" +
                                           shared_columns("(c.last_failed_crm = '{crm}')") + R"()
      FROM d WHERE c.id = d.contact_id)
SELECT pair.state, count(*) FROM pair GROUP BY pair.state)");

const PerCrmQuery preview_act =
    per_crm("preview_act", pairs + "SELECT pair.state, count(*) FROM pair GROUP BY pair.state");

const Query set_curation_status{"set_curation_status", R"(
UPDATE contacts c SET contact_curation_status = $2::contact_curation_status,
       contact_processing_status = CASE WHEN $2 = 'Queued' THEN 'Queued' ELSE c.contact_processing_status END,
       contact_processing_error = CASE WHEN $2 = 'Queued' THEN NULL ELSE c.contact_processing_error END
 WHERE c.id = ANY($1))"};

const Query dismiss{"dismiss", R"(
WITH held AS MATERIALIZED (
    SELECT j.contact_id, j.crm FROM job j JOIN contacts c ON c.id = j.contact_id
     WHERE j.crm = ANY($2) AND j.state = 'failed' AND ($3 IS NULL OR coalesce(j.error_code, '') = $3)
       AND j.dismissed <> $1 AND ($5 OR j.contact_id = ANY($4))
     ORDER BY c.id FOR NO KEY UPDATE OF c),
d AS (
    UPDATE job j SET dismissed = $1 FROM held
     WHERE j.contact_id = held.contact_id AND j.crm = held.crm
       AND CASE WHEN j.dismissed <> $1 THEN j.state = 'failed' END
    RETURNING j.crm, j.origin, coalesce(j.error_code, '') AS cause),
counted AS ()" +
                                   book("d.crm", {"'failed'", "d.origin", "d.cause", "NOT $1"},
                                        {"'failed'", "d.origin", "d.cause", "$1"}, "d") +
                                   R"()
SELECT count(*) FROM d)"};

const Query audit{"audit",
                  "INSERT INTO audit (at, actor, action, detail, count) VALUES ($1, $2, $3, $4, $5) RETURNING id"};
const Query raise_audit_count{"raise_audit_count", "UPDATE audit SET count = count + $2 WHERE id = $1"};
const Query audit_log{"audit_log",
                      "SELECT at, actor, action, detail, count FROM audit ORDER BY id DESC LIMIT $1 OFFSET $2"};

// ---- operations ----------------------------------------------------------------------------------------------------

const std::string operation_columns =
    "o.id, o.work, o.actor, o.state, o.state = 'running' AND o.lease_until > crmsync_now(), o.total, "
    "o.total_is_estimate, o.done, o.outcome, o.error, o.started_at, o.finished_at";

const Query begin_operation{"begin_operation", R"(
WITH noted AS (
    INSERT INTO audit (at, actor, action, detail)
    SELECT $8, $3, $9, $10 WHERE $9 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM operation WHERE id = $1)
    RETURNING id)
INSERT INTO operation (id, work, actor, total, total_is_estimate, owner, lease_until, started_at, audit_id)
SELECT $1, $2, $3, $4, $5, $6, crmsync_now() + $7 * interval '1 microsecond', $8, (SELECT id FROM noted)
ON CONFLICT (id) DO NOTHING)"};
const Query operation{"operation", "SELECT " + operation_columns + " FROM operation o WHERE o.id = $1"};
const Query lock_operation{"lock_operation", "SELECT " + operation_columns +
                                                 ", o.cursor_id, o.audit_id, o.owner = $2 FROM operation o "
                                                 "WHERE o.id = $1 FOR UPDATE"};
const Query save_chunk{"save_chunk", R"(
UPDATE operation o SET done = $2, outcome = $3, cursor_id = $4, state = $5,
       lease_until = crmsync_now() + $6 * interval '1 microsecond', finished_at = $7
 WHERE o.id = $1 RETURNING )" + operation_columns};
const Query note_operation{"note_operation", R"(
UPDATE operation o SET
       total = coalesce($4, o.total),
       total_is_estimate = CASE WHEN $4 IS NULL THEN o.total_is_estimate ELSE $5 END,
       done = coalesce($6, o.done), outcome = coalesce($7, o.outcome),
       error = CASE WHEN o.state = 'running' THEN $8 ELSE o.error END,
       finished_at = CASE WHEN o.state = 'running' AND $3 <> 'running' THEN $9 ELSE o.finished_at END,
       state = CASE WHEN o.state = 'running' THEN $3 ELSE o.state END,
       lease_until = crmsync_now() + $10 * interval '1 microsecond'
 WHERE o.id = $1 AND o.owner = $2 RETURNING )" + operation_columns};
const Query cancel_operation{"cancel_operation", R"(
WITH ended AS (
    UPDATE operation o SET state = 'cancelled', finished_at = $2 WHERE o.id = $1 AND o.state = 'running'
    RETURNING o.id, o.done)
INSERT INTO audit (at, actor, action, detail, count)
SELECT $2, $3, 'cancel', json_build_object('operation', e.id)::text, e.done FROM ended e)"};
const Query take_operation{"take_operation", R"(
UPDATE operation o SET owner = $1, lease_until = crmsync_now() + $2 * interval '1 microsecond'
 WHERE o.id = (SELECT i.id FROM operation i WHERE i.state = 'running' AND i.lease_until <= crmsync_now()
                ORDER BY i.lease_until LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING )" + operation_columns};
const Query operations{"operations", "SELECT " + operation_columns + R"( FROM operation o
 WHERE ($1 IS NULL OR o.state = $1) AND ($2 IS NULL OR o.id < $2) ORDER BY o.id DESC LIMIT $3)"};
const Query prune_operations{"prune_operations", R"(
DELETE FROM operation WHERE id = ANY(ARRAY(
    SELECT o.id FROM operation o WHERE o.state <> 'running' AND o.finished_at < $1 ORDER BY o.finished_at LIMIT $2)))"};

// ---- keys of the API -----------------------------------------------------------------------------------------------

#define API_KEY_COLUMNS "id, name, role, created_at, created_by, expires_at, revoked_at, last_used_at"

const Query create_api_key{"create_api_key",
                           "INSERT INTO api_key (id, hash, name, role, created_at, created_by, expires_at) "
                           "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
const Query api_key{"api_key", "SELECT " API_KEY_COLUMNS " FROM api_key WHERE id = $1"};
const Query api_keys{"api_keys", "SELECT " API_KEY_COLUMNS " FROM api_key ORDER BY id DESC LIMIT $1"};
const Query find_api_key{"find_api_key", "SELECT " API_KEY_COLUMNS " FROM api_key WHERE hash = $1"};
const Query revoke_api_key{"revoke_api_key", "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL"};
const Query note_api_key_use{"note_api_key_use", "UPDATE api_key SET last_used_at = $2 WHERE id = $1"};

#undef API_KEY_COLUMNS

// ---- addresses to which nothing goes any more ----------------------------------------------------------------------

const Query suppression_key{"suppression_key", "SELECT key FROM suppression_key"};
const Query suppression_key_in_use{"suppression_key_in_use",
                                   "SELECT k.key FROM suppression_key k WHERE EXISTS (SELECT 1 FROM suppression)"};
const Query suppressed_among{"suppressed_among", "SELECT s.hash FROM suppression s WHERE s.hash = ANY($1)"};
const Query suppressions{"suppressions", R"(
SELECT s.hash, s.at, s.actor, s.reason FROM suppression s ORDER BY s.at DESC, s.hash LIMIT $1 OFFSET $2)"};
const Query suppress{"suppress", R"(
INSERT INTO suppression (hash, at, actor, reason)
SELECT DISTINCT h.hash, $2, $3, $4 FROM unnest($1) AS h (hash) ORDER BY h.hash ON CONFLICT DO NOTHING)"};
const Query unsuppress{"unsuppress", "DELETE FROM suppression s WHERE s.hash = ANY($1)"};
const Query forget_named{"forget_named", "SELECT c.id, c.email FROM contacts c WHERE c.id = ANY($1)"};
const Query forget_addressed{"forget_addressed", R"(
SELECT c.id, c.email FROM contacts c WHERE lower(btrim(c.email) COLLATE "C") = ANY($1))"};
const Query forget_remotes{"forget_remotes", R"(
SELECT j.contact_id, j.crm, j.remote_id, j.second_id, j.lease_token IS NOT NULL
  FROM job j WHERE j.contact_id = ANY($1) AND (j.remote_id IS NOT NULL OR j.lease_token IS NOT NULL)
 ORDER BY j.contact_id, j.crm)"};
const Query forget_contacts{"forget_contacts", "DELETE FROM contacts c WHERE c.id = ANY($1)"};
// The filter of an operation may name somebody.
const Query forget_operations{"forget_operations", R"(
DELETE FROM operation o
 WHERE o.state <> 'running'
   AND EXISTS (SELECT 1 FROM unnest($1) AS a (address)
                WHERE a.address <> '' AND position(a.address IN lower(o.work)) > 0))"};

// ---- contacts ------------------------------------------------------------------------------------------------------

const Query create_contact{"create_contact", R"(
INSERT INTO contacts AS c (id, created_at, updated_at, email, name, phone_number, email_type, has_gmail, context,
                           source_url, domain_id, page_id, source_job_id, contact_curation_status,
                           contact_processing_status)
VALUES ($1, $2, $2, $3, $4, $5, $6::contact_email_type_enum, $7, $8, $9, $10, $11, $12,
        $13::contact_curation_status, CASE WHEN $13 = 'Queued' THEN 'Queued'::contact_processing_status END)
RETURNING )" + contact_columns};

const Query delete_contact{"delete_contact", "DELETE FROM contacts c WHERE c.id = $1 RETURNING 1"};
const Query contacts_exist{"contacts_exist", "SELECT c.id FROM contacts c WHERE c.id = ANY($1) ORDER BY c.id"};
const Query find_by_address{"find_by_address", R"(
SELECT a.number, x.id FROM unnest($1, $2) AS a (number, address)
 CROSS JOIN LATERAL (SELECT c.id FROM (SELECT o.id, o.updated_at FROM contacts o
                       WHERE lower(btrim(o.email) COLLATE "C") = a.address OFFSET 0) c
                      ORDER BY c.updated_at DESC, c.id DESC LIMIT 1) x)"};
const Query contacts_by_id{"contacts_by_id", "SELECT " + contact_columns + " FROM contacts c WHERE c.id = ANY($1)"};

// Two imports at once would both find an address missing, and add it twice.
const Query lock_import{"lock_import", "SELECT pg_advisory_xact_lock(hashtext('crmsync import'))"};

const Query import_contacts{"import_contacts", R"(
WITH found AS MATERIALIZED (
    SELECT r.*, c.id AS contact_id, c.fields
      FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
               AS r (new_id, address, email, name, phone_number, email_type, has_gmail, context, source_url, domain_id,
                     page_id, source_job_id)
      LEFT JOIN LATERAL (
           SELECT o.id, (o.name, o.phone_number, o.email_type::text, o.has_gmail, o.context, o.source_url, o.domain_id,
                         o.page_id, o.source_job_id) IS NOT DISTINCT FROM
                        (coalesce(r.name, o.name), coalesce(r.phone_number, o.phone_number),
                         coalesce(r.email_type, o.email_type::text), coalesce(r.has_gmail, o.has_gmail),
                         coalesce(r.context, o.context), coalesce(r.source_url, o.source_url),
                         coalesce(r.domain_id, o.domain_id), coalesce(r.page_id, o.page_id),
                         coalesce(r.source_job_id, o.source_job_id)) AS fields
             -- OFFSET keeps the planner from walking all contacts in the order asked for.
             FROM (SELECT * FROM contacts a
                    WHERE lower(btrim(a.email) COLLATE "C") = r.address COLLATE "C" OFFSET 0) o
            ORDER BY o.created_at, o.id LIMIT 1) c ON true),
created AS (
    INSERT INTO contacts (id, created_at, updated_at, email, name, phone_number, email_type, has_gmail, context,
                          source_url, domain_id, page_id, source_job_id)
    SELECT f.new_id, $1, $1, f.email, f.name, f.phone_number, f.email_type::contact_email_type_enum, f.has_gmail,
           f.context, f.source_url, f.domain_id, f.page_id, f.source_job_id
      FROM found f WHERE f.contact_id IS NULL),
updated AS (
    UPDATE contacts c SET updated_at = $1, name = coalesce(f.name, c.name),
           phone_number = coalesce(f.phone_number, c.phone_number),
           email_type = coalesce(f.email_type::contact_email_type_enum, c.email_type),
           has_gmail = coalesce(f.has_gmail, c.has_gmail), context = coalesce(f.context, c.context),
           source_url = coalesce(f.source_url, c.source_url), domain_id = coalesce(f.domain_id, c.domain_id),
           page_id = coalesce(f.page_id, c.page_id), source_job_id = coalesce(f.source_job_id, c.source_job_id)
      FROM found f WHERE f.contact_id = c.id AND f.fields IS NOT TRUE)
SELECT count(*) FILTER (WHERE f.contact_id IS NULL), count(*) FILTER (WHERE f.contact_id IS NOT NULL AND
                                                                            f.fields IS NOT TRUE)
  FROM found f)"};

const Query required_columns{"required_columns", R"(
SELECT a.attname::text FROM pg_attribute a
 WHERE a.attrelid = 'contacts'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
   AND NOT a.atthasdef AND a.attidentity = '' AND a.attname NOT IN ('id', 'created_at', 'updated_at', 'email')
 ORDER BY a.attnum)"};

std::string sort_key(ContactSort::By by)
{
    switch (by) {
        case ContactSort::By::created_at:
            return "c.created_at";
        case ContactSort::By::updated_at:
            return "c.updated_at";
        case ContactSort::By::email:
            return "lower(btrim(c.email) COLLATE \"C\")";
        case ContactSort::By::name:
            return "coalesce(c.name, '') COLLATE \"C\"";
    }
    __builtin_unreachable();
}

namespace {

/// A pattern that finds the text anywhere, as itself.
std::string like_pattern(std::string_view text)
{
    std::string pattern = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern += '%';
}

class Conditions {
public:
    explicit Conditions(Params& params) : params_(params) {}

    /// `{}` in `sql` becomes the parameter.
    template <class T>
    void add(std::string_view sql, const T& value)
    {
        params_.add(value);
        add_text(replaced(std::string(sql), "{}", "$" + std::to_string(params_.size())));
    }
    /// Status filters go through the job table's index, for `contacts` has none on a status.
    void through_job(Crm crm, const std::vector<std::string_view>& states)
    {
        add(fmt::format("c.id IN (SELECT j.contact_id FROM job j WHERE j.crm = '{}' AND j.state <> 'idle' "
                        "AND j.state = ANY({{}}))",
                        to_string(crm)),
            states);
    }
    void changed(Crm crm, bool changed)
    {
        if (changed)
            add_text(
                fmt::format("c.id IN (SELECT k.contact_id FROM job k WHERE k.crm = '{}' "
                            "AND k.state = 'completed' AND k.changed)",
                            to_string(crm)));
        else
            add_text(
                fmt::format("NOT EXISTS (SELECT 1 FROM job k WHERE k.contact_id = c.id AND k.crm = '{}' "
                            "AND CASE WHEN k.changed THEN k.state = 'completed' END)",
                            to_string(crm)));
    }
    std::string text() const { return text_; }

private:
    void add_text(const std::string& sql) { text_ += (text_.empty() ? " WHERE " : " AND ") + sql; }

    Params& params_;
    std::string text_;
};

}  // namespace

std::string where(const ContactFilter& filter, Params& params)
{
    Conditions conditions(params);
    if (filter.curation_status)
        conditions.add("c.contact_curation_status = {}::contact_curation_status", to_string(*filter.curation_status));
    if (filter.processing_status)
        conditions.add("c.contact_processing_status = {}::contact_processing_status",
                       to_string(*filter.processing_status));
    for (const Crm crm : all_crms) {
        if (const auto changed = filter.changed_since_sync[crm]) conditions.changed(crm, *changed);
        if (const auto status = filter.sync_status[crm]) {
            conditions.add(fmt::format("c.{}_sync_status = {{}}::{}", to_string(crm), sync_type(crm)),
                           to_string(*status));
            if (*status != SyncStatus::new_) conditions.through_job(crm, states_shown_as(*status));
        }
        if (const auto status = filter.crm_processing_status[crm]) {
            conditions.add(fmt::format("c.{}_processing_status = {{}}::{}", to_string(crm), processing_type(crm)),
                           to_string(*status));
            conditions.through_job(crm, states_shown_as(*status));
        }
    }
    if (filter.email_type) conditions.add("c.email_type = {}::contact_email_type_enum", to_string(*filter.email_type));
    if (filter.domain_id) conditions.add("c.domain_id = {}", *filter.domain_id);
    if (filter.page_id) conditions.add("c.page_id = {}", *filter.page_id);
    if (filter.search) conditions.add("(c.email ILIKE {} OR c.name ILIKE {})", like_pattern(*filter.search));
    if (filter.email_contains) conditions.add("c.email ILIKE {}", like_pattern(*filter.email_contains));
    if (filter.name_contains) conditions.add("c.name ILIKE {}", like_pattern(*filter.name_contains));
    if (filter.has_gmail) conditions.add("c.has_gmail = {}", *filter.has_gmail);
    return conditions.text();
}

std::string and_to_retry(const std::vector<Crm>& crms, const std::optional<std::string>& error_code, Params& params)
{
    std::vector<std::string_view> names;
    for (const Crm crm : crms) names.push_back(to_string(crm));
    const std::string_view word = params.size() == 0 ? " WHERE " : " AND ";
    params.add(names);
    params.add(error_code);
    return fmt::format(
        "{}c.id IN (SELECT j.contact_id FROM job j WHERE j.crm = ANY(${}) AND (j.state = 'failed' AND "
        "(${} IS NULL OR coalesce(j.error_code, '') = ${}) OR j.state = 'retrying' AND ${} IS NULL))",
        word, params.size() - 1, params.size(), params.size(), params.size());
}

// ---- adoption ------------------------------------------------------------------------------------------------------

namespace {

/// The job state an old pair of statuses becomes; null: none.
const std::string adopted_state = R"(
    CASE WHEN c.{crm}_sync_status::text = 'Processing' OR c.{crm}_processing_status::text = 'Processing' THEN 'queued'
         WHEN c.{crm}_sync_status::text = 'Selected' THEN 'queued'
         WHEN c.{crm}_sync_status::text = 'Queued' AND c.{crm}_processing_status::text = 'Error' THEN 'retrying'
         WHEN c.{crm}_sync_status::text = 'Queued' THEN 'queued'
         WHEN c.{crm}_sync_status::text = 'Complete' THEN 'completed'
         WHEN c.{crm}_sync_status::text = 'Error' THEN 'failed'
         WHEN c.{crm}_sync_status::text = 'Skipped' THEN 'skipped' END)";

}  // namespace

// A contact without status that the CRM knows keeps its remote id in an idle job. Of a complete one the former system
// says that the CRM has it as it is; an edit from now on shows.
const PerCrmQuery adopt_jobs = per_crm("adopt_jobs", R"(
INSERT INTO job (contact_id, crm, state, origin, lane, due_at, retry_count, remote_id, error, last_attempt_at,
                 acknowledged_at)
SELECT o.id, '{crm}', o.state, o.origin, 1,
       CASE o.state WHEN 'queued' THEN now()
                    WHEN 'retrying' THEN coalesce(CASE WHEN o.own THEN o.next_retry_at END, now()) END,
       CASE WHEN o.own AND o.state IN ('retrying', 'failed') THEN greatest(o.retry_count, 0) ELSE 0 END,
       o.remote_id, CASE WHEN o.state NOT IN ('idle', 'completed') THEN o.error END,
       CASE WHEN o.own AND o.state IN ('retrying', 'failed') THEN o.last_retry_at END,
       CASE WHEN o.state = 'completed' THEN o.updated_at END
  FROM (SELECT c.id, coalesce()" + adopted_state + R"(, 'idle') AS state,
               CASE WHEN c.{crm}_sync_status::text = 'Selected' THEN 'selection' ELSE 'request' END AS origin,
               c.last_failed_crm IS NOT DISTINCT FROM '{crm}' AS own, c.next_retry_at, c.last_retry_at, c.retry_count,
               c.updated_at, c.{remote_id} AS remote_id, c.{crm}_processing_error AS error
          FROM contacts c WHERE c.id = ANY($1::uuid[])) o
 WHERE o.state <> 'idle' OR o.remote_id IS NOT NULL
ON CONFLICT (contact_id, crm) DO NOTHING)");
const PerCrmQuery count_adopted = per_crm("count_adopted", R"(
SELECT count(*) FROM contacts c
 WHERE CASE )" + adopted_state + R"(
            WHEN 'queued' THEN true
            WHEN 'retrying' THEN c.last_failed_crm IS DISTINCT FROM '{crm}' OR coalesce(c.next_retry_at, now()) <= now()
            ELSE false END)");

// ---- status --------------------------------------------------------------------------------------------------------

const Query connector_states{"connector_states", "SELECT crm, state FROM connector"};
// Only what is due later is counted; that is seldom much.
const PerCrmQuery queue = per_crm("queue", R"(
SELECT coalesce(sum(t.change) FILTER (WHERE t.state IN ('queued', 'retrying')), 0)::bigint,
       coalesce(sum(t.change) FILTER (WHERE t.state = 'running'), 0)::bigint,
       (SELECT count(*) FROM job j
         WHERE j.crm = '{crm}' AND j.lane IN (0, 1) AND j.due_at > $1 AND j.state IN ('queued', 'retrying')
           AND j.lease_token IS NULL),
       least((SELECT j.due_at FROM job j
               WHERE j.crm = '{crm}' AND j.lane = 0 AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL
               ORDER BY j.due_at LIMIT 1),
             (SELECT j.due_at FROM job j
               WHERE j.crm = '{crm}' AND j.lane = 1 AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL
               ORDER BY j.due_at LIMIT 1))
  FROM tally t WHERE t.crm = '{crm}')");
const Query counts{"counts", R"(
SELECT t.crm, t.state, t.origin, sum(t.change)::bigint, coalesce(sum(t.change) FILTER (WHERE t.changed), 0)::bigint
  FROM tally t GROUP BY t.crm, t.state, t.origin ORDER BY t.crm)"};
const Query jobs_of{"jobs_of", "SELECT " + job_columns + " FROM job j WHERE j.contact_id = $1"};
const Query history_of{"history_of", R"(
SELECT a.crm, a.at, a.worker_id, a.outcome, a.http_status, a.code, a.message, a.duration_us, a.request_id, a.stale
  FROM attempt a WHERE a.contact_id = $1 ORDER BY a.id DESC LIMIT $2)"};
const Query failures{"failures", "SELECT " + job_columns + R"(, c.email, c.name
  FROM job j JOIN contacts c ON c.id = j.contact_id
 WHERE j.crm = ANY($1) AND j.state = 'failed' AND ($2 IS NULL OR coalesce(j.error_code, '') = $2)
   AND ($3 OR NOT j.dismissed)
 ORDER BY j.last_attempt_at DESC NULLS LAST, j.contact_id, j.crm LIMIT $4 OFFSET $5)"};
const Query failure_causes{"failure_causes", R"(
SELECT t.crm, t.detail, x.contact_id, coalesce(x.error, ''), t.jobs
  FROM (SELECT k.crm, k.detail, sum(k.change)::bigint AS jobs FROM tally k
         WHERE k.crm = ANY($1) AND k.state = 'failed' AND ($2 OR NOT k.dismissed)
         GROUP BY k.crm, k.detail HAVING sum(k.change) > 0 ORDER BY 3 DESC, 1, 2 LIMIT $3) t
 CROSS JOIN LATERAL (
       SELECT j.contact_id, j.error FROM job j
        WHERE j.crm = t.crm AND coalesce(j.error_code, '') = t.detail AND j.state = 'failed' AND ($2 OR NOT j.dismissed)
        LIMIT 1) x
 ORDER BY t.jobs DESC, t.crm, t.detail)"};
const Query try_lock_tally{"try_lock_tally", "SELECT pg_try_advisory_xact_lock(hashtext('crmsync tally'))"};
// A reader sees the rows before or after, and their sums are equal.
const Query fold_tally{"fold_tally", R"(
WITH folded AS (DELETE FROM tally t WHERE (SELECT count(*) FROM tally) > $1 RETURNING t.*)
INSERT INTO tally (crm, state, origin, detail, dismissed, changed, change)
SELECT f.crm, f.state, f.origin, f.detail, f.dismissed, f.changed, sum(f.change) FROM folded f
 GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(f.change) <> 0)"};
// One snapshot sees every job together with the change that was booked for it.
const Query reconcile_tally{"reconcile_tally", R"(
INSERT INTO tally (crm, state, origin, detail, dismissed, changed, change)
SELECT x.crm, x.state, x.origin, x.detail, x.dismissed, x.changed, sum(x.jobs)
  FROM (SELECT j.crm, j.state, j.origin,
               CASE j.state WHEN 'failed' THEN coalesce(j.error_code, '')
                            WHEN 'completed' THEN coalesce(j.reading, '') ELSE '' END AS detail,
               j.state = 'failed' AND j.dismissed AS dismissed, j.state = 'completed' AND j.changed AS changed,
               count(*) AS jobs
          FROM job j WHERE j.state <> 'idle' GROUP BY 1, 2, 3, 4, 5, 6
        UNION ALL SELECT '', '', '', '', false, false, count(*) FROM contacts
        UNION ALL SELECT t.crm, t.state, t.origin, t.detail, t.dismissed, t.changed, -t.change FROM tally t) x
 GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(x.jobs) <> 0)"};
// A reader sees the rows before or after, and their sums are equal.
const Query fold_activity{"fold_activity", R"(
WITH folded AS (DELETE FROM activity_change c WHERE (SELECT count(*) FROM activity_change) > $1 RETURNING c.*)
INSERT INTO activity AS a (minute, crm, measure, step, count)
SELECT f.minute, f.crm, f.measure, f.step, sum(f.count) FROM folded f GROUP BY 1, 2, 3, 4
ON CONFLICT (minute, crm, measure, step) DO UPDATE SET count = a.count + excluded.count)"};
const Query activity{"activity", R"(
SELECT a.crm, CASE WHEN a.measure = 'latency' THEN 0 ELSE (a.minute - $1) / $3 END, a.measure, a.step,
       sum(a.count)::bigint
  FROM (SELECT s.* FROM activity s WHERE s.minute >= $1 AND s.minute < $2
        UNION ALL SELECT c.* FROM activity_change c WHERE c.minute >= $1 AND c.minute < $2) a
 GROUP BY 1, 2, 3, 4)"};
const Query prune_activity{"prune_activity", R"(
WITH changes AS (DELETE FROM activity_change c WHERE c.minute < $1 RETURNING 1),
old AS (DELETE FROM activity a WHERE a.minute < $1 RETURNING 1),
minutes AS (
    DELETE FROM activity a WHERE a.minute >= $1 AND a.minute < $2 AND a.minute % 60 <> 0 RETURNING a.*),
hours AS (
    INSERT INTO activity AS a (minute, crm, measure, step, count)
    SELECT m.minute - m.minute % 60, m.crm, m.measure, m.step, sum(m.count) FROM minutes m GROUP BY 1, 2, 3, 4
    ON CONFLICT (minute, crm, measure, step) DO UPDATE SET count = a.count + excluded.count)
SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM changes))"};
const Query database_clock{"database_clock", "SELECT clock_timestamp()"};
const Query schema_version{"schema_version", "SELECT coalesce(max(version), 0) FROM schema_migration"};
const Query news{"news", R"(
SELECT concat_ws(' ', (SELECT max(id) FROM audit), (SELECT max(id) FROM contact_write),
                 (SELECT string_agg(n.news, ' ') FROM (
                         SELECT (SELECT max(e.id) FROM contact_edit e WHERE e.crm = c.crm) AS news FROM connector c
                          ORDER BY c.crm) n),
                 (SELECT string_agg(state, ' ' ORDER BY crm) FROM connector)))"};

// ---- verification and late failures --------------------------------------------------------------------------------

const PerCrmQuery synced_contacts = per_crm("synced_contacts", R"(
SELECT j.contact_id, j.generation, j.remote_id, j.second_id, j.options, j.warnings, j.acknowledged_at, c.updated_at,
       c.email, c.name, c.phone_number, c.email_type, c.has_gmail, c.context, c.source_url, c.domain_id, c.page_id,
       c.source_job_id, coalesce(v.opted_out, false)
  FROM job j JOIN contacts c ON c.id = j.contact_id
  LEFT JOIN verification v ON v.contact_id = j.contact_id AND v.crm = '{crm}'
 WHERE j.contact_id > $1 AND j.crm = '{crm}'
   AND CASE WHEN j.acknowledged_at IS NOT NULL THEN j.state = 'completed' END
   AND ($2 >= 1000000 OR random() * 1000000 < $2)
   AND NOT EXISTS (
       SELECT 1 FROM contacts o
        CROSS JOIN LATERAL (SELECT * FROM job i WHERE i.contact_id = o.id AND i.crm = '{crm}' OFFSET 0) k
        WHERE lower(btrim(o.email) COLLATE "C") = lower(btrim(c.email) COLLATE "C") AND btrim(c.email) <> ''
          AND o.id <> c.id AND k.state = 'completed' AND k.acknowledged_at IS NOT NULL
          AND (o.updated_at, o.id) > (c.updated_at, c.id))
 ORDER BY j.contact_id LIMIT $3)");

const PerCrmQuery record_verification = per_crm(
    "record_verification", R"(
WITH r AS (
    SELECT * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               AS r (contact_id, generation, result, fields, opted_out, worker_id, http_status, message, duration_us,
                     request_id)),
kept AS (
    INSERT INTO verification (contact_id, crm, generation, at, result, fields, opted_out)
    SELECT r.contact_id, '{crm}', r.generation, $1, r.result, r.fields, r.opted_out
      FROM r JOIN job j ON j.contact_id = r.contact_id AND j.crm = '{crm}'
     WHERE CASE WHEN j.generation = r.generation THEN j.state = 'completed' END
     ORDER BY r.contact_id
    ON CONFLICT (contact_id, crm) DO UPDATE
       SET generation = excluded.generation, at = excluded.at, result = excluded.result, fields = excluded.fields,
           opted_out = excluded.opted_out
    RETURNING contact_id),
d AS (
    UPDATE job j SET reading = r.result FROM r JOIN kept k ON k.contact_id = r.contact_id
     WHERE j.contact_id = r.contact_id AND j.crm = '{crm}'
    -- What is looked up is as it was before.
    RETURNING j.state, j.origin, j.error_code, j.dismissed, j.reading, j.changed,
              (SELECT o.reading FROM job o WHERE o.contact_id = j.contact_id AND o.crm = '{crm}') AS was),
counted AS ()" +
                               book("'{crm}'", {"'completed'", "d.origin", "coalesce(d.was, '')", "false", "d.changed"},
                                    counted_job("d"), "d") +
                               R"(),
logged AS (
    INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, http_status, message, duration_us, request_id)
    SELECT r.contact_id, '{crm}', $1, r.worker_id, r.result, r.http_status, r.message, r.duration_us, r.request_id
      FROM r JOIN kept k ON k.contact_id = r.contact_id)
SELECT k.contact_id FROM kept k)");

const Query note_verification_run{"note_verification_run", R"(
INSERT INTO verification_run (crm, run) VALUES ($1, $2) ON CONFLICT (crm) DO UPDATE SET run = excluded.run)"};
const Query verification_run{"verification_run", "SELECT run FROM verification_run WHERE crm = $1"};
const Query verification_counts{"verification_counts", R"(
SELECT v.result, count(*) FROM job j
  LEFT JOIN verification v ON v.contact_id = j.contact_id AND v.crm = j.crm AND v.generation = j.generation
 WHERE j.crm = $1 AND j.state = 'completed' GROUP BY v.result)"};
const Query readings{"readings", R"(
SELECT t.crm, t.detail, sum(t.change)::bigint FROM tally t
 WHERE t.state = 'completed' AND t.detail <> '' GROUP BY t.crm, t.detail)"};
const Query count_opted_out{"count_opted_out", "SELECT count(*) FROM verification WHERE crm = $1 AND opted_out"};
const Query verification_examples{"verification_examples", R"(
SELECT v.contact_id, c.email, v.result, v.fields, v.opted_out, v.at
  FROM verification v
  JOIN job j ON j.contact_id = v.contact_id AND j.crm = v.crm AND j.generation = v.generation
  JOIN contacts c ON c.id = v.contact_id
 WHERE v.crm = $1 AND v.result IN ('drifted', 'missing') AND j.state = 'completed'
 ORDER BY v.at DESC LIMIT $2)"};
const Query verifications_of{"verifications_of", R"(
SELECT v.crm, v.result, v.fields, v.opted_out, v.at, j.generation = v.generation AND j.state = 'completed'
  FROM verification v JOIN job j ON j.contact_id = v.contact_id AND j.crm = v.crm WHERE v.contact_id = $1)"};

// A longer number is a higher one.
const PerCrmQuery acknowledged_by = per_crm("acknowledged_by", R"(
WITH named AS MATERIALIZED (
    SELECT * FROM unnest($3, $4, $5, $6) AS f (number, operation_id, contact_id, generation)),
found AS MATERIALIZED (
    SELECT f.number, f.operation_id, j.contact_id, j.generation, j.retry_count, j.remote_id, j.acknowledged_at
      FROM named f JOIN job j ON j.contact_id = f.contact_id AND j.crm = '{crm}'
     WHERE CASE WHEN j.generation = f.generation THEN j.state = 'completed' END
    UNION ALL
    SELECT f.number, f.operation_id, j.contact_id, j.generation, j.retry_count, j.remote_id, j.acknowledged_at
      FROM unnest($1, $2) AS f (number, operation_id)
      JOIN job j ON j.remote_id = f.operation_id AND j.crm = '{crm}' AND j.state = 'completed')
SELECT f.contact_id, f.generation, f.retry_count, f.remote_id,
       (SELECT count(*) FROM late_failure l
         WHERE l.contact_id = f.contact_id AND l.crm = '{crm}' AND l.generation = f.generation), f.number,
       f.acknowledged_at
  FROM found f
 WHERE (f.remote_id IS NULL OR length(f.remote_id) < length(f.operation_id) OR
        (length(f.remote_id) = length(f.operation_id) AND f.remote_id <= f.operation_id))
   AND NOT EXISTS (SELECT 1 FROM late_failure l
                    WHERE l.contact_id = f.contact_id AND l.crm = '{crm}' AND l.generation = f.generation
                      AND l.operation_id = f.operation_id)
 ORDER BY f.number, f.contact_id)");

const PerCrmQuery record_late = per_crm(
    "record_late", R"(
WITH r AS (
    SELECT * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
               AS r (contact_id, generation, operation_id, state, due_at, retry_count, error, error_code, worker_id)),
told AS (
    INSERT INTO late_failure (contact_id, crm, generation, operation_id)
    SELECT r.contact_id, '{crm}', r.generation, r.operation_id
      FROM r JOIN job j ON j.contact_id = r.contact_id AND j.crm = '{crm}'
     WHERE CASE WHEN j.generation = r.generation AND j.lease_token IS NULL THEN j.state = 'completed' END
    ON CONFLICT DO NOTHING
    RETURNING contact_id),
d AS (
    UPDATE job j SET state = r.state, due_at = r.due_at, retry_count = r.retry_count, error = r.error,
           error_code = r.error_code, fingerprint = NULL, dismissed = false
      FROM r JOIN told t ON t.contact_id = r.contact_id
     WHERE j.contact_id = r.contact_id AND j.crm = '{crm}' AND j.generation = r.generation
       AND CASE WHEN j.lease_token IS NULL THEN j.state = 'completed' END
    RETURNING j.contact_id, j.state, j.origin, j.due_at, j.retry_count, j.error, j.error_code, j.dismissed,
              j.reading, j.changed, r.worker_id),
counted AS ()" +
                       book("'{crm}'", {"'completed'", "d.origin", "coalesce(d.reading, '')", "false", "d.changed"},
                            counted_job("d"), "d") +
                       R"(),
published AS (
    UPDATE contacts c SET {crm}_sync_status = {sync(d)}, {crm}_processing_status = {processing(d)},
           {crm}_processing_error = {error(d)}, retry_count = d.retry_count, last_retry_at = $1,
           next_retry_at = CASE WHEN d.state = 'retrying' THEN d.due_at END, last_failed_crm = '{crm}'
      FROM d WHERE c.id = d.contact_id),
acted AS ()" +
                       note_activity("d",
                                     "('retried', 0, (d.state = 'retrying')::int), "
                                     "('failed', 0, (d.state = 'failed')::int)") +
                       R"(),
logged AS (
    INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, code, message, duration_us)
    SELECT d.contact_id, '{crm}', $1, d.worker_id, 'transient', d.error_code, d.error, 0 FROM d)
SELECT d.contact_id FROM d)");

const PerCrmQuery note_late = per_crm("note_late", R"(
INSERT INTO late_failure (contact_id, crm, generation, operation_id)
SELECT c.id, '{crm}', r.generation, r.operation_id
  FROM unnest($1, $2, $3) AS r (contact_id, generation, operation_id) JOIN contacts c ON c.id = r.contact_id
ON CONFLICT DO NOTHING)");

}  // namespace crmsync::postgres::queries
