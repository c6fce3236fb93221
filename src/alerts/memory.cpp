#include "alerts/memory.h"

#include <algorithm>
#include <boost/json.hpp>

namespace crmsync::alerts {

namespace json = boost::json;

namespace {

// ---- To JSON. Times are microseconds.

std::int64_t number(Instant at) { return at.time_since_epoch().count(); }
json::value number(const std::optional<Instant>& at) { return at ? json::value(number(*at)) : json::value(nullptr); }

json::object to_object(const Alert& alert)
{
    json::array causes;
    for (const AlertCause& cause : alert.causes)
        causes.push_back({{"code", cause.code}, {"count", cause.count}, {"example", to_string(cause.example)}});
    return {{"id", alert.id},
            {"kind", to_string(alert.kind)},
            {"level", to_string(alert.level)},
            {"crm", alert.crm ? json::value(to_string(*alert.crm)) : json::value(nullptr)},
            {"condition", to_string(alert.condition)},
            {"why", alert.why},
            {"since", number(alert.since)},
            {"at", number(alert.at)},
            {"waiting", alert.waiting},
            {"failures", alert.failures},
            {"failed_now", alert.failed_now},
            {"causes", std::move(causes)}};
}

json::object to_object(const AlertMemory& memory)
{
    json::array at_least;
    for (const auto& since : memory.at_least) at_least.push_back(number(since));
    json::object counted;
    for (const auto& [code, count] : memory.counted) counted[code] = count;
    json::object result{{"at_least", std::move(at_least)},         {"eased_since", number(memory.eased_since)},
                        {"well_since", number(memory.well_since)}, {"counted_before", memory.counted_before},
                        {"counted", std::move(counted)},           {"fresh_since", number(memory.fresh_since)},
                        {"digest_at", number(memory.digest_at)}};
    if (memory.told)
        result["told"] = {{"condition", to_string(memory.told->condition)},
                          {"since", number(memory.told->since)},
                          {"at", number(memory.told->at)}};
    return result;
}

// ---- And back. Throws what Boost.JSON throws.

Instant read_time(const json::value& value) { return Instant{Duration{value.as_int64()}}; }
std::optional<Instant> read_optional(const json::value& value)
{
    if (value.is_null()) return std::nullopt;
    return read_time(value);
}

template <class Words>
auto read_word(const Words& words, const json::value& value)
{
    const std::string_view text = value.as_string();
    const auto* found = std::ranges::find_if(words, [&](auto word) { return to_string(word) == text; });
    return found == words.end() ? words.front() : *found;
}

Alert read_alert(const json::value& value)
{
    Alert alert;
    alert.id = value.at("id").as_string();
    alert.kind = read_word(all_alert_kinds, value.at("kind"));
    alert.level = read_word(all_alert_levels, value.at("level"));
    if (!value.at("crm").is_null()) alert.crm = parse_crm(std::string_view(value.at("crm").as_string()));
    alert.condition = read_word(all_conditions, value.at("condition"));
    alert.why = value.at("why").as_string();
    alert.since = read_time(value.at("since"));
    alert.at = read_time(value.at("at"));
    alert.waiting = value.at("waiting").as_int64();
    alert.failures = value.at("failures").as_int64();
    alert.failed_now = value.at("failed_now").as_int64();
    for (const json::value& cause : value.at("causes").as_array())
        alert.causes.push_back({.code = std::string(cause.at("code").as_string()),
                                .count = cause.at("count").as_int64(),
                                .example = parse_uuid(cause.at("example").as_string()).value_or(Uuid{})});
    return alert;
}

AlertMemory read_crm_memory(const json::value& value)
{
    AlertMemory memory;
    const json::array& at_least = value.at("at_least").as_array();
    for (std::size_t i = 0; i < std::min(at_least.size(), memory.at_least.size()); ++i)
        memory.at_least[i] = read_optional(at_least[i]);
    memory.eased_since = read_optional(value.at("eased_since"));
    memory.well_since = read_optional(value.at("well_since"));
    memory.counted_before = value.at("counted_before").as_bool();
    for (const auto& [code, count] : value.at("counted").as_object()) memory.counted[code] = count.as_int64();
    memory.fresh_since = read_optional(value.at("fresh_since"));
    memory.digest_at = read_optional(value.at("digest_at"));
    if (const json::value* told = value.as_object().if_contains("told"))
        memory.told = {.condition = read_word(all_conditions, told->at("condition")),
                       .since = read_time(told->at("since")),
                       .at = read_time(told->at("at"))};
    return memory;
}

Memory read_memory(const json::value& value)
{
    Memory memory;
    for (const Crm crm : all_crms) memory.crm[crm] = read_crm_memory(value.at(to_string(crm)));
    for (const json::value& each : value.at("pending").as_array())
        memory.pending.push_back({.alert = read_alert(each.at("alert")),
                                  .way = std::string(each.at("way").as_string()),
                                  .attempts = static_cast<int>(each.at("attempts").as_int64()),
                                  .due = read_time(each.at("due"))});
    for (const json::value& each : value.at("delivered").as_array())
        memory.delivered.push_back({.alert = read_alert(each.at("alert")),
                                    .way = std::string(each.at("way").as_string()),
                                    .accepted_by = std::string(each.at("accepted_by").as_string()),
                                    .at = read_time(each.at("at"))});
    return memory;
}

}  // namespace

std::string to_text(const Memory& memory)
{
    json::object result;
    for (const Crm crm : all_crms) result[to_string(crm)] = to_object(memory.crm[crm]);
    json::array pending, delivered;
    for (const Pending& each : memory.pending)
        pending.push_back({{"alert", to_object(each.alert)},
                           {"way", each.way},
                           {"attempts", each.attempts},
                           {"due", number(each.due)}});
    for (const Delivered& each : memory.delivered)
        delivered.push_back({{"alert", to_object(each.alert)},
                             {"way", each.way},
                             {"accepted_by", each.accepted_by},
                             {"at", number(each.at)}});
    result["pending"] = std::move(pending);
    result["delivered"] = std::move(delivered);
    return json::serialize(result);
}

Memory parse_memory(std::string_view text)
{
    if (text.empty()) return {};
    try {
        return read_memory(json::parse(text));
    } catch (const std::exception&) {
        return {};
    }
}

}  // namespace crmsync::alerts
