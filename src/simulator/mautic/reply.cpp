#include "simulator/mautic/reply.h"

#include <boost/json/array.hpp>

namespace crmsync::simulator::mautic {

namespace {

constexpr std::string_view version = "5.1.0";

/// "email=a%40b.io&tags=x": flat fields only.
std::expected<json::value, Problem> read_form(std::string_view body)
{
    json::object fields;
    while (!body.empty()) {
        const auto pair = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(pair.size() + 1, body.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto name = http::decode_component(pair.substr(0, equals), true);
        const auto value = http::decode_component(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return std::unexpected(crashed(400));
        if (!name->empty()) fields[*name] = *value;
    }
    return fields;
}

}  // namespace

json::object Problem::render() const
{
    switch (shape) {
        case Shape::form: {
            json::value details = json::array{};
            if (!field.empty())
                details = json::object{{field, json::array{json::value(message.substr(field.size() + 2))}}};
            return {{"code", status}, {"message", message}, {"details", std::move(details)}};
        }
        case Shape::item:
        case Shape::layer: {
            json::object error{{"message", message}, {"code", status}, {"type", nullptr}};
            if (!type.empty()) error["type"] = type;
            return error;
        }
    }
    __builtin_unreachable();
}

Problem refused(std::string field, std::string_view why)
{
    return {.message = field + ": " + std::string(why), .field = field};
}

Problem not_found() { return {.status = 404, .message = "Item was not found."}; }

Problem not_valid(std::string field) { return refused(std::move(field), "This value is not valid."); }

Problem crashed(int status)
{
    return {.status = status,
            .message = "Looks like I encountered an error (error #" + std::to_string(status) +
                       "). If I do it again, please report me to the system administrator!",
            .shape = Problem::Shape::layer};
}

http::ServerResponse reply(const Problem& problem)
{
    if (!problem.verbatim.empty()) {
        http::ServerResponse response = json_response(problem.status, nullptr);
        response.body = problem.verbatim;
        return response;
    }
    return json_response(problem.status, json::object{{"errors", json::array{problem.render()}}});
}

http::ServerResponse signed_reply(const Problem& problem)
{
    auto response = reply(problem);
    if (problem.shape == Problem::Shape::form) response.headers.add("Mautic-Version", std::string(version));
    return response;
}

http::ServerResponse reply(int status, const json::value& body)
{
    auto response = json_response(status, body);
    response.headers.add("Mautic-Version", std::string(version));
    return response;
}

std::expected<json::value, Problem> read_body(const http::ServerRequest& request)
{
    if (request.body.empty()) return json::object{};
    const auto type = request.headers.find("content-type").value_or("");
    if (type.starts_with("application/x-www-form-urlencoded")) return read_form(request.body);
    if (!type.starts_with("application/json")) return json::object{};
    auto value = read_json(request.body);
    if (!value || !value->is_structured()) return std::unexpected(crashed(400));
    return std::move(*value);
}

json::value php_map(json::object object)
{
    if (object.empty()) return json::array{};
    return object;
}

std::string timestamp(Instant at) { return to_rfc3339(at).substr(0, 19) + "+00:00"; }

}  // namespace crmsync::simulator::mautic
