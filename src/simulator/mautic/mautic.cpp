#include "simulator/mautic/mautic.h"

#include <array>
#include <boost/json/value_to.hpp>

#include "simulator/mautic/access.h"
#include "simulator/mautic/contacts.h"
#include "simulator/mautic/fields.h"
#include "simulator/mautic/rate_limit.h"
#include "simulator/mautic/segments.h"

namespace crmsync::simulator::mautic {

namespace {

constexpr std::string_view token_path = "/oauth/v2/token";

class Mautic final : public Crm {
public:
    Mautic(Clock& clock, MauticOptions options, FaultPlan& plan)
        : clock_(clock),
          state_(std::move(options)),
          contacts_(state_, plan),
          fields_(state_),
          segments_(state_),
          access_(state_),
          rate_(state_.options.requests_per_hour)
    {
        contacts_.add_to(routes_);
        fields_.add_to(routes_);
        segments_.add_to(routes_);
        routes_.add(http::Method::post, token_path,
                    [this](const Call& call, const http::PathParameters&) { return access_.token(call); });
        routes_.add(http::Method::get, "/api/users/self",
                    [](const Call&, const http::PathParameters&) { return reply(200, self()); });
    }

    std::string_view name() const override { return "mautic"; }
    std::string_view base() const override { return "/mautic"; }
    Answer answer(const Call& call) override;
    http::ServerResponse unauthorized() const override { return invalid_token(); }
    http::ServerResponse ip_unauthorized(std::string_view) const override { return invalid_token(); }
    http::ServerResponse rate_limited(int retry_after_s) const override;
    std::string error_body(int status) const override;
    json::object state() const override;
    json::value find_contact(std::string_view email) const override;
    Status configure(const json::object& settings) override;
    void reset() override;

private:
    static json::object self()
    {
        return {{"id", 1},
                {"username", "api"},
                {"firstName", "Simulated"},
                {"lastName", "User"},
                {"email", "owner@example.com"}};
    }
    http::ServerResponse limited(const RateLimit::Verdict& verdict) const;
    http::ServerResponse serve(const Call& call, const http::RouteTable::Match& match);

    Clock& clock_;
    State state_;
    Contacts contacts_;
    Fields fields_;
    Segments segments_;
    Access access_;
    RateLimit rate_;
    Routes routes_;
};

Answer Mautic::answer(const Call& call)
{
    state_.now = clock_.now();
    state_.monotonic = clock_.monotonic();
    state_.arrived = call.arrived;
    ++state_.request;
    const auto match = routes_.table().match(call.request.method, call.path);
    const bool known = match.route != http::RouteTable::none;
    return {serve(call, match), known ? routes_.name(match.route) : "other"};
}

http::ServerResponse Mautic::serve(const Call& call, const http::RouteTable::Match& match)
{
    if (auto refused = access_.refuse_all()) return std::move(*refused);
    const bool known = match.route != http::RouteTable::none;
    RateLimit::Verdict verdict;
    if (call.path != token_path) {
        std::string key;
        if (auto refused = access_.refuse(call.request, key)) return std::move(*refused);
        verdict = rate_.take(key, state_.now);
    }
    http::ServerResponse response;
    if (!verdict.allowed)
        response = limited(verdict);
    else if (known)
        response = routes_.handler(match.route)(call, match.parameters);
    else
        response = reply(Problem{.status = 404,
                                 .message = "Requested URL not found: " + std::string(call.path),
                                 .shape = Problem::Shape::layer});
    verdict.add_to(response.headers);
    return response;
}

http::ServerResponse Mautic::limited(const RateLimit::Verdict& verdict) const
{
    http::ServerResponse response;
    response.status = 429;
    response.headers.add("Content-Type", "application/json");
    response.body = R"({ "errors": [ { "code": 429, "message": "You exceeded the rate limit of )" +
                    std::to_string(verdict.limit) + R"( API calls per hour.", "details": [] } ]})";
    return response;
}

http::ServerResponse Mautic::rate_limited(int retry_after_s) const
{
    const RateLimit::Verdict verdict{.allowed = false,
                                     .limit = std::max(state_.options.requests_per_hour, 1u),
                                     .remaining = 0,
                                     .reset = clock_.now() + std::chrono::seconds(retry_after_s)};
    auto response = limited(verdict);
    verdict.add_to(response.headers);
    return response;
}

std::string Mautic::error_body(int status) const
{
    if (status < 400) return {};
    return json::serialize(json::object{{"errors", json::array{crashed(status).render()}}});
}

json::object Mautic::state() const
{
    const auto& counts = state_.counts;
    return {{"contacts", counts.contacts}, {"created", counts.created},       {"updated", counts.updated},
            {"deleted", counts.deleted},   {"duplicates", counts.duplicates}, {"consent_writes", counts.consent_writes},
            {"tokens", access_.issued()}};
}

json::value Mautic::find_contact(std::string_view email) const
{
    const auto holders = state_.with_email(email);
    if (holders.empty()) return nullptr;
    const Contact& newest = *holders.back();
    json::object found = render(state_, newest, View::fetched);
    json::array segments;
    for (const auto& [id, segment] : state_.segments)
        if (segment.members.contains(newest.id)) segments.emplace_back(id);
    found["segments"] = std::move(segments);
    found["copies"] = holders.size();
    found["writes"] = newest.writes;
    return found;
}

Status Mautic::configure(const json::object& settings)
{
    auto& options = state_.options;
    const std::array texts{std::pair{"username", &options.username}, std::pair{"password", &options.password},
                           std::pair{"client_id", &options.client_id},
                           std::pair{"client_secret", &options.client_secret}};
    const std::array flags{std::pair{"api_enabled", &options.api_enabled},
                           std::pair{"basic_enabled", &options.basic_enabled},
                           std::pair{"client_credentials", &options.client_credentials},
                           std::pair{"refuses_overlap", &options.refuses_overlap},
                           std::pair{"background_fields", &options.background_fields},
                           std::pair{"shows_length", &options.shows_length}};
    const std::array numbers{std::pair{"batch_limit", &options.batch_limit},
                             std::pair{"requests_per_hour", &options.requests_per_hour},
                             std::pair{"default_length", &options.default_length}};
    for (const auto& [name, value] : settings) {
        bool known = false;
        for (const auto& [text, target] : texts)
            if (name == text && value.is_string()) known = true, *target = std::string(value.get_string());
        for (const auto& [flag, target] : flags)
            if (name == flag && value.is_bool()) known = true, *target = value.get_bool();
        for (const auto& [label, target] : numbers)
            if (const auto number = json::try_value_to<std::uint32_t>(value); name == label && number)
                known = true, *target = *number;
        if (name == "token_lifetime_s" && value.is_int64())
            known = true, options.token_lifetime = std::chrono::seconds(value.get_int64());
        if (name == "revoke_tokens" && value == true) known = true, access_.revoke();
        if (!known) return fail(ErrorCode::invalid, "Unknown or wrong setting " + std::string(name), std::string(name));
    }
    rate_ = RateLimit(options.requests_per_hour);
    return {};
}

void Mautic::reset()
{
    state_.now = clock_.now();
    state_.clear();
    access_.reset();
    rate_ = RateLimit(state_.options.requests_per_hour);
}

}  // namespace

std::unique_ptr<Crm> make_mautic(Clock& clock, MauticOptions options, FaultPlan& plan)
{
    return std::make_unique<Mautic>(clock, std::move(options), plan);
}

}  // namespace crmsync::simulator::mautic
