#include "simulator/n8n/api.h"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "base/digest.h"
#include "simulator/n8n/reply.h"

namespace crmsync::simulator::n8n {

namespace {

constexpr std::size_t limit_default = 100;
constexpr std::size_t limit_max = 250;

http::ServerResponse message(int status, std::string_view text)
{
    return json_response(status, json::object{{"message", text}});
}

/// Where a page begins is opaque to callers: a number in base64.
std::optional<std::int64_t> read_cursor(std::string_view text)
{
    const auto digits = from_base64(text);
    std::int64_t number = 0;
    if (!digits) return std::nullopt;
    const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), number);
    if (error != std::errc{} || end != digits->data() + digits->size()) return std::nullopt;
    return number;
}

json::value cursor_after(std::int64_t number) { return json::value(to_base64(std::to_string(number))); }

struct Page {
    std::size_t limit = limit_default;
    std::optional<std::int64_t> after;  ///< What the former page ended with.
};
std::optional<Page> read_page(const http::ServerRequest& request)
{
    Page page;
    if (const auto text = request.query_value("limit")) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), page.limit);
        if (error != std::errc{} || page.limit == 0 || page.limit > limit_max) return std::nullopt;
    }
    if (const auto text = request.query_value("cursor")) {
        page.after = read_cursor(*text);
        if (!page.after) return std::nullopt;
    }
    return page;
}

json::value id_of(const State& state, std::int64_t id)
{
    return state.options.before_2_8 ? json::value(id) : json::value(std::to_string(id));
}

/// A list of one: nested braces would copy the inner list.
json::array list_of(json::value only)
{
    json::array list;
    list.push_back(std::move(only));
    return list;
}

/// What the webhook node handed on, where the data of a run has it.
json::object data_of(const Execution& execution)
{
    const json::object item{{"headers", json::object{{"idempotency-key", execution.key}}},
                            {"params", json::object{}},
                            {"query", json::object{}},
                            {"body", execution.body}};
    const json::object output{{"main", list_of(list_of(json::object{{"json", item}}))}};
    const json::object run{{"data", output}};
    return {{"resultData", json::object{{"runData", json::object{{"Webhook", list_of(run)}}}}}};
}

json::object render(const State& state, const Execution& execution, bool with_data)
{
    json::object out{{"id", id_of(state, execution.id)},
                     {"finished", execution.status == "success"},
                     {"mode", "webhook"},
                     {"retryOf", nullptr},
                     {"retrySuccessId", nullptr},
                     {"status", execution.status},
                     {"startedAt", to_rfc3339(execution.started)},
                     {"stoppedAt", to_rfc3339(execution.started)},
                     {"workflowId", std::to_string(execution.workflow + 1)},
                     {"waitTill", nullptr}};
    if (with_data) out["data"] = data_of(execution);
    return out;
}

/// The filter "error" means all that went wrong.
bool has_status(const Execution& execution, std::string_view status)
{
    return status.empty() || execution.status == status || (status == "error" && execution.status == "crashed");
}

http::ServerResponse list_executions(const State& state, const Call& call)
{
    const auto page = read_page(call.request);
    if (!page) return message(400, "request/query/limit or cursor is invalid");
    const std::string_view status = call.request.query_value("status").value_or("");
    const std::string_view workflow = call.request.query_value("workflowId").value_or("");
    const bool with_data = call.request.query_value("includeData") == "true";
    json::array rows;
    json::value next = nullptr;
    std::int64_t last = 0;
    for (const Execution& execution : state.executions | std::views::reverse) {
        if (page->after && execution.id >= *page->after) continue;
        if (!has_status(execution, status)) continue;
        if (!workflow.empty() && workflow != std::to_string(execution.workflow + 1)) continue;
        if (rows.size() == page->limit) {
            next = cursor_after(last);
            break;
        }
        rows.push_back(render(state, execution, with_data));
        last = execution.id;
    }
    return json_response(200, json::object{{"data", std::move(rows)}, {"nextCursor", std::move(next)}});
}

http::ServerResponse get_execution(const State& state, const Call& call, const std::string& id)
{
    const auto found = std::ranges::find(state.executions, id,
                                         [](const Execution& execution) { return std::to_string(execution.id); });
    if (found == state.executions.end()) return message(404, "Not Found");
    return json_response(200, render(state, *found, call.request.query_value("includeData") == "true"));
}

std::string_view node_auth(Auth auth)
{
    switch (auth) {
        case Auth::none:
            return "none";
        case Auth::basic:
            return "basicAuth";
        case Auth::header:
            return "headerAuth";
        case Auth::jwt:
            return "jwtAuth";
    }
    __builtin_unreachable();
}

json::object render(const State& state, std::size_t index)
{
    const Workflow& workflow = state.options.workflows[index];
    const json::object parameters{{"httpMethod", "POST"},
                                  {"path", workflow.path},
                                  {"authentication", workflow.needs_auth ? node_auth(state.options.auth) : "none"},
                                  {"responseMode", workflow.mode == ResponseMode::immediately ? "onReceived"
                                                   : workflow.mode == ResponseMode::last_node ? "lastNode"
                                                                                              : "responseNode"}};
    const json::object node{
        {"name", "Webhook"}, {"type", "n8n-nodes-base.webhook"}, {"typeVersion", 2}, {"parameters", parameters}};
    return {{"id", std::to_string(index + 1)}, {"name", "Keep " + workflow.path}, {"active", workflow.active},
            {"nodes", json::array{node}},      {"connections", json::object{}},   {"settings", json::object{}}};
}

http::ServerResponse list_workflows(const State& state, const Call& call)
{
    const auto page = read_page(call.request);
    if (!page) return message(400, "request/query/limit or cursor is invalid");
    const std::string_view active = call.request.query_value("active").value_or("");
    json::array rows;
    json::value next = nullptr;
    for (std::size_t i = static_cast<std::size_t>(page->after.value_or(0)); i < state.options.workflows.size(); ++i) {
        if (!active.empty() && state.options.workflows[i].active != (active == "true")) continue;
        if (rows.size() == page->limit) {
            next = cursor_after(static_cast<std::int64_t>(i));
            break;
        }
        rows.push_back(render(state, i));
    }
    return json_response(200, json::object{{"data", std::move(rows)}, {"nextCursor", std::move(next)}});
}

}  // namespace

void add_api(Routes& routes, const State& state)
{
    routes.add(http::Method::get, "/api/v1/workflows",
               [&state](const Call& call, const http::PathParameters&) { return list_workflows(state, call); });
    routes.add(http::Method::get, "/api/v1/executions",
               [&state](const Call& call, const http::PathParameters&) { return list_executions(state, call); });
    routes.add(http::Method::get, "/api/v1/executions/{id}",
               [&state](const Call& call, const http::PathParameters& path) {
                   return get_execution(state, call, path["id"]);
               });
}

std::optional<http::ServerResponse> check_api_key(const State& state, const http::ServerRequest& request)
{
    const std::string_view key = request.headers.find("x-n8n-api-key").value_or("");
    if (key.empty()) return message(401, "'X-N8N-API-KEY' header required");
    if (!state.options.api_key.empty() && !same_secret(key, state.options.api_key)) return message(401, "unauthorized");
    return std::nullopt;
}

}  // namespace crmsync::simulator::n8n
