#include "simulator/brevo/account.h"

#include <boost/json/array.hpp>

namespace crmsync::simulator::brevo {

void add_account(Routes& routes, const State& state)
{
    routes.add(http::Method::get, "/account", [&state](const Call&, const http::PathParameters&) {
        const std::string& email = state.options.account_email;
        return reply(
            200,
            json::object{
                {"organization_id", "simulated"},
                {"user_id", 1},
                {"enterprise", false},
                {"email", email},
                {"firstName", "Simulated"},
                {"lastName", "Owner"},
                {"companyName", "Example Ltd"},
                {"address",
                 json::object{
                     {"street", "1 Example Street"}, {"city", "Paris"}, {"zipCode", "75001"}, {"country", "France"}}},
                {"plan", json::array{json::object{{"type", "free"}, {"creditsType", "sendLimit"}, {"credits", 300.0}}}},
                {"planVerticals", json::array{}},
                {"relay",
                 json::object{
                     {"enabled", true},
                     {"data", json::object{{"userName", email}, {"relay", "smtp-relay.example.com"}, {"port", 587}}}}},
                {"marketingAutomation", json::object{{"enabled", false}}}});
    });
}

}  // namespace crmsync::simulator::brevo
