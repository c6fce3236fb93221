#include <algorithm>
#include <cmath>
#include <span>

#include "store/postgres/store.h"
#include "store/postgres/text.h"

namespace crmsync::postgres {

namespace {

/// Reads result, fields, opted out and time, in this order.
KnownVerification read_verification(Row& row)
{
    KnownVerification known;
    known.found.result = parse_verification(row.next<std::string_view>()).value_or(Verification::verified);
    known.found.fields = parse_texts(row.next<std::string_view>());
    known.found.opted_out = row.next<bool>();
    known.at = row.next<Instant>();
    return known;
}

Params verified_params(const VerifiedBatch& batch)
{
    Column<Uuid> ids, workers;
    Column<std::int64_t> generations, durations;
    Column<std::string_view> results;
    Column<std::string> fields, requests;
    Column<bool> opted_out;
    Column<std::optional<int>> statuses;
    Column<std::optional<std::string>> messages;
    for (const VerifiedContact& one : batch.contacts) {
        ids.push_back(one.contact_id);
        generations.push_back(one.generation);
        results.push_back(to_string(one.found.result));
        fields.push_back(texts_json(one.found.fields));
        opted_out.push_back(one.found.opted_out);
        workers.push_back(one.attempt.worker_id);
        statuses.push_back(one.attempt.http_status);
        messages.push_back(one.attempt.message);
        durations.push_back(one.attempt.duration.count());
        requests.push_back(one.attempt.request_id);
    }
    return Params::of(batch.now, ids, generations, results, fields, opted_out, workers, statuses, messages, durations,
                      requests);
}

Params late_params(const LateRequest& request)
{
    Column<Uuid> ids, workers;
    Column<std::int64_t> generations;
    Column<std::string> operations;
    Column<std::string_view> states;
    Column<std::optional<Instant>> due;
    Column<int> retries;
    Column<std::optional<std::string>> errors, codes;
    for (const LateResult& one : request.results) {
        ids.push_back(one.key.contact_id);
        generations.push_back(one.generation);
        operations.push_back(storable(one.operation_ids.front()));
        states.push_back(to_string(one.transition.next));
        due.push_back(one.transition.due_at);
        retries.push_back(one.transition.retry_count);
        errors.push_back(one.transition.error ? std::optional(storable(*one.transition.error)) : std::nullopt);
        codes.push_back(one.transition.error_code);
        workers.push_back(one.worker_id);
    }
    return Params::of(request.now, ids, generations, operations, states, due, retries, errors, codes, workers);
}

}  // namespace

Task<Result<Grant>> PostgresStore::reserve_calls(CallRequest request)
{
    co_return co_await transact<Grant>([&](Connection& connection) { return reserve_calls_once(connection, request); });
}

Task<Answer<Grant>> PostgresStore::reserve_calls_once(Connection& connection, const CallRequest& request)
{
    const auto locked = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::lock_connector, Params::of(to_string(request.crm))}));
    if (!locked) co_return std::unexpected(locked.error());
    ConnectorState state = parse_connector_state(locked->at(2).get<std::string_view>(0, 0));
    if (request.also_made > 0) take_calls(state, request.also_made, request.now);
    for (const LimitReport& report : request.limits) on_limit_report(state, report, request.now);
    const auto reserve =
        request.kind == CallRequest::Kind::contacts ? crmsync::reserve_calls : crmsync::reserve_operation_calls;
    Grant grant = reserve(state, request.budget, request.wanted, request.now);
    const auto saved = co_await connection.run(
        batch(Statement{queries::save_connector, Params::of(to_string(request.crm), to_json(state))},
              Statement{queries::commit}));
    if (!saved) co_return std::unexpected(saved.error());
    co_return grant;
}

Task<Result<std::vector<SyncedContact>>> PostgresStore::synced_contacts(SyncedQuery query)
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_engine_work, Params::of(scan_timeout)},
                           Statement{queries::synced_contacts[query.crm],
                                     Params::of(query.after, std::int64_t{std::llround(query.share * 1e6)},
                                                static_cast<std::int64_t>(query.limit))}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<SyncedContact> page;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        SyncedContact& synced = page.emplace_back();
        synced.key = {row.next<Uuid>(), query.crm};
        synced.generation = row.next<std::int64_t>();
        synced.remote_id = row.next<std::optional<std::string>>();
        synced.second_id = row.next<std::optional<std::string>>();
        synced.options = parse_job_options(row.next<std::string_view>());
        synced.warnings = parse_texts(row.next<std::string_view>());
        synced.acknowledged_at = row.next<Instant>();
        synced.contact_updated_at = row.next<Instant>();
        synced.contact = read_fields(row);
        synced.opted_out = row.next<bool>();
    }
    co_return page;
}

Task<Result<std::vector<Uuid>>> PostgresStore::record_verification(VerifiedBatch batch_of)
{
    Column<Uuid> ids;
    for (const VerifiedContact& one : batch_of.contacts) ids.push_back(one.contact_id);
    const auto rows =
        co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                           Statement{queries::lock_contacts, Params::of(ids)},
                           Statement{queries::record_verification[batch_of.crm], verified_params(batch_of)}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<Uuid> kept;
    for (int i = 0; i < rows->at(2).size(); ++i) kept.push_back(rows->at(2).get<Uuid>(i, 0));
    co_return kept;
}

Task<Status> PostgresStore::note_verification_run(Crm crm, VerificationRun noted)
{
    const auto done = co_await run(
        batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::note_verification_run, Params::of(to_string(crm), storable(to_json(noted)))}));
    co_return status_of(done);
}

Task<Result<PerCrm<Readings>>> PostgresStore::readings()
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(scan_timeout)}, Statement{queries::readings}));
    if (!rows) co_return std::unexpected(rows.error());
    PerCrm<Readings> counts;
    for (const Crm crm : all_crms) counts[crm] = no_readings();
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        const auto crm = parse_crm(row.next<std::string_view>());
        const auto result = parse_verification(row.next<std::string_view>());
        if (crm && result) counts[*crm][*result] = row.next<std::int64_t>();
    }
    co_return counts;
}

Task<Result<VerificationSummary>> PostgresStore::verification_summary(Crm crm, std::size_t examples)
{
    const auto rows = co_await run(batch(
        Statement{queries::begin_work, Params::of(scan_timeout)},
        Statement{queries::verification_counts, Params::of(to_string(crm))},
        Statement{queries::count_opted_out, Params::of(to_string(crm))},
        Statement{queries::verification_run, Params::of(to_string(crm))},
        Statement{queries::verification_examples, Params::of(to_string(crm), static_cast<std::int64_t>(examples))}));
    if (!rows) co_return std::unexpected(rows.error());
    VerificationSummary summary;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        const auto word = rows->at(1).get<std::optional<std::string_view>>(i, 0);
        const auto result = word ? parse_verification(*word) : std::nullopt;
        (result ? summary.counts[*result] : summary.unverified) = rows->at(1).get<std::int64_t>(i, 1);
    }
    summary.opted_out = rows->at(2).get<std::int64_t>(0, 0);
    if (!rows->at(3).empty()) summary.last_run = parse_verification_run(rows->at(3).get<std::string_view>(0, 0));
    for (int i = 0; i < rows->at(4).size(); ++i) {
        Row row(rows->at(4), i);
        auto& example = summary.examples.emplace_back();
        example.contact_id = row.next<Uuid>();
        example.email = row.next<std::string>();
        example.verification = read_verification(row);
        example.verification.current = true;
    }
    co_return summary;
}

Task<Result<PerCrm<std::optional<KnownVerification>>>> PostgresStore::verifications_of(Uuid contact_id)
{
    const auto rows = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::verifications_of, Params::of(contact_id)}));
    if (!rows) co_return std::unexpected(rows.error());
    PerCrm<std::optional<KnownVerification>> known;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        const Crm crm = parse_crm(row.next<std::string_view>()).value_or(Crm::brevo);
        auto& one = known[crm].emplace(read_verification(row));
        one.current = row.next<bool>();
    }
    co_return known;
}

Task<Result<std::vector<LateJob>>> PostgresStore::acknowledged_by(Crm crm, std::vector<LateOperation> operations)
{
    Column<std::int64_t> unnamed_numbers, numbers, generations;
    Column<std::string> unnamed_ids, ids;
    Column<Uuid> contacts;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto number = static_cast<std::int64_t>(i);
        const std::string id = storable(operations[i].id);
        if (operations[i].jobs.empty()) {
            unnamed_numbers.push_back(number);
            unnamed_ids.push_back(id);
        }
        for (const auto& [contact_id, generation] : operations[i].jobs) {
            numbers.push_back(number);
            ids.push_back(id);
            contacts.push_back(contact_id);
            generations.push_back(generation);
        }
    }
    // No index has the remote id: where jobs are found by it, all completed ones are looked through.
    const auto& settings = unnamed_ids.size() > 0 ? queries::begin_work : queries::begin_engine_work;
    const auto rows =
        co_await run(batch(Statement{settings, Params::of(scan_timeout)},
                           Statement{queries::acknowledged_by[crm],
                                     Params::of(unnamed_numbers, unnamed_ids, numbers, ids, contacts, generations)}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<LateJob> jobs;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        LateJob& late = jobs.emplace_back();
        late.job.key = {row.next<Uuid>(), crm};
        late.job.generation = row.next<std::int64_t>();
        const int retries = row.next<int>();
        late.job.remote_id = row.next<std::optional<std::string>>();
        late.job.retry_count = std::max(retries, static_cast<int>(row.next<std::int64_t>()));
        late.operation = static_cast<std::size_t>(row.next<std::int64_t>());
        late.acknowledged_at = row.next<std::optional<Instant>>().value_or(Instant{});
    }
    co_return jobs;
}

Task<Result<std::vector<Uuid>>> PostgresStore::record_late(LateRequest request)
{
    std::vector<Uuid> ids;
    Column<Uuid> contacts;
    Column<std::int64_t> generations;
    Column<std::string> operations;
    for (const LateResult& one : request.results) {
        ids.push_back(one.key.contact_id);
        for (const std::string& operation : std::span(one.operation_ids).subspan(1)) {
            contacts.push_back(one.key.contact_id);
            generations.push_back(one.generation);
            operations.push_back(storable(operation));
        }
    }
    const auto rows =
        co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                           Statement{queries::lock_contacts, Params::of(ids)},
                           Statement{queries::record_late[request.crm], late_params(request)},
                           Statement{queries::note_late[request.crm], Params::of(contacts, generations, operations)},
                           Statement{queries::notify, Params::of("late")}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<Uuid> failed;
    for (int i = 0; i < rows->at(2).size(); ++i) failed.push_back(rows->at(2).get<Uuid>(i, 0));
    if (!failed.empty()) wake();
    co_return failed;
}

}  // namespace crmsync::postgres
