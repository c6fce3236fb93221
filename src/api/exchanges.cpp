#include "api/exchanges.h"

#include <boost/json.hpp>

#include "api/json.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

json::object to_object(const SeenExchange& seen)
{
    return {{"at", to_rfc3339(seen.at)},     {"method", http::to_string(seen.method)},
            {"target", seen.target},         {"status", seen.status ? json::value(*seen.status) : json::value(nullptr)},
            {"error", seen.error},           {"duration_ms", static_cast<double>(seen.took.count()) / 1000},
            {"request_id", seen.request_id}, {"request", seen.request},
            {"answer", seen.answer}};
}

}  // namespace

Task<Reply> exchanges(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    const auto& info = call.services.engine.connector(*crm);
    if (!info.configured()) co_return refuse(409, info.not_configured);
    const auto seen = call.services.engine.exchanges(*crm);
    if (!seen) co_return refuse(409, "Calls are not kept: set CRMSYNC_EXCHANGES_KEPT");
    json::array list;
    for (const auto& one : *seen) list.emplace_back(to_object(one));
    co_return json_response(200, list);
}

}  // namespace crmsync::api
