#include "engine/erasure.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace crmsync {

namespace {

constexpr Duration patience = 10s;

}  // namespace

Task<Result<Erased>> erase_at(Store& store, Connector& connector, Clock& clock, Lookup lookup)
{
    const ConnectorTraits& traits = connector.traits();
    if (!traits.erases)
        co_return fail(ErrorCode::invalid, fmt::format("{} cannot be asked to delete a contact; see to it there",
                                                       display_name(traits.crm)));
    const Instant last = clock.now() + patience;
    for (;;) {
        const auto grant =
            co_await store.reserve_calls({.crm = traits.crm, .budget = traits.budget, .wanted = 1, .now = clock.now()});
        if (!grant) co_return std::unexpected(grant.error());
        if (grant->count > 0) break;
        if (grant->again_at > last)
            co_return fail(ErrorCode::unavailable, fmt::format("{}: {}", display_name(traits.crm), grant->why));
        co_await sleep_for(clock, std::max<Duration>(grant->again_at - clock.now(), 1ms));
    }
    auto erased = co_await connector.erase(std::move(lookup));
    const int also_made = erased ? erased->exchange.calls - 1 : 0;
    if (also_made <= 0) co_return erased;
    // Booked afterwards, as those of a verification are.
    const auto booked = co_await store.reserve_calls({.crm = traits.crm,
                                                      .budget = traits.budget,
                                                      .wanted = 0,
                                                      .also_made = also_made,
                                                      .limits = erased->exchange.limits,
                                                      .now = clock.now()});
    if (!booked) co_return std::unexpected(booked.error());
    co_return erased;
}

}  // namespace crmsync
