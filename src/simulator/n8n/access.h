#pragma once

#include <optional>

#include "http/server.h"
#include "simulator/n8n/state.h"

namespace crmsync::simulator::n8n {

/// What a webhook node says to a caller it does not let in; nothing when it does.
std::optional<http::ServerResponse> check_caller(const State& state, const http::ServerRequest& request);

/// Whether a workflow that checks signatures believes this one: X-Crmsync-Signature is "sha256=" and, in hex, the
/// HMAC-SHA256 of Idempotency-Key, X-Crmsync-Timestamp and the body, joined by dots.
bool is_signed(const State& state, const http::ServerRequest& request);

}  // namespace crmsync::simulator::n8n
