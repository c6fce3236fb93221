#include "simulator/n8n/n8n.h"

#include <algorithm>
#include <cctype>

#include "simulator/n8n/api.h"
#include "simulator/n8n/reply.h"
#include "simulator/n8n/webhook.h"

namespace crmsync::simulator::n8n {

namespace {

constexpr std::string_view webhook_prefix = "/webhook/";
constexpr std::string_view test_prefix = "/webhook-test/";
constexpr std::string_view api_prefix = "/api/v1";

std::optional<Auth> parse_auth(std::string_view text)
{
    if (text == "none") return Auth::none;
    if (text == "basic") return Auth::basic;
    if (text == "header") return Auth::header;
    if (text == "jwt") return Auth::jwt;
    return std::nullopt;
}

/// Crawlers are not wanted anywhere but at webhooks.
bool is_bot(const http::ServerRequest& request)
{
    std::string agent(request.headers.find("user-agent").value_or(""));
    std::ranges::transform(agent, agent.begin(), [](unsigned char c) { return std::tolower(c); });
    return agent.contains("bot");
}

class N8n final : public Crm {
public:
    N8n(Clock& clock, N8nOptions options, FaultPlan& plan)
        : clock_(clock), state_(std::move(options)), webhooks_(state_, plan)
    {
        routes_.add(http::Method::get, "/healthz", [](const Call&, const http::PathParameters&) {
            return json_response(200, json::object{{"status", "ok"}});
        });
        routes_.add(http::Method::get, "/healthz/readiness", [this](const Call&, const http::PathParameters&) {
            return state_.options.database_ready ? json_response(200, json::object{{"status", "ok"}})
                                                 : json_response(503, json::object{{"status", "error"}});
        });
        add_api(routes_, state_);
        name_webhooks();
    }

    std::string_view name() const override { return "n8n"; }
    std::string_view base() const override { return "/n8n"; }
    Answer answer(const Call& call) override;
    http::ServerResponse unauthorized() const override { return refusal(403, "Authorization data is wrong!"); }
    http::ServerResponse ip_unauthorized(std::string_view) const override
    {
        return refusal(403, "IP is not allowed to access the webhook!");
    }
    http::ServerResponse rate_limited(int retry_after_s) const override;
    std::string error_body(int status) const override;
    json::object state() const override;
    json::value find_contact(std::string_view email) const override;
    Status configure(const json::object& settings) override;
    void reset() override { state_.clear(); }

private:
    void name_webhooks();
    Answer answer_webhook(const Call& call);
    Answer answer_other(const Call& call);

    Clock& clock_;
    State state_;
    Webhooks webhooks_;
    Routes routes_;
    std::vector<std::string> webhook_names_;  ///< By workflow.
};

void N8n::name_webhooks()
{
    for (const Workflow& workflow : state_.options.workflows)
        webhook_names_.push_back("POST " + std::string(webhook_prefix) + workflow.path);
}

Answer N8n::answer(const Call& call)
{
    state_.now = clock_.now();
    if (state_.options.starting) return {text_response(200, "n8n is starting up. Please wait"), "other"};
    if (!state_.options.database_ready && call.path != "/healthz" && call.path != "/healthz/readiness")
        return {problem(503, 503, "Database is not ready!"), "other"};
    if (call.path.starts_with(test_prefix))
        return {Webhooks::answer_test(call.path.substr(test_prefix.size())), "other"};
    return call.path.starts_with(webhook_prefix) ? answer_webhook(call) : answer_other(call);
}

Answer N8n::answer_webhook(const Call& call)
{
    const std::string name = std::string(to_string(call.request.method)) + " " + std::string(call.path);
    const auto known = std::ranges::find(webhook_names_, name);
    return {webhooks_.answer(call, call.path.substr(webhook_prefix.size())),
            known == webhook_names_.end() ? std::string_view("other") : std::string_view(*known)};
}

Answer N8n::answer_other(const Call& call)
{
    if (is_bot(call.request)) return {http::ServerResponse{.status = 204}, "other"};
    const auto match = routes_.table().match(call.request.method, call.path);
    const bool known = match.route != http::RouteTable::none;
    const std::string_view route = known ? routes_.name(match.route) : "other";
    if (call.path.starts_with(api_prefix))
        if (auto refused = check_api_key(state_, call.request)) return {*std::move(refused), route};
    if (known) return {routes_.handler(match.route)(call, match.parameters), route};
    return {json_response(match.allow.empty() ? 404 : 405, json::object{{"message", "not found"}}), route};
}

/// n8n itself has no limit; what stands before it may.
http::ServerResponse N8n::rate_limited(int retry_after_s) const
{
    auto response = text_response(429, "<html><head><title>429 Too Many Requests</title></head></html>");
    response.headers.add("Retry-After", std::to_string(retry_after_s));
    return response;
}

std::string N8n::error_body(int status) const
{
    if (status < 400) return {};
    if (status == 500) return could_not_execute().body;
    if (status == 503) return problem(503, 503, "Database is not ready!").body;
    if (status > 500) return "<html><head><title>Bad gateway</title></head></html>";
    return problem(status, status, "Simulated error").body;
}

json::object N8n::state() const
{
    return {{"contacts", state_.contacts.size()},
            {"created", state_.created},
            {"updated", state_.updated},
            {"deliveries", state_.deliveries},
            {"repeated", state_.repeated},
            {"executions", state_.last_execution},
            // The workflows recognise addresses and keys.
            {"duplicates", 0}};
}

json::value N8n::find_contact(std::string_view email) const
{
    const Contact* contact = state_.find(email);
    if (!contact) return nullptr;
    json::object found = contact->fields;
    found["writes"] = contact->writes;
    return found;
}

Status N8n::configure(const json::object& settings)
{
    N8nOptions& options = state_.options;
    const std::pair<std::string_view, std::string*> texts[] = {{"header", &options.header},
                                                               {"secret", &options.secret},
                                                               {"api_key", &options.api_key},
                                                               {"signing_secret", &options.signing_secret}};
    const std::pair<std::string_view, bool*> switches[] = {{"before_2_8", &options.before_2_8},
                                                           {"starting", &options.starting},
                                                           {"database_ready", &options.database_ready},
                                                           {"only_run_if", &options.only_run_if},
                                                           {"executions_end", &options.executions_end}};
    const auto find = [](auto& known, std::string_view name) {
        const auto found = std::ranges::find(known, name, [](const auto& each) { return each.first; });
        return found == std::end(known) ? nullptr : found->second;
    };
    for (const auto& [name, value] : settings) {
        std::string* text = find(texts, name);
        bool* flag = find(switches, name);
        const auto auth = name == "auth" && value.is_string() ? parse_auth(value.get_string()) : std::nullopt;
        if (text && value.is_string())
            *text = std::string(value.get_string());
        else if (flag && value.is_bool())
            *flag = value.get_bool();
        else if (auth)
            options.auth = *auth;
        else if (name == "active" && value.is_bool())
            options.workflows.front().active = value.get_bool();
        else
            return fail(ErrorCode::invalid, "Unknown or wrong setting " + std::string(name), std::string(name));
    }
    return {};
}

}  // namespace

std::unique_ptr<Crm> make_n8n(Clock& clock, N8nOptions options, FaultPlan& plan)
{
    return std::make_unique<N8n>(clock, std::move(options), plan);
}

}  // namespace crmsync::simulator::n8n
