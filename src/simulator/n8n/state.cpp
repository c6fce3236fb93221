#include "simulator/n8n/state.h"

#include <algorithm>
#include <cctype>

namespace crmsync::simulator::n8n {

namespace {

constexpr std::size_t executions_max = 10'000;  // EXECUTIONS_DATA_PRUNE_MAX_COUNT

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

}  // namespace

std::string text_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string{};
}

std::string address_of(const json::object& contact) { return lower(text_of(contact, "email")); }

void State::clear()
{
    executions.clear();
    contacts.clear();
    keys.clear();
    last_execution = 0;
    created = updated = repeated = deliveries = 0;
}

Execution& State::start(std::size_t workflow, json::value body, std::string key)
{
    if (executions.size() == executions_max) executions.pop_front();
    executions.push_back({.id = ++last_execution,
                          .workflow = workflow,
                          .status = "success",
                          .started = now,
                          .body = std::move(body),
                          .key = std::move(key)});
    return executions.back();
}

bool State::keep(const json::object& contact, std::string_view key)
{
    ++deliveries;
    if (!key.empty() && !keys.emplace(key).second) {
        ++repeated;
        return false;
    }
    Contact& kept = contacts[address_of(contact)];
    ++(kept.writes++ == 0 ? created : updated);
    kept.fields = contact;
    return true;
}

const Contact* State::find(std::string_view email) const
{
    const auto found = contacts.find(lower(email));
    return found == contacts.end() ? nullptr : &found->second;
}

}  // namespace crmsync::simulator::n8n
