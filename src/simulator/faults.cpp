#include "simulator/faults.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <set>

namespace crmsync::simulator {

namespace {

constexpr std::array kinds{FaultKind::none,         FaultKind::respond,         FaultKind::rate_limited,
                           FaultKind::unauthorized, FaultKind::ip_unauthorized, FaultKind::reset_before,
                           FaultKind::reset_after,  FaultKind::close_before,    FaultKind::never,
                           FaultKind::never_after,  FaultKind::reject,          FaultKind::drop_attributes};

/// SplitMix64's mixing step: every bit of the input moves every bit of the output.
std::uint64_t mix(std::uint64_t value)
{
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

double unit(std::uint64_t value) { return static_cast<double>(value >> 11) * 0x1.0p-53; }

std::uint64_t hash_of(std::string_view text)
{
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

bool is_address_character(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view(".!#$%&'*+/=?^_`{|}~-").contains(c);
}

/// The first thing that looks like an e-mail address, in lower case; empty when there is none.
std::string first_address(std::string_view text)
{
    const auto at = text.find('@');
    if (at == std::string_view::npos) return {};
    std::size_t begin = at;
    std::size_t end = at + 1;
    while (begin > 0 && is_address_character(text[begin - 1]) && text[begin - 1] != '/') --begin;
    while (end < text.size() && is_address_character(text[end]) && text[end] != '/') ++end;
    std::string address(text.substr(begin, end - begin));
    std::ranges::transform(address, address.begin(), [](unsigned char c) { return std::tolower(c); });
    return address;
}

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

/// Reads members one by one and knows which were not asked for. Throws std::invalid_argument, caught in parse_faults.
class Members {
public:
    Members(const json::object& object, std::string where) : object_(object), where_(std::move(where)) {}

    template <class T>
    T get(std::string_view name, T otherwise)
    {
        known_.insert(name);
        const auto* value = object_.if_contains(name);
        if (!value) return otherwise;
        auto result = json::try_value_to<T>(*value);
        if (!result) throw std::invalid_argument(where_ + "." + std::string(name) + " has the wrong type");
        return std::move(*result);
    }
    const json::value* find(std::string_view name)
    {
        known_.insert(name);
        return object_.if_contains(name);
    }
    void refuse_others() const
    {
        for (const auto& member : object_)
            if (!known_.contains(member.key()))
                throw std::invalid_argument(where_ + "." + std::string(member.key()) + " is unknown");
    }

private:
    const json::object& object_;
    std::string where_;
    std::set<std::string_view, std::less<>> known_;
};

void read_match(const json::object& object, FaultRule& rule)
{
    Members match(object, "match");
    rule.crm = match.get<std::string>("crm", "");
    const auto method = match.get<std::string>("method", "");
    for (const auto known : {http::Method::get, http::Method::post, http::Method::put, http::Method::patch,
                             http::Method::delete_, http::Method::options, http::Method::head})
        if (method == to_string(known)) rule.method = known;
    if (!method.empty() && !rule.method) throw std::invalid_argument("match.method is unknown");
    rule.path = match.get<std::string>("path", "");
    rule.email = lower(match.get<std::string>("email", ""));
    rule.share = match.get<double>("share", 1);
    if (rule.share < 0 || rule.share > 1) throw std::invalid_argument("match.share is not between 0 and 1");
    rule.seed = match.get<std::uint64_t>("seed", 0);
    const auto by = match.get<std::string>("by", "request");
    if (by != "request" && by != "contact") throw std::invalid_argument("match.by is neither request nor contact");
    rule.by_contact = by == "contact";
    match.refuse_others();
}

void read_effect(const json::object& object, FaultRule& rule)
{
    Members effect(object, "effect");
    const auto kind = effect.get<std::string>("kind", "none");
    const auto known = std::ranges::find(kinds, kind, [](FaultKind each) { return to_string(each); });
    if (known == kinds.end()) throw std::invalid_argument("effect.kind is unknown");
    rule.kind = *known;
    rule.latency = std::chrono::milliseconds(effect.get<std::int64_t>("latency_ms", 0));
    rule.status = effect.get<int>("status", rule.kind == FaultKind::reject ? 400 : 500);
    if (rule.status < 200 || rule.status > 599) throw std::invalid_argument("effect.status is no final status");
    if (const auto* body = effect.find("body"))
        rule.body = body->is_string() ? std::string(body->get_string()) : json::serialize(*body);
    if (const auto* headers = effect.find("headers")) {
        if (!headers->is_object()) throw std::invalid_argument("effect.headers is no object");
        for (const auto& [name, value] : headers->get_object())
            rule.headers.add(std::string(name),
                             value.is_string() ? std::string(value.get_string()) : json::serialize(value));
    }
    rule.retry_after_s = effect.get<int>("retry_after_s", 1);
    rule.attributes = effect.get<std::vector<std::string>>("attributes", {});
    effect.refuse_others();
}

FaultRule read_rule(const json::value& value)
{
    if (!value.is_object()) throw std::invalid_argument("a rule is no object");
    FaultRule rule;
    Members members(value.get_object(), "rule");
    for (const auto& [name, read] : {std::pair{"match", &read_match}, std::pair{"effect", &read_effect}}) {
        const auto* part = members.find(name);
        if (!part) continue;
        if (!part->is_object()) throw std::invalid_argument(std::string(name) + " is no object");
        read(part->get_object(), rule);
    }
    rule.skip = members.get<std::uint64_t>("skip", 0);
    rule.times = members.get<std::uint64_t>("times", UINT64_MAX);
    members.refuse_others();
    return rule;
}

}  // namespace

std::string_view to_string(FaultKind kind)
{
    switch (kind) {
        case FaultKind::none:
            return "none";
        case FaultKind::respond:
            return "respond";
        case FaultKind::rate_limited:
            return "rate_limited";
        case FaultKind::unauthorized:
            return "unauthorized";
        case FaultKind::ip_unauthorized:
            return "ip_unauthorized";
        case FaultKind::reset_before:
            return "reset_before";
        case FaultKind::reset_after:
            return "reset_after";
        case FaultKind::close_before:
            return "close_before";
        case FaultKind::never:
            return "never";
        case FaultKind::never_after:
            return "never_after";
        case FaultKind::reject:
            return "reject";
        case FaultKind::drop_attributes:
            return "drop_attributes";
    }
    __builtin_unreachable();
}

Result<std::vector<FaultRule>> parse_faults(const json::value& rules)
{
    if (!rules.is_array()) return fail(ErrorCode::invalid, "the faults are no list");
    std::vector<FaultRule> parsed;
    try {
        for (const auto& rule : rules.get_array()) parsed.push_back(read_rule(rule));
    } catch (const std::invalid_argument& error) {
        return fail(ErrorCode::invalid, "rule " + std::to_string(parsed.size()) + ": " + error.what());
    }
    return parsed;
}

void FaultPlan::set(std::vector<FaultRule> rules)
{
    rules_.clear();
    for (auto& rule : rules) rules_.push_back({.rule = std::make_shared<const FaultRule>(std::move(rule))});
}

bool FaultPlan::take(Active& active, std::string_view email)
{
    const FaultRule& rule = *active.rule;
    if (active.hits >= rule.times) return false;
    const std::uint64_t key = rule.by_contact ? hash_of(email) : active.matches;
    ++active.matches;
    if (active.matches <= rule.skip) return false;
    if (rule.share < 1 && unit(mix(rule.seed ^ mix(key))) >= rule.share) return false;
    ++active.hits;
    return true;
}

FaultDecision FaultPlan::decide(std::string_view crm, std::string_view path, const http::ServerRequest& request)
{
    FaultDecision decision;
    std::optional<std::string> address;
    const auto contact = [&]() -> const std::string& {
        if (!address) address = first_address(path);
        if (address->empty()) address = first_address(request.body);
        return *address;
    };
    for (auto& active : rules_) {
        const FaultRule& rule = *active.rule;
        if (rule.kind == FaultKind::reject || (!rule.crm.empty() && rule.crm != crm) ||
            (rule.method && *rule.method != request.method) || !path.starts_with(rule.path))
            continue;
        if (!rule.email.empty() && !lower(path).contains(rule.email) && !lower(request.body).contains(rule.email))
            continue;
        if (rule.kind != FaultKind::none && decision.rule) continue;
        if (!take(active, rule.by_contact ? contact() : std::string_view{})) continue;
        decision.latency += rule.latency;
        if (rule.kind != FaultKind::none) decision.rule = active.rule;
    }
    return decision;
}

std::shared_ptr<const FaultRule> FaultPlan::rejects(std::string_view crm, std::string_view email)
{
    for (auto& active : rules_) {
        const FaultRule& rule = *active.rule;
        if (rule.kind == FaultKind::reject && (rule.crm.empty() || rule.crm == crm) && email.contains(rule.email) &&
            take(active, email))
            return active.rule;
    }
    return nullptr;
}

json::array FaultPlan::hits() const
{
    json::array hits;
    for (const auto& active : rules_)
        hits.push_back(json::object{{"kind", to_string(active.rule->kind)}, {"hits", active.hits}});
    return hits;
}

}  // namespace crmsync::simulator
