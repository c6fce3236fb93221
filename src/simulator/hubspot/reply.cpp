#include "simulator/hubspot/reply.h"

#include <algorithm>

#include "base/uuid.h"

namespace crmsync::simulator::hubspot {

http::ServerResponse reply(const Problem& problem)
{
    if (!problem.verbatim.empty()) {
        http::ServerResponse response = json_response(problem.status, nullptr);
        response.body = problem.verbatim;
        return response;
    }
    json::object body{{"status", "error"},
                      {"message", problem.message},
                      {"correlationId", to_string(make_uuid7(Instant{}, random_u64(), random_u64()))},
                      {"category", problem.category}};
    if (!problem.context.empty()) body["context"] = problem.context;
    if (!problem.errors.empty()) body["errors"] = problem.errors;
    return json_response(problem.status, body);
}

http::ServerResponse no_content()
{
    http::ServerResponse response;
    response.status = 204;
    return response;
}

json::object item_error(const Problem& problem, std::string_view trace_id)
{
    json::object error{{"status", "error"}, {"category", problem.category}, {"message", problem.message}};
    json::object context = problem.context;
    if (!trace_id.empty()) context["objectWriteTraceId"] = json::array{json::string_view(trace_id)};
    if (!context.empty()) error["context"] = std::move(context);
    return error;
}

Problem missing_scopes(std::string_view scope)
{
    return {.status = 403,
            .category = "MISSING_SCOPES",
            .message = "This app hasn't been granted all required scopes to make this call.",
            .errors = {json::object{
                {"message", "One or more of the following scopes are required."},
                {"context", json::object{{"requiredGranularScopes", json::array{json::string_view(scope)}}}}}}};
}

std::string timestamp(Instant at) { return to_rfc3339(at).substr(0, 23) + "Z"; }

std::expected<json::object, Problem> read_object(const http::ServerRequest& request, json::storage_ptr storage)
{
    auto value = read_json(request.body, std::move(storage));
    if (!value || !value->is_object()) return std::unexpected(malformed("the body is no JSON object"));
    return std::move(value->get_object());
}

std::string_view text_of(const json::object& object, std::string_view name)
{
    const json::value* value = object.if_contains(name);
    return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
}

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    return result;
}

}  // namespace crmsync::simulator::hubspot
