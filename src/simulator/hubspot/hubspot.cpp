#include "simulator/hubspot/hubspot.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "simulator/hubspot/account.h"
#include "simulator/hubspot/batches.h"
#include "simulator/hubspot/consent.h"
#include "simulator/hubspot/contacts.h"
#include "simulator/hubspot/lists.h"
#include "simulator/hubspot/oauth.h"
#include "simulator/hubspot/properties.h"
#include "simulator/hubspot/rate_limit.h"
#include "simulator/hubspot/search.h"

namespace crmsync::simulator::hubspot {

namespace {

constexpr auto interval = std::chrono::seconds(10);

http::ServerResponse too_many(std::string_view policy, std::string_view message)
{
    return json_response(429, json::object{{"status", "error"},
                                           {"message", message},
                                           {"errorType", "RATE_LIMIT"},
                                           {"correlationId", "aeb5f871-7f07-4993-9211-075dc63e7cbf"},
                                           {"policyName", policy},
                                           {"requestId", "0189aef2"}});
}

/// What of paths needs which right.
std::string_view scope_of(const Call& call)
{
    const bool reads =
        call.request.method == http::Method::get || call.path.ends_with("/read") || call.path.ends_with("/search");
    if (call.path.starts_with("/crm/v3/objects/contacts"))
        return reads ? "crm.objects.contacts.read" : "crm.objects.contacts.write";
    if (call.path.starts_with("/crm/v3/lists")) return reads ? "crm.lists.read" : "crm.lists.write";
    if (call.path.starts_with("/crm/v3/properties"))
        return reads ? "crm.schemas.contacts.read" : "crm.schemas.contacts.write";
    return {};
}

class HubSpot final : public Crm {
public:
    HubSpot(Clock& clock, HubSpotOptions options, FaultPlan& plan)
        : clock_(clock),
          state_(std::move(options)),
          contacts_(state_, plan),
          batches_(state_, contacts_),
          search_(state_, contacts_),
          properties_(state_),
          lists_(state_),
          oauth_(state_)
    {
        contacts_.add_to(routes_);
        batches_.add_to(routes_);
        search_.add_to(routes_);
        properties_.add_to(routes_);
        lists_.add_to(routes_);
        oauth_.add_to(routes_);
        add_consent(routes_, state_);
        add_account(routes_, state_, daily_);
        set_rates();
    }

    std::string_view name() const override { return "hubspot"; }
    std::string_view base() const override { return "/hubspot"; }
    Answer answer(const Call& call) override;
    http::ServerResponse unauthorized() const override { return reply(no_credentials()); }
    http::ServerResponse ip_unauthorized(std::string_view) const override { return unauthorized(); }
    http::ServerResponse rate_limited(int retry_after_s) const override;
    std::string error_body(int status) const override;
    json::object state() const override;
    json::value find_contact(std::string_view email) const override;
    Status configure(const json::object& settings) override;
    void reset() override;

private:
    http::ServerResponse serve(const Call& call, const http::RouteTable::Match& match);
    std::optional<http::ServerResponse> refuse_rate(const Call& call, OAuth::Caller caller);
    void add_rates(http::Headers& headers, OAuth::Caller caller) const;
    bool is_granted(std::string_view scope) const;
    void set_rates();

    Clock& clock_;
    mutable State state_;
    Contacts contacts_;
    Batches batches_;
    Search search_;
    Properties properties_;
    Lists lists_;
    OAuth oauth_;
    Routes routes_;
    RollingLimit private_burst_;
    RollingLimit oauth_burst_;
    RollingLimit searches_;
    DailyLimit daily_;
};

void HubSpot::set_rates()
{
    const HubSpotOptions& options = state_.options;
    private_burst_ = {options.per_10_seconds, interval};
    oauth_burst_ = {options.oauth_per_10_seconds, interval};
    searches_ = {options.search_per_second, std::chrono::seconds(1)};
    daily_ = {options.per_day, options.utc_offset};
}

bool HubSpot::is_granted(std::string_view scope) const
{
    const std::string& granted = state_.options.granted;
    return scope.empty() || granted == "all" || (" " + granted + " ").contains(" " + std::string(scope) + " ");
}

std::optional<http::ServerResponse> HubSpot::refuse_rate(const Call& call, OAuth::Caller caller)
{
    const bool is_search = call.path == Search::path;
    if (is_search && !searches_.take(clock_.monotonic()))
        return too_many("SECONDLY", "You have reached your secondly limit.");
    RollingLimit& burst = caller == OAuth::Caller::oauth_app ? oauth_burst_ : private_burst_;
    if (!is_search && !burst.take(clock_.monotonic()))
        return too_many("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.");
    if (caller == OAuth::Caller::private_app && !daily_.take(state_.now))
        return too_many("DAILY", "You have reached your daily limit.");
    return std::nullopt;
}

void HubSpot::add_rates(http::Headers& headers, OAuth::Caller caller) const
{
    const auto add = [&](std::string_view name, std::uint64_t value) {
        headers.add("X-HubSpot-RateLimit-" + std::string(name), std::to_string(value));
    };
    const RollingLimit& burst = caller == OAuth::Caller::oauth_app ? oauth_burst_ : private_burst_;
    if (burst.limit() > 0) {
        add("Max", burst.limit());
        add("Remaining", burst.remaining());
        add("Interval-Milliseconds", 10'000);
        add("Secondly", burst.limit() / 10);
        add("Secondly-Remaining", burst.limit() / 10);
    }
    if (caller == OAuth::Caller::oauth_app || daily_.limit() == 0) return;
    add("Daily", daily_.limit());
    add("Daily-Remaining", daily_.remaining());
}

Answer HubSpot::answer(const Call& call)
{
    state_.now = clock_.now();
    const auto match = routes_.table().match(call.request.method, call.path);
    const bool known = match.route != http::RouteTable::none;
    const std::string_view route = known ? routes_.name(match.route) : "other";
    if (OAuth::is_token_endpoint(call.path) && known)
        return {routes_.handler(match.route)(call, match.parameters), route};
    const auto caller = oauth_.authenticate(call.request);
    if (!caller) return {reply(caller.error()), route};
    auto refused = refuse_rate(call, *caller);
    http::ServerResponse response = refused ? *std::move(refused) : serve(call, match);
    if (call.path != Search::path) add_rates(response.headers, *caller);
    return {std::move(response), route};
}

http::ServerResponse HubSpot::serve(const Call& call, const http::RouteTable::Match& match)
{
    if (match.route == http::RouteTable::none) {
        if (match.allow.empty()) return reply(not_found());
        return reply(Problem{.status = 405, .category = "METHOD_NOT_ALLOWED", .message = "Method not allowed"});
    }
    if (const auto scope = scope_of(call); !is_granted(scope)) return reply(missing_scopes(scope));
    const auto type = call.request.headers.find("content-type");
    if (!call.request.body.empty() && (!type || !type->starts_with("application/json")))
        return reply(Problem{.status = 415, .category = "UNSUPPORTED_MEDIA_TYPE", .message = "Unsupported media type"});
    return routes_.handler(match.route)(call, match.parameters);
}

http::ServerResponse HubSpot::rate_limited(int retry_after_s) const
{
    auto response = too_many("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.");
    response.headers.add("Retry-After", std::to_string(retry_after_s));
    return response;
}

std::string HubSpot::error_body(int status) const
{
    if (status < 400) return {};
    if (status >= 520 || status == 502 || status == 504)
        return "<html><body>Error " + std::to_string(status) + "</body></html>";
    const std::string_view category = status == 401   ? "INVALID_AUTHENTICATION"
                                      : status == 403 ? "MISSING_SCOPES"
                                      : status == 404 ? "OBJECT_NOT_FOUND"
                                      : status == 409 ? "CONFLICT"
                                      : status == 429 ? "RATE_LIMITS"
                                      : status >= 500 ? "INTERNAL_ERROR"
                                                      : "VALIDATION_ERROR";
    return json::serialize(json::object{{"status", "error"},
                                        {"message", "Simulated error"},
                                        {"correlationId", "aeb5f871-7f07-4993-9211-075dc63e7cbf"},
                                        {"category", category}});
}

json::object HubSpot::state() const
{
    const auto& counts = state_.counts;
    return {{"contacts", state_.contacts().size()},
            {"created", counts.created},
            {"updated", counts.updated},
            {"deleted", counts.deleted},
            {"clashes", counts.clashes},
            // HubSpot cannot have two contacts with one address.
            {"duplicates", 0}};
}

json::value HubSpot::find_contact(std::string_view email) const
{
    const Contact* contact = state_.find(State::email, lower(email));
    if (!contact) return nullptr;
    std::vector<std::string> all;
    for (const auto& property : state_.properties())
        if (property && !contacts_.read_value(*contact, *property).empty()) all.push_back(property->name);
    json::object found = contacts_.render(*contact, all);
    json::array lists;
    for (const auto& [id, list] : state_.lists)
        if (list.members.contains(contact->id)) lists.emplace_back(id);
    found["lists"] = std::move(lists);
    found["writes"] = contact->writes;
    return found;
}

Status HubSpot::configure(const json::object& settings)
{
    HubSpotOptions& options = state_.options;
    const std::pair<std::string_view, std::string*> texts[] = {{"token", &options.token},
                                                               {"client_id", &options.client_id},
                                                               {"client_secret", &options.client_secret},
                                                               {"refresh_token", &options.refresh_token},
                                                               {"granted", &options.granted},
                                                               {"time_zone", &options.time_zone}};
    const std::pair<std::string_view, std::uint32_t*> numbers[] = {
        {"per_10_seconds", &options.per_10_seconds},
        {"oauth_per_10_seconds", &options.oauth_per_10_seconds},
        {"per_day", &options.per_day},
        {"search_per_second", &options.search_per_second}};
    const std::pair<std::string_view, bool*> switches[] = {{"rotate_refresh_token", &options.rotate_refresh_token},
                                                           {"ignore_trace_ids", &options.ignore_trace_ids}};
    for (const auto& [key, value] : settings) {
        const std::string_view name(key.data(), key.size());
        const auto set = [&](const auto& table, auto&& read) {
            const auto found = std::ranges::find(table, name, [](const auto& entry) { return entry.first; });
            return found != std::end(table) && read(*found->second);
        };
        const auto number = json::try_value_to<std::int64_t>(value);
        const bool known =
            set(texts, [&](auto& target) { return value.is_string() && (target = value.get_string(), true); }) ||
            set(numbers,
                [&](auto& target) {
                    return number && *number >= 0 && (target = static_cast<std::uint32_t>(*number), true);
                }) ||
            set(switches, [&](auto& target) { return value.is_bool() && (target = value.get_bool(), true); });
        if (known) continue;
        if (name == "search_lag_ms" && number)
            options.search_lag = std::chrono::milliseconds(*number);
        else if (name == "token_life_s" && number)
            options.token_life = std::chrono::seconds(*number);
        else if (name == "utc_offset_minutes" && number)
            options.utc_offset = std::chrono::minutes(*number);
        else
            return fail(ErrorCode::invalid, "Unknown or wrong setting " + std::string(name), std::string(name));
    }
    set_rates();
    return {};
}

void HubSpot::reset()
{
    state_.now = clock_.now();
    state_.clear();
    oauth_.clear();
    set_rates();
}

}  // namespace

std::unique_ptr<Crm> make_hubspot(Clock& clock, HubSpotOptions options, FaultPlan& plan)
{
    return std::make_unique<HubSpot>(clock, std::move(options), plan);
}

}  // namespace crmsync::simulator::hubspot
