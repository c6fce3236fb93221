#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "api/call.h"
#include "domain/role.h"
#include "http/message.h"

namespace crmsync::api {

/// Everything below it needs a token, and so does /metrics unless it is open to all.
bool needs_token(std::string_view path);
inline constexpr std::string_view api_root = "/api/v3";
/// Streams its request's body, so it is served apart: `import_contacts`.
inline constexpr std::string_view import_path = "/api/v3/contacts/import";
/// Streams its answer: `EventStreams`.
inline constexpr std::string_view events_path = "/api/v3/crm/events";

struct Route {
    http::Method method;
    std::string_view path;
    std::optional<Role> role;      ///< The least that a caller must be; nothing: anybody, without a token.
    Task<Reply> (*handler)(Call);  ///< Null for the two above.
    bool has_query = false;        ///< Else a query is refused before the handler is asked.
};

std::span<const Route> all_routes();

}  // namespace crmsync::api
