#pragma once

#include <algorithm>
#include <cstddef>

namespace crmsync {

/// How many calls may be in flight: starts small, doubles per round trip while all goes well, halves on trouble. So an
/// outage is met by few calls, and a slow CRM is not pushed over.
class Concurrency {
public:
    explicit Concurrency(std::size_t max) : max_(std::max<std::size_t>(max, 1)) {}

    std::size_t limit() const { return std::min(limit_, max_); }
    void on_success() { limit_ = std::min(limit_ + 1, max_); }
    void on_trouble() { limit_ = std::max<std::size_t>(limit_ / 2, 1); }
    void restart() { limit_ = std::min<std::size_t>(start, max_); }

    static constexpr std::size_t start = 4;

private:
    std::size_t max_;
    std::size_t limit_ = start;
};

}  // namespace crmsync
