#include "simulator/hubspot/consent.h"

#include "simulator/hubspot/reply.h"

namespace crmsync::simulator::hubspot {

namespace {

json::object status_of(const State& state, const std::string& address)
{
    const bool is_out = state.opted_out.contains(address);
    return {{"recipient", address},
            {"subscriptionStatuses", json::array{json::object{{"id", "1"},
                                                              {"name", "Marketing Information"},
                                                              {"description", "Marketing offers and updates."},
                                                              {"status", is_out ? "NOT_SUBSCRIBED" : "SUBSCRIBED"},
                                                              {"sourceOfStatus", "SUBSCRIPTION_STATUS"}}}}};
}

http::ServerResponse change(State& state, const Call& call, bool out)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const std::string address = lower(text_of(*body, "emailAddress"));
    if (address.empty() || text_of(*body, "subscriptionId").empty())
        return reply(malformed("Some required fields were not set: [emailAddress, subscriptionId]"));
    // Whoever opted out by themselves cannot be subscribed again through the API.
    if (!out && state.opted_out.contains(address))
        return reply(invalid("The subscriber has opted out and cannot be resubscribed"));
    if (out) state.opted_out.insert(address);
    return json_response(200, status_of(state, address));
}

}  // namespace

void add_consent(Routes& routes, State& state)
{
    constexpr std::string_view base = "/communication-preferences/v3";
    const auto add = [&](http::Method method, std::string_view path, auto handler) {
        routes.add(method, std::string(base) + std::string(path), std::move(handler));
    };
    add(http::Method::get, "/status/email/{email}", [&state](const Call&, const http::PathParameters& params) {
        return json_response(200, status_of(state, lower(params["email"])));
    });
    add(http::Method::post, "/unsubscribe",
        [&state](const Call& call, const http::PathParameters&) { return change(state, call, true); });
    add(http::Method::post, "/subscribe",
        [&state](const Call& call, const http::PathParameters&) { return change(state, call, false); });
}

}  // namespace crmsync::simulator::hubspot
