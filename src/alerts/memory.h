#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/alert.h"

namespace crmsync::alerts {

/// An alert that is decided and that one way has not accepted yet.
struct Pending {
    Alert alert;
    std::string way;
    int attempts = 0;
    Instant due{};
    bool operator==(const Pending&) const = default;
};

/// An alert that was accepted.
struct Delivered {
    Alert alert;
    std::string way;
    std::string accepted_by;  ///< What the other side said.
    Instant at{};
    bool operator==(const Delivered&) const = default;
};
inline constexpr std::size_t delivered_max = 20;

/// What all processes share of what people were told.
struct Memory {
    PerCrm<AlertMemory> crm;
    std::vector<Pending> pending;      ///< In the order they were decided.
    std::vector<Delivered> delivered;  ///< Newest first, at most `delivered_max`.
    bool operator==(const Memory&) const = default;
};

/// As the store keeps it.
std::string to_text(const Memory& memory);
/// What cannot be read counts as nothing remembered.
Memory parse_memory(std::string_view text);

}  // namespace crmsync::alerts
