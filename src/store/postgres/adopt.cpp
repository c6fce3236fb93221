#include "store/postgres/adopt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "domain/connector_state.h"
#include "domain/status.h"
#include "store/postgres/queries.h"

namespace crmsync::postgres {

namespace {

constexpr int contacts_per_transaction = 5000;

struct EnumType {
    std::string_view name;
    std::vector<std::string_view> values;  ///< In order; a missing one goes after the one before it.
};

struct ColumnOfContract {
    std::string name;
    std::string type;
    std::string_view rest = {};  ///< Constant defaults alone, which rewrite nothing.
};

struct IndexOfContract {
    std::string_view name;
    std::string_view on;
};

template <class Enum, std::size_t N>
std::vector<std::string_view> names_of(const std::array<Enum, N>& all)
{
    std::vector<std::string_view> names;
    for (const Enum value : all) names.push_back(to_string(value));
    return names;
}

std::vector<EnumType> contract_types()
{
    return {{"contact_email_type_enum", names_of(all_email_types)},
            {"contact_curation_status", names_of(all_curation_statuses)},
            {"contact_processing_status", names_of(all_processing_statuses)},
            {"crm_sync_status", names_of(all_sync_statuses)},
            {"crm_processing_status", names_of(all_processing_statuses)},
            {"hubspot_sync_status", names_of(all_sync_statuses)},
            {"hubspot_sync_processing_status", names_of(all_processing_statuses)}};
}

std::vector<ColumnOfContract> contract_columns()
{
    constexpr std::string_view new_by_default = " NOT NULL DEFAULT 'New'";
    std::vector<ColumnOfContract> columns = {{"created_at", "timestamptz", " NOT NULL DEFAULT now()"},
                                             {"updated_at", "timestamptz", " NOT NULL DEFAULT now()"},
                                             {"name", "varchar"},
                                             {"phone_number", "varchar"},
                                             {"email_type", "contact_email_type_enum"},
                                             {"has_gmail", "boolean"},
                                             {"context", "text"},
                                             {"source_url", "text"},
                                             {"domain_id", "uuid"},
                                             {"page_id", "uuid"},
                                             {"source_job_id", "uuid"},
                                             {"contact_curation_status", "contact_curation_status", new_by_default},
                                             {"contact_processing_status", "contact_processing_status"},
                                             {"contact_processing_error", "text"},
                                             {"retry_count", "integer", " NOT NULL DEFAULT 0"},
                                             {"last_retry_at", "timestamptz"},
                                             {"next_retry_at", "timestamptz"},
                                             {"last_failed_crm", "varchar"}};
    for (const Crm crm : all_crms) {
        const std::string name(to_string(crm));
        const bool own_types = crm == Crm::hubspot;
        columns.push_back(
            {name + "_sync_status", own_types ? "hubspot_sync_status" : "crm_sync_status", new_by_default});
        columns.push_back(
            {name + "_processing_status", own_types ? "hubspot_sync_processing_status" : "crm_processing_status"});
        columns.push_back({name + "_processing_error", "text"});
        columns.push_back({std::string(remote_id_column(crm)), "varchar"});
    }
    return columns;
}

constexpr std::array contract_indexes{
    IndexOfContract{"idx_contacts_address", "(lower(btrim(email) COLLATE \"C\"))"},
    IndexOfContract{"idx_contacts_created_at", "(created_at, id)"},
    IndexOfContract{"idx_contacts_hubspot_contact_id", "(hubspot_contact_id) WHERE hubspot_contact_id IS NOT NULL"},
    IndexOfContract{"idx_contacts_next_retry_at", "(next_retry_at) WHERE next_retry_at IS NOT NULL"}};

/// Tells each step, and takes it unless this is a dry run.
class Steps {
public:
    Steps(Session& session, bool dry_run, MigrationReport& report, const MigrationProgress& progress)
        : session_(session), dry_run_(dry_run), report_(report), progress_(progress)
    {
    }
    Session& session() const { return session_; }
    MigrationReport& report() const { return report_; }

    Status take(const std::string& told, const std::string& sql) const
    {
        report_.steps.push_back(told);
        if (progress_) progress_(told, 0, 0);
        if (dry_run_) return {};
        return retried(session_, [&] { return status_of(session_.run(sql)); });
    }
    /// Without the time limit on locks: a concurrent index waits for old transactions, and nobody waits for it.
    Status take_patiently(const std::string& told, const std::string& sql) const
    {
        if (dry_run_) return take(told, sql);
        if (auto set = session_.run("SET lock_timeout = 0"); !set) return std::unexpected(set.error());
        const Status done = take(told, sql);
        if (auto restored = session_.run("SET lock_timeout = '2s'"); !restored && done)
            return std::unexpected(restored.error());
        return done;
    }

private:
    Session& session_;
    bool dry_run_;
    MigrationReport& report_;
    const MigrationProgress& progress_;
};

std::string quoted_list(const std::vector<std::string_view>& values)
{
    std::string list;
    for (const std::string_view value : values) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", value);
    return list;
}

Status add_type(const Steps& steps, const EnumType& type)
{
    const auto known = steps.session().run(
        "SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = to_regtype($1) ORDER BY e.enumsortorder",
        {std::string(type.name)});
    if (!known) return std::unexpected(known.error());
    if (known->rows.empty())
        return steps.take(fmt::format("create type {}", type.name),
                          fmt::format("CREATE TYPE {} AS ENUM ({})", type.name, quoted_list(type.values)));
    std::string_view before;
    for (const std::string_view value : type.values) {
        const bool has = std::ranges::any_of(known->rows, [&](const auto& row) { return row.front() == value; });
        if (!has) {
            const std::string place = before.empty() ? "" : fmt::format(" AFTER '{}'", before);
            if (auto done =
                    steps.take(fmt::format("add value {} to type {}", value, type.name),
                               fmt::format("ALTER TYPE {} ADD VALUE IF NOT EXISTS '{}'{}", type.name, value, place));
                !done)
                return done;
        }
        before = value;
    }
    return {};
}

Status add_column(const Steps& steps, const ColumnOfContract& column)
{
    const auto type = steps.session().value(
        "SELECT format_type(a.atttypid, NULL) FROM pg_attribute a "
        "WHERE a.attrelid = 'contacts'::regclass AND a.attname = $1 AND NOT a.attisdropped",
        {column.name});
    if (!type) return std::unexpected(type.error());
    if (!*type)
        return steps.take(fmt::format("add column {}", column.name),
                          fmt::format("ALTER TABLE contacts ADD COLUMN IF NOT EXISTS {} {}{}", column.name, column.type,
                                      column.rest));
    const bool is_enum = column.type.ends_with("_status") || column.type.ends_with("_enum");
    if (is_enum && **type != column.type)
        return fail(ErrorCode::invalid, fmt::format("contacts.{} has type {}, not {}: this table can't be adopted",
                                                    column.name, **type, column.type));
    return {};
}

Status add_index(const Steps& steps, const IndexOfContract& index)
{
    const auto valid = steps.session().value("SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass($1)",
                                             {std::string(index.name)});
    if (!valid) return std::unexpected(valid.error());
    if (*valid == "t") return {};
    if (*valid) {  // An interrupted run left it unfinished; it serves nobody.
        if (auto done = steps.take_patiently(fmt::format("drop unfinished index {}", index.name),
                                             fmt::format("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name));
            !done)
            return done;
    }
    return steps.take_patiently(
        fmt::format("create index {}, concurrently", index.name),
        fmt::format("CREATE INDEX CONCURRENTLY IF NOT EXISTS {} ON contacts {}", index.name, index.on));
}

/// Indexes whose key or predicate holds what a status change writes: each such change then writes all indexes.
Status warn_of_indexes(const Steps& steps)
{
    const auto found = steps.session().run(R"(
        SELECT i.indexrelid::regclass::text FROM pg_index i
         WHERE i.indrelid = 'contacts'::regclass
           AND pg_get_indexdef(i.indexrelid) ~
               '\m(brevo|hubspot|mautic|n8n)_(sync_status|processing_status|processing_error)\M' ORDER BY 1)");
    if (!found) return std::unexpected(found.error());
    for (const auto& row : found->rows)
        steps.report().warnings.push_back(
            fmt::format("index {} holds a status column: every status change writes all indexes of contacts (no HOT "
                        "update)",
                        row.front().value_or("")));
    return {};
}

/// Triggers of the other application that may change what crmsync writes, or when it seems to have been written.
Status warn_of_triggers(const Steps& steps)
{
    const auto found = steps.session().run(R"(
        SELECT t.tgname, string_agg(DISTINCT m.name[1], ', ')
          FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid,
               regexp_matches(p.prosrc || ' ' || encode(t.tgargs, 'escape'),
                              '\m(updated_at|(?:brevo|hubspot|mautic|n8n)_(?:sync|processing)_status)\M', 'g') m (name)
         WHERE t.tgrelid = 'contacts'::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D'
           AND t.tgtype & 1 <> 0 AND t.tgtype & 2 <> 0 AND t.tgtype & 16 <> 0 -- For each row, before, update.
           AND pg_get_triggerdef(t.oid) || p.prosrc !~ 'crmsync\.engine'
         GROUP BY t.tgname ORDER BY t.tgname)");
    if (!found) return std::unexpected(found.error());
    for (const auto& row : found->rows)
        steps.report().warnings.push_back(
            fmt::format("trigger {} may write {} at every status change of crmsync, which then looks like an edit; "
                        "let it look away: WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on')",
                        row.at(0).value_or(""), row.at(1).value_or("")));
    return {};
}

/// What no step can add or convert.
Status check_key_and_address(Session& session)
{
    struct Required {
        std::string_view column;
        std::string_view types;
    };
    for (const Required& one : {Required{"id", "uuid"}, Required{"email", "text or character varying"}}) {
        const auto type = session.value(
            "SELECT format_type(a.atttypid, NULL) FROM pg_attribute a "
            "WHERE a.attrelid = 'contacts'::regclass AND a.attname = $1 AND NOT a.attisdropped",
            {std::string(one.column)});
        if (!type) return std::unexpected(type.error());
        if (!*type)
            return fail(ErrorCode::invalid,
                        fmt::format("contacts has no column {}: this table can't be adopted", one.column));
        if (!one.types.contains(**type))
            return fail(ErrorCode::invalid, fmt::format("contacts.{} has type {}, not {}: this table can't be adopted",
                                                        one.column, **type, one.types));
    }
    const auto unique = session.value(
        "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
        "WHERE i.indrelid = 'contacts'::regclass AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL "
        "AND a.attname = 'id'");
    if (!unique) return std::unexpected(unique.error());
    if (*unique == "0")
        return fail(ErrorCode::invalid, "contacts.id is no primary key and not unique: this table can't be adopted");
    return {};
}

bool has_columns(Session& session, Crm crm)
{
    const auto count = session.value(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND NOT attisdropped AND attname IN "
        "($1, $2)",
        {fmt::format("{}_sync_status", to_string(crm)), fmt::format("{}_processing_status", to_string(crm))});
    return count && *count == "2";
}

/// The statements of one transaction of the backfill; `after`: the last contact of the one before. Returns how many
/// contacts it saw.
Result<std::int64_t> backfill_some(Session& session, std::string& after)
{
    if (auto begun = session.run("BEGIN; SET LOCAL crmsync.engine = 'on'"); !begun)
        return std::unexpected(begun.error());
    const auto chunk = session.run(
        fmt::format("SELECT c.id FROM contacts c WHERE $1 = '' OR c.id > nullif($1, '')::uuid ORDER BY c.id LIMIT {} "
                    "FOR NO KEY UPDATE",
                    contacts_per_transaction),
        {after});
    if (!chunk) return std::unexpected(chunk.error());
    std::string ids = "{";
    for (const auto& row : chunk->rows) ids += (ids.size() > 1 ? "," : "") + row.front().value_or("");
    ids += "}";
    for (const Crm crm : all_crms)
        for (const Query* query : {&queries::adopt_jobs[crm], &queries::republish[crm]})
            if (auto done = session.run(query->sql, {ids}); !done) return std::unexpected(done.error());
    if (!chunk->rows.empty()) after = chunk->rows.back().front().value_or("");
    if (auto done = session.run("UPDATE schema_migration SET progress = $1 WHERE applied_at IS NULL", {after}); !done)
        return std::unexpected(done.error());
    if (auto done = session.run("COMMIT"); !done) return std::unexpected(done.error());
    return std::ssize(chunk->rows);
}

Status pause_connectors(Session& session)
{
    ConnectorState state;
    pause(state, "migration");
    return status_of(session.run("UPDATE connector SET state = $1", {to_json(state)}));
}

}  // namespace

Status retried(Session& session, const std::function<Status()>& step)
{
    constexpr int tries_max = 60;
    for (int attempt = 1;; ++attempt) {
        Status done = step();
        if (done) return done;
        const bool again = session.again() && attempt < tries_max;
        if (auto ended = session.run("ROLLBACK"); !ended) return std::unexpected(ended.error());
        if (!again) return done;
        if (auto paused = session.run("SELECT pg_sleep(0.5)"); !paused) return std::unexpected(paused.error());
    }
}

Status adopt_contacts(Session& session, bool dry_run, MigrationReport& report, const MigrationProgress& progress)
{
    const Steps steps(session, dry_run, report, progress);
    if (auto fit = check_key_and_address(session); !fit) return fit;
    for (const EnumType& type : contract_types())
        if (auto done = add_type(steps, type); !done) return done;
    for (const ColumnOfContract& column : contract_columns())
        if (auto done = add_column(steps, column); !done) return done;
    for (const IndexOfContract& index : contract_indexes)
        if (auto done = add_index(steps, index); !done) return done;
    if (auto done = warn_of_indexes(steps); !done) return done;
    if (auto done = warn_of_triggers(steps); !done) return done;
    if (dry_run) return {};
    return status_of(session.run("INSERT INTO schema_migration VALUES (1, $1, now()) ON CONFLICT DO NOTHING",
                                 {std::string(adopted_name)}));
}

Status add_search_index(Session& session, bool dry_run, MigrationReport& report, const MigrationProgress& progress)
{
    const Steps steps(session, dry_run, report, progress);
    const auto schema_of_trigrams = [&] {
        return session.value(
            "SELECT quote_ident(n.nspname) FROM pg_extension e "
            "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'");
    };
    auto schema = schema_of_trigrams();
    if (schema && !*schema) {
        if (const Status made = steps.take("create extension pg_trgm", "CREATE EXTENSION IF NOT EXISTS pg_trgm"); !made)
            report.warnings.push_back(
                "search reads all contacts: there is no extension pg_trgm, and it could not be "
                "made: " +
                made.error().message);
        schema = schema_of_trigrams();
    }
    if (!schema) return std::unexpected(schema.error());
    if (!*schema && !dry_run) return {};
    const std::string trigrams = schema->value_or("public") + ".gin_trgm_ops";
    const std::string on = fmt::format("USING gin (email {0}, name {0})", trigrams);
    return add_index(steps, {"idx_contacts_search", on});
}

Status count_what_would_be_sent(Session& session, MigrationReport& report)
{
    const auto contacts = session.value("SELECT count(*) FROM contacts");
    if (!contacts) return std::unexpected(contacts.error());
    report.contacts = std::stoll(contacts->value_or("0"));
    for (const Crm crm : all_crms) {
        std::int64_t count = 0;
        if (has_columns(session, crm)) {
            const auto counted = session.value(queries::count_adopted[crm].sql);
            if (!counted) return std::unexpected(counted.error());
            count = std::stoll(counted->value_or("0"));
        }
        report.would_send.emplace_back(to_string(crm), count);
    }
    return {};
}

Status backfill_jobs(Session& session, const MigrationProgress& progress)
{
    const auto started = session.value("SELECT coalesce(progress, '') FROM schema_migration WHERE applied_at IS NULL");
    if (!started) return std::unexpected(started.error());
    if (!*started) {
        if (auto paused = pause_connectors(session); !paused) return paused;
        if (auto begun =
                session.run("INSERT INTO schema_migration VALUES (4, 'jobs of contacts that were there before')");
            !begun)
            return std::unexpected(begun.error());
    }
    const auto total = session.value("SELECT count(*) FROM contacts");
    if (!total) return std::unexpected(total.error());
    std::string after = started->value_or("");
    std::int64_t done = 0;
    for (bool more = true; more;) {
        std::int64_t seen = 0;
        const std::string from = after;
        const Status step = retried(session, [&]() -> Status {
            after = from;
            const auto some = backfill_some(session, after);
            if (!some) return std::unexpected(some.error());
            seen = *some;
            return {};
        });
        if (!step) return step;
        done += seen;
        if (progress) progress("jobs of old statuses", done, std::stoll(total->value_or("0")));
        more = seen == contacts_per_transaction;
    }
    return status_of(session.run("ANALYZE job"));
}

}  // namespace crmsync::postgres
