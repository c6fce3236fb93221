#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace crmsync::api {

/// What limits are kept by: an address, an IPv6 one without the half that its owner chooses at will.
std::string network_of(std::string_view address);

struct FailureDelayOptions {
    int free = 5;            ///< Failures in a row that cost no time.
    Duration first = 250ms;  ///< The next one's delay; each further one doubles it.
    Duration most = 4s;
    Duration forget_after = 10min;
};

/// How long whoever keeps failing to authenticate waits for the answer. A success is not delayed, so nobody can lock
/// others out. Pure but for what it counts; bounded in memory.
class FailureDelay {
public:
    explicit FailureDelay(FailureDelayOptions options) : options_(options) {}

    /// Counts a failure; gives its delay.
    Duration failed(const std::string& who, Monotonic now);
    void succeeded(const std::string& who) { failures_.erase(who); }

private:
    struct Failures {
        int count = 0;
        Monotonic last{};
    };
    static constexpr std::size_t known_max = 10'000;

    FailureDelayOptions options_;
    std::unordered_map<std::string, Failures> failures_;
};

/// A number of requests per second for each caller, with as many at once (GCRA). Bounded in memory.
class RequestLimit {
public:
    /// 0: no limit.
    explicit RequestLimit(std::size_t per_second) : per_second_(per_second) {}

    /// Counts a request; when it is one too many, how long until the next is not.
    std::optional<Duration> exceeded(const std::string& who, Monotonic now);

private:
    static constexpr std::size_t known_max = 10'000;

    std::size_t per_second_;
    std::unordered_map<std::string, Monotonic> next_;  ///< When a caller would have used up nothing.
};

}  // namespace crmsync::api
