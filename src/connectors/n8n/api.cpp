#include "connectors/n8n/api.h"

#include <algorithm>
#include <boost/json.hpp>

#include "connectors/json_read.h"
#include "domain/normalise.h"
#include "domain/transition.h"

namespace crmsync::n8n {

namespace json = boost::json;

namespace {

std::string_view text_or(const json::object& in, std::string_view name, std::string_view otherwise)
{
    const std::string_view text = text_of(in, name);
    return text.empty() ? otherwise : text;
}

/// Whether the path of a node, which may hold ":parameters", is that of our URL.
bool is_path(std::string_view of_node, std::string_view ours)
{
    while (!of_node.empty() && !ours.empty()) {
        const std::string_view left = of_node.substr(0, of_node.find('/'));
        const std::string_view right = ours.substr(0, ours.find('/'));
        if (left != right && !left.starts_with(':')) return false;
        of_node.remove_prefix(std::min(left.size() + 1, of_node.size()));
        ours.remove_prefix(std::min(right.size() + 1, ours.size()));
    }
    return of_node.empty() && ours.empty();
}

/// The parameters of the workflow's webhook node of that path; null when it has none.
const json::object* webhook_of(const json::object& workflow, std::string_view path)
{
    const json::array* nodes = array_of(workflow, "nodes");
    if (!nodes) return nullptr;
    for (const json::value& value : *nodes) {
        const json::object* node = value.if_object();
        const json::object* parameters = node ? object_of(*node, "parameters") : nullptr;
        if (parameters && text_of(*node, "type") == "n8n-nodes-base.webhook" &&
            is_path(text_of(*parameters, "path"), path))
            return parameters;
    }
    return nullptr;
}

void add_keys_of(const json::object& item, std::vector<std::string>& keys)
{
    const auto add = [&](std::string_view key) {
        if (!key.empty() && std::ranges::find(keys, key) == keys.end()) keys.emplace_back(key);
    };
    if (const json::object* body = object_of(item, "body")) add(text_of(*body, "idempotency_key"));
    const json::array* batch = array_of(item, "body");
    if (!batch) return;
    for (const json::value& contact : *batch)
        if (const json::object* object = contact.if_object()) add(text_of(*object, "idempotency_key"));
}

/// The keys of the contacts that the execution's webhook node handed on: resultData.runData.NODE[].data.main[][].json
std::vector<std::string> keys_of(const json::object& execution)
{
    std::vector<std::string> keys;
    const json::object* data = object_of(execution, "data");
    const json::object* result = data ? object_of(*data, "resultData") : nullptr;
    const json::object* nodes = result ? object_of(*result, "runData") : nullptr;
    if (!nodes) return keys;
    for (const auto& node : *nodes) {
        const json::array* runs = node.value().if_array();
        const json::object* run = runs && !runs->empty() ? runs->front().if_object() : nullptr;
        const json::object* output = run ? object_of(*run, "data") : nullptr;
        const json::array* main = output ? array_of(*output, "main") : nullptr;
        const json::array* items = main && !main->empty() ? main->front().if_array() : nullptr;
        if (!items) continue;
        for (const json::value& each : *items)
            if (const json::object* item = each.if_object())
                if (const json::object* content = object_of(*item, "json")) add_keys_of(*content, keys);
    }
    return keys;
}

std::string reason_of(const json::object& execution)
{
    const json::object* data = object_of(execution, "data");
    const json::object* result = data ? object_of(*data, "resultData") : nullptr;
    const json::object* error = result ? object_of(*result, "error") : nullptr;
    const std::string words = error ? clean_text(text_of(*error, "message")).text : std::string{};
    const std::string state = text_of(execution, "status") == "crashed" ? "crashed" : "failed";
    return words.empty() ? "the workflow " + state : "the workflow " + state + ": " + cut(words, 200);
}

std::string_view node_auth(Auth auth)
{
    switch (auth) {
        case Auth::none:
            return "none";
        case Auth::bearer:
        case Auth::header:
            return "headerAuth";
        case Auth::basic:
            return "basicAuth";
        case Auth::jwt:
            return "jwtAuth";
    }
    __builtin_unreachable();
}

}  // namespace

std::optional<WorkflowPage> read_workflows(std::string_view body, std::string_view path)
{
    const auto root = parse_object(body);
    const json::array* rows = root ? array_of(*root, "data") : nullptr;
    if (!rows) return std::nullopt;
    WorkflowPage page{.workflows = {}, .next_cursor = std::string(text_of(*root, "nextCursor"))};
    for (const json::value& row : *rows) {
        const json::object* workflow = row.if_object();
        const json::object* webhook = workflow ? webhook_of(*workflow, path) : nullptr;
        if (!webhook) continue;
        page.workflows.push_back({.id = id_of(*workflow, "id"),
                                  .name = clean_text(text_of(*workflow, "name")).text,
                                  .active = truth_of(*workflow, "active"),
                                  .method = std::string(text_or(*webhook, "httpMethod", "GET")),
                                  .authentication = std::string(text_or(*webhook, "authentication", "none"))});
    }
    return page;
}

std::vector<std::string> obstacles_of(const WebhookWorkflow& workflow, Auth auth)
{
    std::vector<std::string> obstacles;
    const std::string name = "the workflow \"" + cut(workflow.name, 100) + "\"";
    if (!workflow.active) obstacles.push_back(name + " is not active");
    if (workflow.method != "POST")
        obstacles.push_back("the webhook node of " + name + " takes " + cut(workflow.method, 10) + ", not POST");
    const bool open = workflow.authentication == "none";  // Takes whatever we send along.
    if (!open && workflow.authentication != node_auth(auth))
        obstacles.push_back("the webhook node of " + name + " has the authentication " +
                            cut(workflow.authentication, 30) + "; N8N_WEBHOOK_AUTH goes with " +
                            std::string(node_auth(auth)));
    return obstacles;
}

std::optional<ExecutionPage> read_failures(std::string_view body)
{
    const auto root = parse_object(body);
    const json::array* rows = root ? array_of(*root, "data") : nullptr;
    if (!rows) return std::nullopt;
    ExecutionPage page;
    page.next_cursor = text_of(*root, "nextCursor");
    for (const json::value& row : *rows) {
        const json::object* execution = row.if_object();
        if (!execution) continue;
        const auto started = parse_rfc3339(text_of(*execution, "startedAt"));
        const auto stopped = parse_rfc3339(text_of(*execution, "stoppedAt"));
        if (started) page.oldest_start = std::min(page.oldest_start.value_or(*started), *started);
        if (!started || !id_of(*execution, "retrySuccessId").empty()) continue;
        page.failures.push_back({.operation_id = id_of(*execution, "id"),
                                 .idempotency_keys = keys_of(*execution),
                                 .at = stopped.value_or(*started),
                                 .reason = reason_of(*execution)});
    }
    return page;
}

}  // namespace crmsync::n8n
