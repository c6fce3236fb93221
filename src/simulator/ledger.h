#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "http/server.h"

namespace crmsync::simulator {

/// What the simulator was asked and what it said: counts for ever, details for the last requests.
class Ledger {
public:
    Ledger(std::size_t capacity, bool with_bodies) : capacity_(capacity), with_bodies_(with_bodies) {}

    /// `status` 0: there was no answer.
    void record(std::string_view crm, std::string_view route, const http::ServerRequest& request, int status,
                Instant at);
    /// {"brevo": {"POST /contacts": {"201": 5}}}
    boost::json::object counts() const;
    /// Oldest first, at most `limit`, the newest ones.
    boost::json::array requests(std::size_t limit) const;
    void log_bodies(bool with_bodies) { with_bodies_ = with_bodies; }
    void clear();

private:
    struct Entry {
        std::uint64_t number = 0;
        http::Method method = http::Method::get;
        int status = 0;
        Instant at{};
        std::string path;
        std::string body;
    };

    std::size_t capacity_;
    bool with_bodies_;
    std::uint64_t total_ = 0;
    std::vector<Entry> ring_;
    std::unordered_map<std::string_view, std::unordered_map<std::string_view, std::map<int, std::uint64_t>>> counts_;
};

}  // namespace crmsync::simulator
