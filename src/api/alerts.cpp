#include "api/alerts.h"

#include <boost/json.hpp>

#include "api/json.h"

namespace crmsync::api {

namespace json = boost::json;

Task<Reply> test_alerts(Call call)
{
    auto input = Input::body(call.request);
    const auto crm = input.choice("crm", all_crms, parse_crm);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto tried = co_await call.services.engine.test_alerts(crm);
    if (tried.empty()) co_return refuse(409, "Nobody would be told: neither mail nor a webhook is configured for this");
    json::array results;
    for (const TriedAlert& each : tried)
        results.push_back({{"way", each.way},
                           {"to", each.destination},
                           {"accepted", each.accepted.has_value()},
                           {"answer", each.accepted ? *each.accepted : each.accepted.error().message}});
    co_return json_response(200, results);
}

}  // namespace crmsync::api
