#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crmsync {

/// Digests and signatures are raw bytes; hex and base64 make them printable.
std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Whether both are the same, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b);

/// "sha256=" and, in hex, the HMAC-SHA256 of id, timestamp and body joined by dots: what a receiver checks to know that
/// a call is ours, unchanged, and no old one sent again.
std::string call_signature(std::string_view secret, std::string_view id, std::string_view timestamp,
                           std::string_view body);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
/// RFC 4648's alphabet for URLs, without padding: what JSON Web Tokens are made of.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace crmsync
