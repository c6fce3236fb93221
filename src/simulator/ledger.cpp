#include "simulator/ledger.h"

#include <algorithm>

namespace crmsync::simulator {

namespace json = boost::json;

void Ledger::record(std::string_view crm, std::string_view route, const http::ServerRequest& request, int status,
                    Instant at)
{
    ++counts_[crm][route][status];
    const std::uint64_t number = total_++;
    if (capacity_ == 0) return;
    if (ring_.size() < capacity_) ring_.emplace_back();
    Entry& entry = ring_[number % capacity_];
    entry.number = number;
    entry.method = request.method;
    entry.status = status;
    entry.at = at;
    entry.path = request.path;
    if (with_bodies_)
        entry.body = request.body;
    else
        entry.body.clear();
}

json::object Ledger::counts() const
{
    json::object result;
    for (const auto& [crm, routes] : counts_) {
        json::object by_route;
        for (const auto& [route, statuses] : routes) {
            json::object by_status;
            for (const auto& [status, count] : statuses) by_status[std::to_string(status)] = count;
            by_route[route] = std::move(by_status);
        }
        result[crm] = std::move(by_route);
    }
    return result;
}

json::array Ledger::requests(std::size_t limit) const
{
    json::array result;
    const std::uint64_t count = std::min<std::uint64_t>(limit, ring_.size());
    for (std::uint64_t number = total_ - count; number < total_; ++number) {
        const Entry& entry = ring_[number % capacity_];
        json::object row{{"number", entry.number},
                         {"method", to_string(entry.method)},
                         {"path", entry.path},
                         {"status", entry.status},
                         {"at", to_rfc3339(entry.at)}};
        if (!entry.body.empty()) row["body"] = entry.body;
        result.push_back(std::move(row));
    }
    return result;
}

void Ledger::clear()
{
    total_ = 0;
    ring_.clear();
    counts_.clear();
}

}  // namespace crmsync::simulator
