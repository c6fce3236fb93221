#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.h"

namespace crmsync {

/// What both dialects ask for a forecast; they differ in how they name the rows alone. `picked` selects id, updated_at,
/// address and phone (its last digits) of the target. Yields the largest groups' members as `ForecastRow`, in order.
std::string same_address_sql(std::string_view picked);
std::string same_phone_sql(std::string_view picked);

/// One example of a group, with the sums over all groups.
struct ForecastRow {
    std::string_view shared;
    std::int64_t contacts = 0;
    std::int64_t all_groups = 0;
    std::int64_t all_contacts = 0;
    Uuid id;
};
void add(Forecast::Meeting& meeting, const ForecastRow& row);

}  // namespace crmsync
