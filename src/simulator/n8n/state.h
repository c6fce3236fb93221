#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "simulator/n8n/options.h"

namespace crmsync::simulator::n8n {

namespace json = boost::json;

/// One run of a workflow, as the public API shows it.
struct Execution {
    std::int64_t id = 0;
    std::size_t workflow = 0;  ///< Its place among the options' workflows; n8n's id of it is one more.
    std::string status;        ///< success, error or crashed.
    Instant started{};
    json::value body;  ///< As the webhook node hands it on.
    std::string key;   ///< The Idempotency-Key header.
};

/// What the workflows made of one address.
struct Contact {
    json::object fields;
    std::uint64_t writes = 0;
};

/// All that an installation remembers.
struct State {
    explicit State(N8nOptions installed) : options(std::move(installed)) {}
    void clear();
    /// A new execution; the oldest is pruned when there are many.
    Execution& start(std::size_t workflow, json::value body, std::string key);
    /// Keeps a contact by its address. False when the key says that this was done before.
    bool keep(const json::object& contact, std::string_view key);
    const Contact* find(std::string_view email) const;

    N8nOptions options;
    Instant now{};
    std::deque<Execution> executions;  ///< Oldest first.
    std::map<std::string, Contact, std::less<>> contacts;
    std::set<std::string, std::less<>> keys;
    std::int64_t last_execution = 0;
    std::uint64_t created = 0, updated = 0, repeated = 0, deliveries = 0;
};

/// The contact's address in lower case; empty when it has none.
std::string address_of(const json::object& contact);
/// A text member; empty when there is none.
std::string text_of(const json::object& in, std::string_view name);

}  // namespace crmsync::simulator::n8n
