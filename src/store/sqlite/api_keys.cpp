#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/verbs.h"
#include "store/text.h"

namespace crmsync::sqlite::verbs {

namespace {

ApiKey read_key(const Rows& rows)
{
    return {.id = rows.uuid(0),
            .name = std::string(rows.text(1)),
            .role = parse_role(rows.text(2)).value_or(Role::viewer),
            .created_at = rows.instant(3),
            .created_by = std::string(rows.text(4)),
            .expires_at = rows.optional_instant(5),
            .revoked_at = rows.optional_instant(6),
            .last_used_at = rows.optional_instant(7)};
}

Result<ApiKey> one_key(Rows rows)
{
    if (!rows.next()) return fail(ErrorCode::not_found, "API key not found");
    return read_key(rows);
}

void note(Connection& db, std::string_view action, const ApiKey& key, const std::string& actor, Instant now)
{
    write_audit(db,
                {.at = now, .actor = actor, .action = std::string(action), .detail = audit_detail(key), .count = 1});
}

}  // namespace

Result<ApiKey> create_api_key(Connection& db, const NewApiKey& made)
{
    if (const Status storable = check_storable(made); !storable) return std::unexpected(storable.error());
    const Uuid id = random_uuid7(made.now);
    db.run(sql::create_api_key, id, made.hash, made.name, to_string(made.role), made.now, made.actor, made.expires_at);
    Result<ApiKey> key = one_key(db.open(sql::api_key, id));
    if (key) note(db, api_key_created, *key, made.actor, made.now);
    return key;
}

Result<std::vector<ApiKey>> api_keys(Connection& db)
{
    std::vector<ApiKey> keys;
    Rows rows = db.open(sql::api_keys, api_keys_max);
    while (rows.next()) keys.push_back(read_key(rows));
    return keys;
}

Result<ApiKey> find_api_key(Connection& db, const std::string& hash)
{
    return one_key(db.open(sql::find_api_key, hash));
}

Result<ApiKey> revoke_api_key(Connection& db, const Uuid& id, const std::string& actor, Instant now)
{
    const bool revoked = db.run(sql::revoke_api_key, id, now) == 1;
    Result<ApiKey> key = one_key(db.open(sql::api_key, id));
    if (key && revoked) note(db, api_key_revoked, *key, actor, now);
    return key;
}

Status note_api_key_use(Connection& db, const Uuid& id, Instant now)
{
    db.run(sql::note_api_key_use, id, now);
    return {};
}

}  // namespace crmsync::sqlite::verbs
