#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace crmsync::n8n {

/// "sha256=" and, in hex, the HMAC-SHA256 of idempotency key, timestamp and body joined by dots: what a workflow checks
/// to know that a call is ours, unchanged, and no old one sent again. docs/n8n.md shows how.
std::string signature(std::string_view secret, std::string_view idempotency_key, std::string_view timestamp,
                      std::string_view body);

/// A JSON Web Token (HS256) that is good for five minutes.
std::string json_web_token(std::string_view secret, Instant now);

}  // namespace crmsync::n8n
