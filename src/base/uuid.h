#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace crmsync {

/// 128 bits, written as RFC 9562 does, in lower case.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;
};

std::string to_string(const Uuid& id);
/// Accepts either case, with or without hyphens; nothing else.
Result<Uuid> parse_uuid(std::string_view text);
/// Version 7: sorts by time of making, so that index inserts stay on the last page. `random` supplies 74 of its bits.
Uuid make_uuid7(Instant now, std::uint64_t random_high, std::uint64_t random_low);

/// Cryptographically strong.
std::uint64_t random_u64();
Uuid random_uuid7(Instant now);

}  // namespace crmsync

template <>
struct std::hash<crmsync::Uuid> {
    std::size_t operator()(const crmsync::Uuid& id) const noexcept
    {
        return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    }
};
