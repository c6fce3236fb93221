#include "store/postgres/store.h"

namespace crmsync::postgres {

Task<Result<SealedToken>> PostgresStore::token(Crm crm)
{
    const auto rows = co_await run(batch(Statement{queries::token, Params::of(to_string(crm))}));
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->front().empty()) co_return SealedToken{};
    co_return SealedToken{.version = rows->front().get<std::int64_t>(0, 0),
                          .text = rows->front().get<std::string>(0, 1)};
}

Task<Result<bool>> PostgresStore::take_token_turn(Crm crm, std::int64_t version, Duration lease, Instant)
{
    const auto rows = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::take_token_turn, Params::of(to_string(crm), version, std::int64_t{lease.count()})}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return rows->back().affected() == 1;
}

Task<Result<bool>> PostgresStore::keep_token(Crm crm, std::int64_t version, std::string text)
{
    const auto rows = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::keep_token, Params::of(to_string(crm), version, text)}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return rows->back().affected() == 1;
}

Task<Status> PostgresStore::give_up_token_turn(Crm crm, std::int64_t version)
{
    const auto rows = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::give_up_token_turn, Params::of(to_string(crm), version)}));
    co_return status_of(rows);
}

Task<Result<std::optional<std::string>>> PostgresStore::take_alert_turn(Uuid holder, Duration lease, Instant)
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                           Statement{queries::take_alert_turn, Params::of(holder, std::int64_t{lease.count()})}));
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->back().empty()) co_return std::nullopt;
    co_return rows->back().get<std::string>(0, 0);
}

Task<Result<bool>> PostgresStore::keep_alerts(Uuid holder, std::string text)
{
    const auto rows = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::keep_alerts, Params::of(holder, text)}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return rows->back().affected() == 1;
}

Task<Status> PostgresStore::give_up_alert_turn(Uuid holder)
{
    const auto rows = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::give_up_alert_turn, Params::of(holder)}));
    co_return status_of(rows);
}

Task<Result<std::string>> PostgresStore::alerts()
{
    const auto rows = co_await run(batch(Statement{queries::alerts, Params::of()}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return rows->front().empty() ? "" : rows->front().get<std::string>(0, 0);
}

}  // namespace crmsync::postgres
