#pragma once

#include "api/call.h"
#include "store/api_key.h"

namespace crmsync::api {

/// What every API key begins with: it tells them from JWTs, and a scanner of repositories from other texts.
inline constexpr std::string_view api_key_prefix = "crmsync_";
/// The prefix and 256 random bits.
inline constexpr std::size_t api_key_bytes = api_key_prefix.size() + 43;
inline constexpr std::size_t api_key_name_bytes_max = 100;

/// A fresh key: what its owner sends, shown once, and what is kept of it.
struct MintedKey {
    std::string key;
    NewApiKey kept;
};
/// `invalid` for a name that is empty or too long.
Result<MintedKey> mint_api_key(std::string name, Role role, std::optional<Instant> expires_at, std::string actor,
                               Instant now);
/// By which it is found.
std::string api_key_hash(std::string_view key);

boost::json::object to_json(const ApiKey& key);

Task<Reply> list_keys(Call call);
Task<Reply> create_key(Call call);
Task<Reply> revoke_key(Call call);

}  // namespace crmsync::api
