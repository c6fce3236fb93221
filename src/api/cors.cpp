#include "api/cors.h"

#include <algorithm>

namespace crmsync::api {

std::optional<std::string> Cors::origin_of(const http::ServerRequest& request) const
{
    const auto origin = request.headers.find("Origin");
    if (!origin || std::ranges::find(origins_, *origin) == origins_.end()) return std::nullopt;
    return std::string(*origin);
}

std::optional<http::ServerResponse> Cors::preflight(const http::ServerRequest& request) const
{
    if (request.method != http::Method::options || !request.headers.find("Access-Control-Request-Method"))
        return std::nullopt;
    const auto origin = origin_of(request);
    if (!origin) return std::nullopt;
    http::ServerResponse response{.status = 204,
                                  .headers = {{"Access-Control-Allow-Methods", "GET, POST, PUT, DELETE"},
                                              {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                                              {"Access-Control-Max-Age", "600"}}};
    allow(origin, response);
    return response;
}

void Cors::allow(const std::optional<std::string>& origin, http::ServerResponse& response) const
{
    if (!origins_.empty()) response.headers.add("Vary", "Origin");
    if (!origin) return;
    response.headers.add("Access-Control-Allow-Origin", *origin);
    response.headers.add("Access-Control-Expose-Headers",
                         "Link, Location, Retry-After, X-Next-Cursor, X-Total-Count, X-Total-Is-Estimate");
}

}  // namespace crmsync::api
