#include <unordered_set>

#include "store/postgres/store.h"
#include "store/text.h"

namespace crmsync::postgres {

namespace {

std::vector<std::string> hashes_of(std::string_view key, const std::vector<std::string>& emails)
{
    std::vector<std::string> hashes;
    hashes.reserve(emails.size());
    for (const std::string& email : emails) hashes.push_back(suppression_hash(key, email));
    return hashes;
}

void read_found(const Rows& rows, ForgottenBuilder& forgotten)
{
    for (int i = 0; i < rows.size(); ++i) forgotten.found(rows.get<Uuid>(i, 0), rows.get<std::string>(i, 1));
}

void read_remotes(const Rows& rows, ForgottenBuilder& forgotten)
{
    for (int i = 0; i < rows.size(); ++i) {
        Row row(rows, i);
        const Uuid id = row.next<Uuid>();
        const auto crm = parse_crm(row.next<std::string_view>());
        auto remote_id = row.next<std::optional<std::string>>();
        auto second_id = row.next<std::optional<std::string>>();
        const bool in_flight = row.next<bool>();
        if (crm) forgotten.remote(id, {*crm, std::move(remote_id), std::move(second_id), in_flight});
    }
}

Statement audit_of(std::string_view action, const std::string& actor, std::int64_t count, Instant now)
{
    return {queries::audit, Params::of(now, actor, action, "{}", count)};
}

}  // namespace

/// All contacts of the request, locked, with what is known of them elsewhere; and the key of the list.
Task<Answer<std::string>> PostgresStore::find_forgotten(Connection& connection, const ForgetRequest& request,
                                                        ForgottenBuilder& forgotten)
{
    for (const std::string& email : request.emails) forgotten.ask_for(email);
    const auto named = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::suppression_key}, Statement{queries::forget_named, Params::of(request.ids)}));
    if (!named) co_return std::unexpected(named.error());
    read_found(named->at(3), forgotten);
    const auto addressed =
        co_await connection.run(batch(Statement{queries::forget_addressed, Params::of(forgotten.addresses())}));
    if (!addressed) co_return std::unexpected(addressed.error());
    read_found(addressed->front(), forgotten);
    const std::vector<Uuid> ids = forgotten.contacts();
    const auto remotes = co_await connection.run(
        batch(Statement{queries::lock_contacts, Params::of(ids)}, Statement{queries::forget_remotes, Params::of(ids)}));
    if (!remotes) co_return std::unexpected(remotes.error());
    read_remotes(remotes->at(1), forgotten);
    co_return named->at(2).get<std::string>(0, 0);
}

Task<Answer<Forgotten>> PostgresStore::forget_once(Connection& connection, const ForgetRequest& request)
{
    ForgottenBuilder forgotten;
    const auto key = co_await find_forgotten(connection, request, forgotten);
    if (!key) co_return std::unexpected(key.error());
    Forgotten result;
    for (const Uuid& id : request.ids) result.not_found += forgotten.has(id) ? 0 : 1;
    const std::vector<Uuid> ids = forgotten.contacts();
    const auto done = co_await connection.run(
        batch(Statement{queries::suppress,
                        Params::of(hashes_of(*key, forgotten.addresses()), request.now, request.actor, request.reason)},
              Statement{queries::forget_contacts, Params::of(ids)},
              Statement{queries::forget_operations, Params::of(forgotten.addresses())},
              audit_of("forget", request.actor, std::ssize(ids), request.now), Statement{queries::commit}));
    if (!done) co_return std::unexpected(done.error());
    result.suppressed = static_cast<std::size_t>(done->at(0).affected());
    result.deleted = static_cast<std::size_t>(done->at(1).affected());
    result.addresses = forgotten.take();
    co_return result;
}

Task<Result<Forgotten>> PostgresStore::forget(ForgetRequest request)
{
    if (const Status storable = check_suppressible(request.emails, request.reason); !storable)
        co_return std::unexpected(storable.error());
    co_return co_await transact<Forgotten>([&](Connection& connection) { return forget_once(connection, request); });
}

Task<Result<std::vector<bool>>> PostgresStore::suppressed(std::vector<std::string> emails)
{
    std::vector<bool> marks(emails.size());
    const auto key = co_await run(batch(Statement{queries::suppression_key_in_use}));
    if (!key) co_return std::unexpected(key.error());
    if (key->front().empty()) co_return marks;
    const auto hashes = hashes_of(key->front().get<std::string_view>(0, 0), emails);
    const auto rows = co_await run(batch(Statement{queries::suppressed_among, Params::of(hashes)}));
    if (!rows) co_return std::unexpected(rows.error());
    std::unordered_set<std::string> found;
    for (int i = 0; i < rows->front().size(); ++i) found.insert(rows->front().get<std::string>(i, 0));
    for (std::size_t i = 0; i < hashes.size(); ++i) marks[i] = found.contains(hashes[i]);
    co_return marks;
}

Task<Status> PostgresStore::refuse_suppressed(std::string email)
{
    const auto marks = co_await suppressed({std::move(email)});
    if (!marks) co_return std::unexpected(marks.error());
    if (marks->front()) co_return fail(ErrorCode::invalid, std::string(suppressed_reason), "email");
    co_return Status{};
}

Task<Result<std::vector<Suppression>>> PostgresStore::suppressions(std::size_t limit, std::size_t offset)
{
    const auto rows = co_await run(batch(Statement{
        queries::suppressions, Params::of(static_cast<std::int64_t>(limit), static_cast<std::int64_t>(offset))}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<Suppression> list;
    for (int i = 0; i < rows->front().size(); ++i) {
        Row row(rows->front(), i);
        Suppression& one = list.emplace_back();
        one.hash = row.next<std::string>();
        one.at = row.next<Instant>();
        one.actor = row.next<std::string>();
        one.reason = row.next<std::string>();
    }
    co_return list;
}

Task<Result<std::size_t>> PostgresStore::suppress(std::vector<std::string> emails, std::string reason,
                                                  std::string actor, Instant now)
{
    if (const Status storable = check_suppressible(emails, reason); !storable)
        co_return std::unexpected(storable.error());
    const auto key = co_await run(batch(Statement{queries::suppression_key}));
    if (!key) co_return std::unexpected(key.error());
    const auto hashes = hashes_of(key->front().get<std::string_view>(0, 0), emails);
    const auto done = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::suppress, Params::of(hashes, now, actor, reason)},
                                         audit_of("suppress", actor, std::ssize(hashes), now)));
    if (!done) co_return std::unexpected(done.error());
    co_return static_cast<std::size_t>(done->at(1).affected());
}

Task<Result<std::size_t>> PostgresStore::unsuppress(std::vector<std::string> emails, std::string actor, Instant now)
{
    const auto key = co_await run(batch(Statement{queries::suppression_key}));
    if (!key) co_return std::unexpected(key.error());
    const auto hashes = hashes_of(key->front().get<std::string_view>(0, 0), emails);
    const auto done = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::unsuppress, Params::of(hashes)},
                                         audit_of("unsuppress", actor, std::ssize(hashes), now)));
    if (!done) co_return std::unexpected(done.error());
    co_return static_cast<std::size_t>(done->at(1).affected());
}

}  // namespace crmsync::postgres
