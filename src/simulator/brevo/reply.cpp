#include "simulator/brevo/reply.h"

#include <charconv>

#include "simulator/json_body.h"

namespace crmsync::simulator::brevo {

http::ServerResponse reply(const Problem& problem)
{
    if (!problem.verbatim.empty()) {
        http::ServerResponse response = reply(problem.status, nullptr);
        response.body = problem.verbatim;
        return response;
    }
    json::object body{{"code", problem.code}, {"message", problem.message}};
    if (!problem.duplicates.empty()) {
        json::array identifiers;
        for (const auto name : problem.duplicates) identifiers.emplace_back(json::string_view(name));
        body["metadata"] = json::object{{"duplicate_identifiers", std::move(identifiers)}};
    }
    return reply(problem.status, body);
}

http::ServerResponse reply(int status, const json::value& body) { return json_response(status, body); }

http::ServerResponse no_body(int status)
{
    http::ServerResponse response;
    response.status = status;
    return response;
}

std::string timestamp(Instant at) { return to_rfc3339(at).substr(0, 23) + "+00:00"; }

std::expected<Page, Problem> read_page(const http::ServerRequest& request, std::size_t default_limit,
                                       std::size_t max_limit)
{
    Page page{.limit = default_limit, .offset = 0, .ascending = false};
    const auto read = [&](std::string_view name, std::size_t& value) {
        const auto text = request.query_value(name);
        if (!text) return true;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        return error == std::errc{} && end == text->data() + text->size();
    };
    if (!read("limit", page.limit)) return std::unexpected(invalid("limit should be type number"));
    if (!read("offset", page.offset)) return std::unexpected(invalid("offset should be type number"));
    if (page.limit > max_limit)
        return std::unexpected(Problem{.status = 400,
                                       .code = "out_of_range",
                                       .message = "Limit exceeds max value of " + std::to_string(max_limit)});
    const auto sort = request.query_value("sort").value_or("desc");
    if (sort != "asc" && sort != "desc") return std::unexpected(invalid("Invalid value of sort"));
    page.ascending = sort == "asc";
    return page;
}

std::expected<json::object, Problem> read_object(const http::ServerRequest& request, json::storage_ptr storage)
{
    auto value = read_json(request.body, std::move(storage));
    if (!value || !value->is_object()) return std::unexpected(invalid("The request body is not a valid JSON object"));
    return std::move(value->get_object());
}

}  // namespace crmsync::simulator::brevo
