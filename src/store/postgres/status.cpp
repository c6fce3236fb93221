#include <algorithm>
#include <boost/json.hpp>

#include "store/postgres/store.h"
#include "store/postgres/text.h"
#include "store/summary.h"

namespace crmsync::postgres {

namespace {

/// So many rows are added up in no time; there are rarely so many different ones.
constexpr std::int64_t tally_rows_max = 500;

}  // namespace

std::string texts_json(const std::vector<std::string>& texts)
{
    boost::json::array array;
    for (const std::string& text : texts) array.emplace_back(storable(text));
    return boost::json::serialize(array);
}

std::vector<std::string> parse_texts(std::string_view text)
{
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    std::vector<std::string> texts;
    if (error || !value.is_array()) return texts;
    for (const auto& one : value.get_array())
        if (one.is_string()) texts.emplace_back(one.get_string());
    return texts;
}

std::vector<std::string_view> crm_names(std::optional<Crm> only)
{
    if (only) return {to_string(*only)};
    std::vector<std::string_view> names;
    for (const Crm crm : all_crms) names.push_back(to_string(crm));
    return names;
}

Job read_job(Row& row)
{
    Job job;
    job.key.contact_id = row.next<Uuid>();
    job.key.crm = parse_crm(row.next<std::string_view>()).value_or(Crm::brevo);
    job.state = parse_job_state(row.next<std::string_view>()).value_or(JobState::idle);
    job.origin = parse_origin(row.next<std::string_view>()).value_or(Origin::selection);
    job.lane = row.next<int>() == 0 ? Lane::hand : Lane::bulk;
    job.due_at = row.next<std::optional<Instant>>();
    job.retry_count = row.next<int>();
    job.generation = row.next<std::int64_t>();
    job.remote_id = row.next<std::optional<std::string>>();
    job.second_id = row.next<std::optional<std::string>>();
    job.fingerprint = row.next<std::optional<std::string>>();
    job.error = row.next<std::optional<std::string>>();
    job.error_code = row.next<std::optional<std::string>>();
    job.warnings = parse_texts(row.next<std::string_view>());
    job.options = parse_job_options(row.next<std::string_view>());
    job.last_attempt_at = row.next<std::optional<Instant>>();
    job.acknowledged_at = row.next<std::optional<Instant>>();
    job.dismissed = row.next<bool>();
    return job;
}

Task<Result<PerCrm<CrmQueue>>> PostgresStore::queues(Instant now)
{
    auto statements = batch(Statement{queries::begin_engine_work, Params::of(scan_timeout)});
    for (const Crm crm : all_crms) statements.push_back({queries::queue[crm], Params::of(now)});
    const auto rows = co_await run(std::move(statements));
    if (!rows) co_return std::unexpected(rows.error());
    PerCrm<CrmQueue> queues;
    for (const Crm crm : all_crms) {
        Row row(rows->at(1 + index_of(crm)), 0);
        CrmQueue& queue = queues[crm];
        queue.waiting = row.next<std::int64_t>();
        queue.running = row.next<std::int64_t>();
        queue.due = std::max(queue.waiting - row.next<std::int64_t>(), std::int64_t{0});
        if (const auto earliest = row.next<std::optional<Instant>>(); earliest && *earliest <= now)
            queue.oldest_due = earliest;
    }
    co_return queues;
}

Task<Result<JobsOfContact>> PostgresStore::jobs_of(Uuid contact_id, std::size_t history_limit)
{
    const auto rows = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::jobs_of, Params::of(contact_id)},
              Statement{queries::history_of, Params::of(contact_id, static_cast<std::int64_t>(history_limit))}));
    if (!rows) co_return std::unexpected(rows.error());
    JobsOfContact result;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        result.jobs.push_back(read_job(row));
    }
    std::ranges::sort(result.jobs, {}, [](const Job& job) { return job.key.crm; });
    for (int i = 0; i < rows->at(2).size(); ++i) {
        Row row(rows->at(2), i);
        Attempt attempt;
        attempt.key = {contact_id, parse_crm(row.next<std::string_view>()).value_or(Crm::brevo)};
        attempt.at = row.next<Instant>();
        attempt.worker_id = row.next<Uuid>();
        attempt.outcome = row.next<std::string>();
        attempt.http_status = row.next<std::optional<int>>();
        attempt.code = row.next<std::optional<std::string>>();
        attempt.message = row.next<std::optional<std::string>>();
        attempt.duration = Duration{row.next<std::int64_t>()};
        attempt.request_id = row.next<std::string>();
        attempt.stale = row.next<bool>();
        result.history.push_back(std::move(attempt));
    }
    co_return result;
}

Task<Result<Store::Summary>> PostgresStore::summary()
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)}, Statement{queries::counts}));
    if (!rows) co_return std::unexpected(rows.error());
    Summary summary = summary_of(0);
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        const auto crm = parse_crm(row.next<std::string_view>());
        const auto state = parse_job_state(row.next<std::string_view>());
        const auto origin = parse_origin(row.next<std::string_view>());
        const auto count = row.next<std::int64_t>();
        if (crm && state && origin)
            add_jobs(summary, *crm, *state, *origin, count);
        else
            summary = summary_of(count);
    }
    co_return summary;
}

Task<Result<std::vector<Failure>>> PostgresStore::failures(FailureQuery query)
{
    const auto rows = co_await run(
        batch(Statement{queries::begin_work, Params::of(scan_timeout)},
              Statement{queries::failures,
                        Params::of(crm_names(query.crm), query.error_code, query.with_dismissed,
                                   static_cast<std::int64_t>(query.limit), static_cast<std::int64_t>(query.offset))}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<Failure> failures;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        Failure failure;
        failure.job = read_job(row);
        failure.email = row.next<std::string>();
        failure.name = row.next<std::optional<std::string>>();
        failures.push_back(std::move(failure));
    }
    co_return failures;
}

Task<Result<std::vector<FailureCause>>> PostgresStore::failure_causes(std::optional<Crm> crm, bool with_dismissed)
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(scan_timeout)},
                           Statement{queries::failure_causes,
                                     Params::of(crm_names(crm), with_dismissed, std::int64_t{failure_causes_max})}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<FailureCause> causes;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        FailureCause cause;
        cause.crm = parse_crm(row.next<std::string_view>()).value_or(Crm::brevo);
        cause.error_code = row.next<std::string>();
        cause.example_contact = row.next<Uuid>();
        cause.example = row.next<std::string>();
        cause.count = row.next<std::int64_t>();
        causes.push_back(std::move(cause));
    }
    co_return causes;
}

Task<Result<PerCrm<CrmActivity>>> PostgresStore::activity(ActivityWindow window)
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                           Statement{queries::activity, Params::of(minute_of(window.from), minute_of(window.to()),
                                                                   std::int64_t{window.bucket.count()})}));
    if (!rows) co_return std::unexpected(rows.error());
    PerCrm<CrmActivity> found = nothing_done(window);
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        const auto crm = parse_crm(row.next<std::string_view>());
        const auto bucket = static_cast<std::size_t>(row.next<std::int64_t>());
        const auto measure = parse_activity_measure(row.next<std::string_view>());
        const int step = row.next<int>();
        if (crm && measure) found[*crm].add(bucket, *measure, step, row.next<std::int64_t>());
    }
    co_return found;
}

Task<Status> PostgresStore::fold_counts()
{
    const auto folded = co_await transact<void>([](Connection& connection) { return fold_once(connection); });
    co_return folded;
}

Task<Answer<void>> PostgresStore::fold_once(Connection& connection)
{
    const auto locked = co_await connection.run(batch(Statement{queries::begin},
                                                      Statement{queries::begin_work, Params::of(statement_timeout)},
                                                      Statement{queries::try_lock_tally}));
    if (!locked) co_return std::unexpected(locked.error());
    std::vector<Statement> statements;
    if (locked->at(2).get<bool>(0, 0)) {
        statements.push_back({queries::fold_tally, Params::of(tally_rows_max)});
        statements.push_back({queries::fold_activity, Params::of(tally_rows_max)});
    }
    statements.push_back({queries::commit});
    const auto folded = co_await connection.run(std::move(statements));
    if (!folded) co_return std::unexpected(folded.error());
    co_return Answer<void>{};
}

Task<Result<std::size_t>> PostgresStore::reconcile_counts()
{
    const auto mended =
        co_await transact<std::size_t>([](Connection& connection) { return reconcile_once(connection); });
    co_return mended;
}

Task<Answer<std::size_t>> PostgresStore::reconcile_once(Connection& connection)
{
    const auto locked = co_await connection.run(batch(Statement{queries::begin},
                                                      Statement{queries::begin_work, Params::of(scan_timeout)},
                                                      Statement{queries::try_lock_tally}));
    if (!locked) co_return std::unexpected(locked.error());
    if (!locked->at(2).get<bool>(0, 0)) co_return std::size_t{0};  // Another node is at it.
    const auto mended = co_await connection.run(batch(Statement{queries::reconcile_tally}, Statement{queries::commit}));
    if (!mended) co_return std::unexpected(mended.error());
    co_return mended->front().affected();
}

Task<Result<Store::Health>> PostgresStore::health(Instant)
{
    int version = 0;
    const auto rows = co_await transact<std::vector<Rows>>([&](Connection& connection) {
        version = connection.server_version();
        return connection.run(batch(Statement{queries::schema_version}, Statement{queries::database_clock}));
    });
    if (!rows) co_return std::unexpected(rows.error());
    Health health;
    health.engine = "PostgreSQL " + std::to_string(version / 10000) + "." + std::to_string(version % 10000);
    health.schema_version = rows->at(0).get<int>(0, 0);
    health.clock_offset = rows->at(1).get<Instant>(0, 0) - clock_.now();
    co_return health;
}

}  // namespace crmsync::postgres
