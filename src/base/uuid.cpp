#include "base/uuid.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace crmsync {

namespace {

int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_string(const Uuid& id)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[id.bytes[i] >> 4];
        text += digits[id.bytes[i] & 0x0f];
    }
    return text;
}

Result<Uuid> parse_uuid(std::string_view text)
{
    const auto bad = [] { return fail(ErrorCode::invalid, "not a UUID"); };
    const bool hyphens = text.size() == 36;
    if (!hyphens && text.size() != 32) return bad();
    Uuid id;
    std::size_t at = 0;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return bad();
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return bad();
        id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
        at += 2;
    }
    return id;
}

Uuid make_uuid7(Instant now, std::uint64_t random_high, std::uint64_t random_low)
{
    const auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    const std::uint64_t high = ms << 16 | 0x7000 | (random_high & 0x0fff);
    const std::uint64_t low = (random_low & 0x3fff'ffff'ffff'ffff) | 0x8000'0000'0000'0000;
    Uuid id;
    for (std::size_t i = 0; i < 8; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        id.bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    return id;
}

std::uint64_t random_u64()
{
    std::uint64_t value = 0;
    // Without randomness there are no safe tokens; nothing sensible can go on.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) std::abort();
    return value;
}

Uuid random_uuid7(Instant now) { return make_uuid7(now, random_u64(), random_u64()); }

}  // namespace crmsync
