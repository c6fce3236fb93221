#include "simulator/brevo/brevo.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "simulator/brevo/account.h"
#include "simulator/brevo/attributes.h"
#include "simulator/brevo/contacts.h"
#include "simulator/brevo/imports.h"
#include "simulator/brevo/lists.h"
#include "simulator/brevo/rate_limit.h"

namespace crmsync::simulator::brevo {

namespace {

class Brevo final : public Crm {
public:
    Brevo(Clock& clock, BrevoOptions options, FaultPlan& plan)
        : clock_(clock),
          state_(std::move(options)),
          contacts_(state_, plan),
          attributes_(state_),
          lists_(state_, contacts_),
          imports_(state_, contacts_)
    {
        contacts_.add_to(routes_);
        attributes_.add_to(routes_);
        lists_.add_to(routes_);
        imports_.add_to(routes_);
        add_account(routes_, state_);
        set_rates();
    }

    std::string_view name() const override { return "brevo"; }
    std::string_view base() const override { return "/brevo/v3"; }
    Answer answer(const Call& call) override;
    http::ServerResponse unauthorized() const override;
    http::ServerResponse ip_unauthorized(std::string_view peer) const override;
    http::ServerResponse rate_limited(int retry_after_s) const override;
    std::string error_body(int status) const override;
    json::object state() const override;
    json::value find_contact(std::string_view email) const override;
    Status configure(const json::object& settings) override;
    void reset() override;

private:
    bool accepts_key(const http::ServerRequest& request) const;
    void set_rates();

    Clock& clock_;
    mutable State state_;
    Contacts contacts_;
    Attributes attributes_;
    Lists lists_;
    Imports imports_;
    Routes routes_;
    RateLimit contacts_rate_;
    RateLimit others_rate_;
};

bool Brevo::accepts_key(const http::ServerRequest& request) const
{
    const auto key = request.headers.find("api-key");
    if (!key || key->empty()) return false;
    return state_.options.api_key.empty() || *key == state_.options.api_key;
}

void Brevo::set_rates()
{
    contacts_rate_ = RateLimit(state_.options.contacts_per_second, state_.options.contacts_per_hour);
    others_rate_ = RateLimit(0, state_.options.others_per_hour);
}

Answer Brevo::answer(const Call& call)
{
    state_.now = clock_.now();
    imports_.settle();
    const auto match = routes_.table().match(call.request.method, call.path);
    const bool known = match.route != http::RouteTable::none;
    const std::string_view route = known ? routes_.name(match.route) : "other";
    if (call.path.starts_with(Imports::reports) && known)
        return {routes_.handler(match.route)(call, match.parameters), route};
    if (!accepts_key(call.request)) return {unauthorized(), route};
    RateLimit& rate = call.path.starts_with("/contacts") ? contacts_rate_ : others_rate_;
    const auto verdict = rate.take(clock_.monotonic());
    http::ServerResponse response;
    if (!verdict.allowed)
        response = reply(Problem{.status = 429, .code = "too_many_requests", .message = "Too many requests"});
    else if (known)
        response = routes_.handler(match.route)(call, match.parameters);
    else if (match.allow.empty())
        response = reply(not_found("Route not found"));
    else
        response = reply(Problem{.status = 405, .code = "method_not_allowed", .message = "Method not allowed"});
    verdict.add_to(response.headers);
    return {std::move(response), route};
}

http::ServerResponse Brevo::unauthorized() const
{
    return reply(401, json::object{{"message", "Key not found"}, {"code", "unauthorized"}});
}

http::ServerResponse Brevo::ip_unauthorized(std::string_view peer) const
{
    return reply(
        401, json::object{{"message", "We have detected you are using an unrecognised IP address " + std::string(peer) +
                                          ". If you performed this action make sure to add the new IP address "
                                          "in this link: https://app.brevo.com/security/authorised_ips"},
                          {"code", "unauthorized"}});
}

http::ServerResponse Brevo::rate_limited(int retry_after_s) const
{
    auto response = reply(Problem{.status = 429, .code = "too_many_requests", .message = "Too many requests"});
    const RateLimit::Verdict verdict{.allowed = false,
                                     .limited = true,
                                     .limit = std::max(state_.options.contacts_per_second, 1u),
                                     .remaining = 0,
                                     .reset_s = retry_after_s};
    verdict.add_to(response.headers);
    return response;
}

std::string Brevo::error_body(int status) const
{
    if (status < 400) return {};
    const std::string_view code = status == 402   ? "not_enough_credits"
                                  : status == 403 ? "permission_denied"
                                  : status == 404 ? "document_not_found"
                                  : status == 405 ? "method_not_allowed"
                                  : status == 406 ? "not_acceptable"
                                  : status == 422 ? "unprocessable_entity"
                                  : status == 425 ? "account_in_process"
                                  : status == 429 ? "too_many_requests"
                                  : status == 401 ? "unauthorized"
                                  : status >= 500 ? "internal_error"
                                                  : "invalid_parameter";
    return json::serialize(json::object{{"code", code}, {"message", "Simulated error"}});
}

json::object Brevo::state() const
{
    const auto& counts = state_.counts;
    return {{"contacts", counts.contacts},
            {"created", counts.created},
            {"updated", counts.updated},
            {"deleted", counts.deleted},
            {"clashes", counts.clashes},
            // Brevo cannot have two contacts with one address; CRMs that can report them here.
            {"duplicates", 0}};
}

json::value Brevo::find_contact(std::string_view email) const
{
    const Contact* contact = state_.find(Identifier::email, email);
    if (!contact) return nullptr;
    json::object found = contacts_.render(*contact);
    found["writes"] = contact->writes;
    return found;
}

Status Brevo::configure(const json::object& settings)
{
    auto& options = state_.options;
    for (const auto& [name, value] : settings) {
        const auto number = json::try_value_to<std::uint32_t>(value);
        if (name == "api_key" && value.is_string())
            options.api_key = std::string(value.get_string());
        else if (name == "duplicate_code" && value.is_string())
            options.duplicate_code = std::string(value.get_string());
        else if (name == "contacts_per_second" && number)
            options.contacts_per_second = *number;
        else if (name == "contacts_per_hour" && number)
            options.contacts_per_hour = *number;
        else if (name == "others_per_hour" && number)
            options.others_per_hour = *number;
        else if (name == "processing_ms" && number)
            options.processing = std::chrono::milliseconds(*number);
        else if (name == "import_time_ms" && number)
            options.import_time = std::chrono::milliseconds(*number);
        else
            return fail(ErrorCode::invalid, "Unknown or wrong setting " + std::string(name), std::string(name));
    }
    set_rates();
    return {};
}

void Brevo::reset()
{
    state_.now = clock_.now();
    state_.clear();
    set_rates();
}

}  // namespace

std::unique_ptr<Crm> make_brevo(Clock& clock, BrevoOptions options, FaultPlan& plan)
{
    return std::make_unique<Brevo>(clock, std::move(options), plan);
}

}  // namespace crmsync::simulator::brevo
