#pragma once

#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace crmsync::simulator::brevo {

namespace json = boost::json;

/// An error as Brevo answers it: {"code", "message"}, and for a clash the identifiers in "metadata".
struct Problem {
    int status = 400;
    std::string code;
    std::string message;
    std::vector<std::string_view> duplicates = {};
    std::string verbatim = {};  ///< Set by a fault: the whole body.
};

http::ServerResponse reply(const Problem& problem);
http::ServerResponse reply(int status, const json::value& body);
http::ServerResponse no_body(int status);

inline Problem invalid(std::string message)
{
    return {.status = 400, .code = "invalid_parameter", .message = std::move(message)};
}
inline Problem missing(std::string message)
{
    return {.status = 400, .code = "missing_parameter", .message = std::move(message)};
}
inline Problem not_found(std::string message)
{
    return {.status = 404, .code = "document_not_found", .message = std::move(message)};
}

/// "2017-05-12T12:30:00.000+00:00"
std::string timestamp(Instant at);

/// A page of a collection: `limit` and `offset` of the query.
struct Page {
    std::size_t limit;
    std::size_t offset;
    bool ascending;
};
std::expected<Page, Problem> read_page(const http::ServerRequest& request, std::size_t default_limit,
                                       std::size_t max_limit);

/// The body as an object.
std::expected<json::object, Problem> read_object(const http::ServerRequest& request, json::storage_ptr storage = {});

}  // namespace crmsync::simulator::brevo
