#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/server.h"
#include "simulator/json_body.h"

namespace crmsync::simulator::hubspot {

/// An error as HubSpot answers it, alone or among the errors of a batch.
struct Problem {
    int status = 400;
    std::string category = "VALIDATION_ERROR";
    std::string message;
    json::object context = {};
    json::array errors = {};
    std::string verbatim = {};  ///< Set by a fault: the whole body.
    bool of_call = false;       ///< In a batch: refuses the call, not just the input that has it.
};

/// {"status": "error", "message", "correlationId", "category", ...}
http::ServerResponse reply(const Problem& problem);
http::ServerResponse no_content();

/// As an element of a batch's `errors`.
json::object item_error(const Problem& problem, std::string_view trace_id);

inline Problem invalid(std::string message) { return {.message = std::move(message)}; }
/// The call itself cannot be read.
inline Problem malformed(std::string what)
{
    return {.message = "Invalid input JSON on line 1, column 1: " + std::move(what), .of_call = true};
}
inline Problem not_found(std::string message = "resource not found")
{
    return {.status = 404, .category = "OBJECT_NOT_FOUND", .message = std::move(message)};
}
inline Problem conflict(std::string message)
{
    return {.status = 409, .category = "CONFLICT", .message = std::move(message)};
}
/// The call is not covered by what was granted.
Problem missing_scopes(std::string_view scope);

/// "2026-08-21T10:00:00.000Z"
std::string timestamp(Instant at);

/// The body as an object.
std::expected<json::object, Problem> read_object(const http::ServerRequest& request, json::storage_ptr storage = {});
/// A member as text; empty when it is missing or no text.
std::string_view text_of(const json::object& object, std::string_view name);
std::string lower(std::string_view text);

}  // namespace crmsync::simulator::hubspot
