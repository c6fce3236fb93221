#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/role.h"

namespace crmsync {

/// A key that lets a machine call the API. The key itself is kept nowhere; whoever sends one is known by its hash.
struct ApiKey {
    Uuid id;
    std::string name;
    Role role = Role::viewer;
    Instant created_at{};
    std::string created_by;
    std::optional<Instant> expires_at;
    std::optional<Instant> revoked_at;
    std::optional<Instant> last_used_at;  ///< To the minute.
};

struct NewApiKey {
    std::string hash;  ///< SHA-256 of the key, in hex.
    std::string name;
    Role role = Role::viewer;
    std::optional<Instant> expires_at;
    std::string actor;
    Instant now{};
};
inline constexpr std::size_t api_keys_max = 1000;  ///< That a list shows.

}  // namespace crmsync
