#include "store/postgres/store.h"
#include "store/text.h"

namespace crmsync::postgres {

namespace {

std::vector<ApiKey> read_keys(const Rows& rows)
{
    std::vector<ApiKey> keys;
    for (int i = 0; i < rows.size(); ++i) {
        Row row(rows, i);
        ApiKey& key = keys.emplace_back();
        key.id = row.next<Uuid>();
        key.name = row.next<std::string>();
        key.role = parse_role(row.next<std::string_view>()).value_or(Role::viewer);
        key.created_at = row.next<Instant>();
        key.created_by = row.next<std::string>();
        key.expires_at = row.next<std::optional<Instant>>();
        key.revoked_at = row.next<std::optional<Instant>>();
        key.last_used_at = row.next<std::optional<Instant>>();
    }
    return keys;
}

Result<ApiKey> one_key(const Rows& rows)
{
    if (rows.empty()) return fail(ErrorCode::not_found, "API key not found");
    return std::move(read_keys(rows).front());
}

}  // namespace

Task<Result<ApiKey>> PostgresStore::create_api_key(NewApiKey made)
{
    if (const Status storable = check_storable(made); !storable) co_return std::unexpected(storable.error());
    ApiKey key{.id = random_uuid7(made.now),
               .name = std::move(made.name),
               .role = made.role,
               .created_at = made.now,
               .created_by = std::move(made.actor),
               .expires_at = made.expires_at,
               .revoked_at = {},
               .last_used_at = {}};
    const auto done = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::create_api_key, Params::of(key.id, made.hash, key.name, to_string(key.role),
                                                            key.created_at, key.created_by, key.expires_at)},
              Statement{queries::audit,
                        Params::of(made.now, key.created_by, api_key_created, audit_detail(key), std::int64_t{1})}));
    if (!done) co_return std::unexpected(done.error());
    co_return key;
}

Task<Result<std::vector<ApiKey>>> PostgresStore::api_keys()
{
    const auto rows =
        co_await run(batch(Statement{queries::api_keys, Params::of(static_cast<std::int64_t>(api_keys_max))}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return read_keys(rows->front());
}

Task<Result<ApiKey>> PostgresStore::find_api_key(std::string hash)
{
    const auto rows = co_await run(batch(Statement{queries::find_api_key, Params::of(hash)}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return one_key(rows->front());
}

Task<Result<ApiKey>> PostgresStore::revoke_api_key(Uuid id, std::string actor, Instant now)
{
    co_return co_await transact<ApiKey>([&](Connection& connection) -> Task<Answer<ApiKey>> {
        const auto done = co_await connection.run(batch(
            Statement{queries::begin}, Statement{queries::begin_work, Params::of(statement_timeout)},
            Statement{queries::revoke_api_key, Params::of(id, now)}, Statement{queries::api_key, Params::of(id)}));
        if (!done) co_return std::unexpected(done.error());
        Result<ApiKey> key = one_key(done->at(3));
        if (!key) co_return std::unexpected(Fault{.error = key.error()});
        if (done->at(2).affected() == 0) co_return *key;
        const auto noted = co_await connection.run(batch(
            Statement{queries::audit, Params::of(now, actor, api_key_revoked, audit_detail(*key), std::int64_t{1})},
            Statement{queries::commit}));
        if (!noted) co_return std::unexpected(noted.error());
        co_return *key;
    });
}

Task<Status> PostgresStore::note_api_key_use(Uuid id, Instant now)
{
    const auto done = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::note_api_key_use, Params::of(id, now)}));
    co_return status_of(done);
}

}  // namespace crmsync::postgres
