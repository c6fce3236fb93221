#pragma once

#include <cstddef>
#include <span>

#include "base/clock.h"
#include "domain/crm.h"
#include "engine/delivery.h"
#include "store/store.h"

namespace crmsync {

/// Is told what the engine of this process does, to count it. On the engine's loop; returns at once.
class EngineObserver {
public:
    virtual ~EngineObserver() = default;
    /// A claim was committed; `took`: in the store.
    virtual void on_claimed(Crm crm, std::size_t jobs, Duration took) = 0;
    /// Ended attempts were recorded, at `now`, and what became of each.
    virtual void on_recorded(Crm crm, std::span<const Delivered> batch, std::span<const Recorded> ends, Duration took,
                             Instant now) = 0;
    /// Contacts failed at the CRM after it had acknowledged them.
    virtual void on_failed_late(Crm crm, std::size_t jobs) = 0;
    /// Jobs were taken back from workers that died.
    virtual void on_rescued(std::size_t jobs) = 0;
};

}  // namespace crmsync
