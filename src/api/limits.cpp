#include "api/limits.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace crmsync::api {

namespace {

constexpr unsigned short own_bits_of_v6 = 64;

/// Makes room for `who`, unless they are known: those that no longer matter go, or else all.
template <class Map, class Stale>
void make_room(Map& map, const std::string& who, std::size_t most, Stale stale)
{
    if (map.size() < most || map.contains(who)) return;
    std::erase_if(map, [&](const auto& entry) { return stale(entry.second); });
    if (map.size() >= most) map.clear();
}

}  // namespace

std::string network_of(std::string_view address)
{
    namespace ip = boost::asio::ip;
    boost::system::error_code error;
    const auto parsed = ip::make_address(address, error);
    if (error || parsed.is_v4()) return std::string(address);
    return ip::network_v6(parsed.to_v6(), own_bits_of_v6).network().to_string();
}

Duration FailureDelay::failed(const std::string& who, Monotonic now)
{
    const auto stale = [&](const Failures& failures) { return now - failures.last >= options_.forget_after; };
    make_room(failures_, who, known_max, stale);
    Failures& failures = failures_[who];
    if (stale(failures)) failures.count = 0;
    failures.last = now;
    const int beyond = ++failures.count - options_.free;
    if (beyond <= 0) return Duration{0};
    constexpr int doublings_max = 20;
    return std::min(options_.most, options_.first * (1 << std::min(beyond - 1, doublings_max)));
}

std::optional<Duration> RequestLimit::exceeded(const std::string& who, Monotonic now)
{
    if (per_second_ == 0) return std::nullopt;
    make_room(next_, who, known_max, [&](Monotonic next) { return next <= now; });
    const auto each = std::chrono::nanoseconds(1s) / static_cast<std::int64_t>(per_second_);
    Monotonic& next = next_.try_emplace(who, now).first->second;
    next = std::max(next, now);
    const auto ahead = next + each - now;
    if (ahead > std::chrono::nanoseconds(1s)) return std::chrono::ceil<Duration>(ahead - std::chrono::nanoseconds(1s));
    next += each;
    return std::nullopt;
}

}  // namespace crmsync::api
