#include "api/keys.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/input.h"
#include "api/json.h"
#include "base/digest.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

std::string random_bytes()
{
    std::string bytes;
    for (int i = 0; i < 4; ++i) {
        const std::uint64_t random = random_u64();
        bytes.append(reinterpret_cast<const char*>(&random), sizeof(random));
    }
    return bytes;
}

std::optional<Instant> future_time(Input& input, std::string_view name, Instant now)
{
    const auto text = input.text(name);
    if (!text) return std::nullopt;
    const auto at = parse_rfc3339(*text);
    if (at && *at > now) return *at;
    input.wrong(name, "must be a time to come, in RFC 3339");
    return std::nullopt;
}

}  // namespace

Result<MintedKey> mint_api_key(std::string name, Role role, std::optional<Instant> expires_at, std::string actor,
                               Instant now)
{
    if (name.empty() || name.size() > api_key_name_bytes_max)
        return fail(ErrorCode::invalid, fmt::format("must have 1 to {} bytes", api_key_name_bytes_max), "name");
    std::string key = std::string(api_key_prefix) + to_base64url(random_bytes());
    NewApiKey kept{.hash = api_key_hash(key),
                   .name = std::move(name),
                   .role = role,
                   .expires_at = expires_at,
                   .actor = std::move(actor),
                   .now = now};
    return MintedKey{std::move(key), std::move(kept)};
}

std::string api_key_hash(std::string_view key) { return to_hex(sha256(key)); }

json::object to_json(const ApiKey& key)
{
    return {{"id", to_string(key.id)},
            {"name", key.name},
            {"role", to_string(key.role)},
            {"created_at", to_rfc3339(key.created_at)},
            {"created_by", key.created_by},
            {"expires_at", to_json(key.expires_at)},
            {"revoked_at", to_json(key.revoked_at)},
            {"last_used_at", to_json(key.last_used_at)}};
}

Task<Reply> list_keys(Call call)
{
    const auto keys = co_await call.store().api_keys();
    if (!keys) co_return refuse(keys.error());
    json::array list;
    for (const ApiKey& key : *keys) list.emplace_back(to_json(key));
    co_return json_response(200, list);
}

Task<Reply> create_key(Call call)
{
    auto input = Input::body(call.request);
    auto name = input.text("name");
    const auto role = input.choice("role", all_roles, parse_role);
    const auto expires_at = future_time(input, "expires_at", call.now());
    for (const std::string_view required : {"name", "role"})
        if (!input.has(required) || input.is_null(required)) input.wrong(required, "is required");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    auto minted = mint_api_key(std::move(*name), *role, expires_at, call.who.actor(), call.now());
    if (!minted) co_return refuse(minted.error());
    const auto kept = co_await call.store().create_api_key(std::move(minted->kept));
    if (!kept) co_return refuse(kept.error());
    auto body = to_json(*kept);
    body["key"] = minted->key;
    co_return json_response(201, body);
}

Task<Reply> revoke_key(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    const auto revoked = co_await call.store().revoke_api_key(*id, call.who.actor(), call.now());
    if (!revoked) co_return refuse(revoked.error());
    co_return http::ServerResponse{.status = 204};
}

}  // namespace crmsync::api
