#include "api/errors.h"

#include <boost/json.hpp>

#include "base/log.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

int status_of(ErrorCode code)
{
    switch (code) {
        case ErrorCode::invalid:
            return 422;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::conflict:
            return 409;
        case ErrorCode::denied:
            return 403;
        case ErrorCode::unavailable:
        case ErrorCode::cancelled:
            return 503;
        case ErrorCode::timeout:
            return 504;
        case ErrorCode::internal:
            return 500;
    }
    __builtin_unreachable();
}

}  // namespace

std::unexpected<ErrorAnswer> refuse(int status, std::string_view detail)
{
    return std::unexpected(ErrorAnswer{.status = status, .detail = json::string(detail)});
}

std::unexpected<ErrorAnswer> refuse(const Problems& problems)
{
    json::array list;
    for (const auto& [field, reason] : problems) list.push_back({{"field", field}, {"reason", reason}});
    return std::unexpected(ErrorAnswer{.status = 422, .detail = std::move(list)});
}

std::unexpected<ErrorAnswer> refuse(const Error& error)
{
    if (error.code == ErrorCode::invalid) return refuse(Problems{{error.field, error.message}});
    const int status = status_of(error.code);
    if (status < 500) return refuse(status, error.message);
    log::warn("api: {}", error.message);
    return refuse(status, status == 500 ? "Internal error" : "The database is not available; try again");
}

http::ServerResponse render(const ErrorAnswer& answer)
{
    json::object body{{"detail", answer.detail}};
    for (const auto& [name, value] : answer.more) body[name] = value;
    http::ServerResponse response{
        .status = answer.status, .headers = answer.headers, .body = json::serialize(body), .stream = {}};
    response.headers.add("Content-Type", "application/json");
    return response;
}

}  // namespace crmsync::api
