#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace crmsync::ingest {

inline constexpr std::size_t field_bytes_max = 1u << 20;
inline constexpr std::size_t row_bytes_max = 4u << 20;

/// Where a record stands in the input, and how it looked there. Lines count from 1; a quoted line break makes a record
/// span several.
struct Place {
    std::uint64_t line = 0;
    std::uint64_t last_line = 0;
    std::string_view text;  ///< As it came, without the line break at its end; at most `row_bytes_max` of it.
};

/// One row of a table. Valid during the callback alone.
struct Record {
    Place place;
    std::span<const std::string_view> fields;
    std::string_view problem;  ///< Why it can't be read, for people; empty when it was read.
};

}  // namespace crmsync::ingest
