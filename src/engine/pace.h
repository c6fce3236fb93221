#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.h"

namespace crmsync {

/// How fast jobs come to an end, of late.
class Pace {
public:
    void add(std::size_t ended, Monotonic now)
    {
        if (now - since_ >= 2 * span) {
            since_ = now;  // Nothing came for a while: that tells nothing.
            before_ = count_ = 0;
        } else if (now - since_ >= span) {
            before_ = count_;
            since_ = now;
            count_ = 0;
        }
        count_ += ended;
    }
    /// Jobs that ended within the last `span`, about.
    std::size_t per_span() const { return std::max(before_, count_); }

    static constexpr Duration span = 40ms;

private:
    Monotonic since_{};
    std::size_t count_ = 0;
    std::size_t before_ = 0;
};

}  // namespace crmsync
