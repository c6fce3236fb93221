#include <fmt/format.h>

#include <unordered_set>

#include "store/postgres/store.h"

namespace crmsync::postgres {

Task<Result<Edits>> PostgresStore::edits(Crm crm, std::size_t limit)
{
    // Mostly there are none.
    const auto any = co_await run(batch(Statement{queries::any_edit, Params::of(to_string(crm))}));
    if (!any) co_return std::unexpected(any.error());
    Edits found;
    found.waiting = !any->front().empty();
    if (!found.waiting) co_return found;
    const auto rows = co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                                         Statement{queries::edits[crm], Params::of(static_cast<std::int64_t>(limit))}));
    if (!rows) co_return std::unexpected(rows.error());
    std::unordered_set<Uuid> seen;
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        found.notes.push_back(row.next<std::int64_t>());
        const auto contact = row.next<Uuid>();
        const bool completed = row.next<std::optional<std::string_view>>() == to_string(JobState::completed);
        if (!completed || !seen.insert(contact).second) continue;
        EditedJob& job = found.jobs.emplace_back();
        job.key = {contact, crm};
        job.generation = row.next<std::int64_t>();
        job.options = parse_job_options(row.next<std::string_view>());
        job.fingerprint = row.next<std::optional<std::string>>();
        job.contact = read_fields(row);
    }
    co_return found;
}

Task<Result<std::size_t>> PostgresStore::settle_edits(SettledEdits settled)
{
    const auto queued =
        co_await transact<std::size_t>([&](Connection& connection) { return settle_edits_once(connection, settled); });
    if (queued && *queued > 0) wake();
    co_return queued;
}

Task<Answer<std::size_t>> PostgresStore::settle_edits_once(Connection& connection, const SettledEdits& settled)
{
    std::vector<Uuid> all;
    Column<Uuid> ids;
    Column<std::int64_t> generations;
    Column<bool> changed, resync;
    Column<std::string> options;
    for (const SettledEdits::Judgement& it : settled.judged) {
        all.push_back(it.contact_id);
        ids.push_back(it.contact_id);
        generations.push_back(it.generation);
        changed.push_back(it.changed);
        resync.push_back(it.resync.has_value());
        options.push_back(it.resync ? to_json(*it.resync) : std::string());
    }
    const auto done = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::lock_contacts, Params::of(all)},
              Statement{queries::settle_edits[settled.crm],
                        Params::of(settled.now, ids, generations, changed, resync, options)},
              Statement{queries::forget_edits, Params::of(to_string(settled.crm), settled.notes)}));
    if (!done) co_return std::unexpected(done.error());
    const auto queued = done->at(3).get<std::int64_t>(0, 0);
    std::vector<Statement> statements;
    if (queued > 0)
        statements.push_back(
            {queries::audit,
             Params::of(settled.now, engine_actor, to_string(Action::sync),
                        fmt::format(R"({{"crms":["{}"],"by":"change"}})", to_string(settled.crm)), queued)});
    statements.push_back({queries::commit});
    const auto committed = co_await connection.run(std::move(statements));
    if (!committed) co_return std::unexpected(committed.error());
    co_return static_cast<std::size_t>(queued);
}

}  // namespace crmsync::postgres
