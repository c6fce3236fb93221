#pragma once

#include <memory>

#include "base/clock.h"
#include "fuzz/support/support.h"
#include "store/store.h"

namespace crmsync::fuzz {

/// A SQLite database in memory, on a clock that stands still.
class Database {
public:
    Loop& loop() { return loop_; }
    ManualClock& clock() { return clock_; }
    /// Empty of contacts: those of the input before are deleted.
    Store& emptied();
    Store& store() { return *store_; }

private:
    void open();

    Loop loop_;
    ManualClock clock_{Instant{std::chrono::seconds{1'800'000'000}}};
    std::unique_ptr<Store> store_;
    int inputs_ = 0;
};

}  // namespace crmsync::fuzz
