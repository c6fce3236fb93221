#include "simulator/hubspot/account.h"

#include <fmt/format.h>

#include "simulator/hubspot/reply.h"

namespace crmsync::simulator::hubspot {

namespace {

http::ServerResponse details(const State& state)
{
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(state.options.utc_offset).count();
    const auto offset =
        fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
    return json_response(200, json::object{{"portalId", 1},
                                           {"accountType", "STANDARD"},
                                           {"timeZone", state.options.time_zone},
                                           {"companyCurrency", "USD"},
                                           {"additionalCurrencies", json::array{}},
                                           {"utcOffset", offset},
                                           {"utcOffsetMilliseconds", minutes * 60'000},
                                           {"uiDomain", "app.hubspot.com"},
                                           {"dataHostingLocation", "na1"}});
}

http::ServerResponse usage(const State& state, const DailyLimit& daily)
{
    return json_response(
        200, json::object{{"results", json::array{json::object{{"name", "private-apps-api-calls-daily"},
                                                               {"currentUsage", daily.used()},
                                                               {"usageLimit", daily.limit()},
                                                               {"collectedAt", timestamp(state.now)},
                                                               {"resetsAt", timestamp(daily.resets_at(state.now))},
                                                               {"fetchStatus", "SUCCESS"}}}}});
}

}  // namespace

void add_account(Routes& routes, const State& state, const DailyLimit& daily)
{
    routes.add(http::Method::get, "/account-info/v3/details",
               [&state](const Call&, const http::PathParameters&) { return details(state); });
    routes.add(http::Method::get, "/account-info/v3/api-usage/daily/private-apps",
               [&state, &daily](const Call&, const http::PathParameters&) { return usage(state, daily); });
}

}  // namespace crmsync::simulator::hubspot
