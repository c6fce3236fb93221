#include "simulator/n8n/webhook.h"

#include <algorithm>

#include "simulator/n8n/access.h"
#include "simulator/n8n/reply.h"

namespace crmsync::simulator::n8n {

namespace {

constexpr std::size_t payload_max = 16u << 20;  // N8N_PAYLOAD_SIZE_MAX

constexpr std::string_view activate_hint =
    "The workflow must be active for a production URL to run successfully. You can activate the workflow using the "
    "toggle in the top-right of the editor. Note that unlike test URL calls, production URL calls aren't shown on the "
    "canvas (only in the executions list)";
constexpr std::string_view listen_hint =
    "Click the 'Execute workflow' button on the canvas, then try again. (In test mode, the webhook only works for one "
    "call after you click this button)";

http::ServerResponse cut()
{
    http::ServerResponse response;
    response.fault = http::ServerResponse::Fault::reset;
    return response;
}

std::string_view header_of(const http::ServerRequest& request, std::string_view name)
{
    return request.headers.find(name).value_or("");
}

json::object read_form(std::string_view body)
{
    json::object fields;
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('&'), body.size());
        const std::string_view pair = body.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto name = http::decode_component(pair.substr(0, equals), true);
        const auto value = http::decode_component(pair.substr(std::min(equals + 1, pair.size())), true);
        if (name && value) fields[*name] = *value;
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return fields;
}

/// What the workflow sees as the body; nothing when it cannot be parsed.
std::optional<json::value> read_body(const http::ServerRequest& request)
{
    const std::string_view type = header_of(request, "content-type");
    if (request.body.empty()) return json::object{};
    if (type.starts_with("application/json")) return read_json(request.body);
    if (type.starts_with("application/x-www-form-urlencoded")) return read_form(request.body);
    return json::value(request.body);
}

/// Express's words for where JSON ends to make sense; n8n passes them on.
http::ServerResponse unparsable()
{
    return problem(422, 422, "Failed to parse request body", "Unexpected token in JSON");
}

json::value or_null(std::string_view text) { return text.empty() ? json::value(nullptr) : json::value(text); }

}  // namespace

struct Webhooks::Run {
    const Call& call;
    const Workflow& workflow;
    Execution& execution;
};

http::ServerResponse Webhooks::answer_test(std::string_view path)
{
    return problem(404, 404, "The requested webhook \"" + std::string(path) + "\" is not registered.", listen_hint);
}

http::ServerResponse Webhooks::answer(const Call& call, std::string_view path)
{
    const auto& workflows = state_.options.workflows;
    const auto found = std::ranges::find(workflows, path, &Workflow::path);
    const std::string method(to_string(call.request.method));
    if (found == workflows.end() || !found->active)
        return problem(404, 404,
                       "The requested webhook \"" + method + " " + std::string(path) + "\" is not registered.",
                       activate_hint);
    if (call.request.method != http::Method::post)
        return problem(
            404, 404,
            "This webhook is not registered for " + method + " requests. Did you mean to make a POST request?");
    if (call.request.body.size() > payload_max) return cut();
    const std::string_view encoding = header_of(call.request, "content-encoding");
    if (encoding == "gzip" || encoding == "deflate") return could_not_execute();  // Of a body that is not; see facts.
    auto body = read_body(call.request);
    if (!body) return unparsable();
    if (found->needs_auth)
        if (auto refused = check_caller(state_, call.request)) return *std::move(refused);
    if (!state_.options.only_run_if) return json_response(200, json::object{{"message", "Webhook call received"}});
    return run(static_cast<std::size_t>(found - workflows.begin()), call, *std::move(body));
}

http::ServerResponse Webhooks::run(std::size_t workflow, const Call& call, json::value body)
{
    Execution& execution =
        state_.start(workflow, std::move(body), std::string(header_of(call.request, "idempotency-key")));
    const Run run{.call = call, .workflow = state_.options.workflows[workflow], .execution = execution};
    if (!state_.options.signing_secret.empty() && !is_signed(state_, call.request)) {
        execution.status = "error";
        return json_response(401, json::object{{"error", "the signature is not ours"}});
    }
    const bool early = run.workflow.mode == ResponseMode::immediately;
    if (run.workflow.fails || (early && !state_.options.executions_end)) {
        execution.status = run.workflow.fails ? "error" : "crashed";
        return early ? respond(run, {}) : json_response(500, json::object{{"message", "Error in workflow"}});
    }
    json::array results = work_through(run);
    const bool told = run.workflow.mode == ResponseMode::results;
    const bool all_well =
        std::ranges::all_of(results, [](const json::value& result) { return result.at("status").as_string() == "ok"; });
    if (!all_well && !told) execution.status = "error";
    if (!all_well && !told && !early) return json_response(500, json::object{{"message", "Error in workflow"}});
    return respond(run, std::move(results));
}

/// One result per contact, in order.
json::array Webhooks::work_through(const Run& run)
{
    json::array results;
    const json::value& body = run.execution.body;
    if (const json::array* items = body.if_array()) {
        for (const json::value& item : *items) results.push_back(result_of(item, run));
    } else if (const json::object* item = body.if_object(); item && !item->empty()) {
        results.push_back(result_of(*item, run));
    }
    return results;
}

json::object Webhooks::result_of(const json::value& item, const Run& run)
{
    const json::object* contact = item.if_object();
    if (!contact || address_of(*contact).empty())
        return {{"contact_id", nullptr}, {"status", "error"}, {"error", "no email"}};
    const std::string id = text_of(*contact, "contact_id");
    if (const auto rule = plan_.rejects("n8n", address_of(*contact)))
        return {{"contact_id", id},
                {"status", "error"},
                {"error", rule->body.empty() ? "the workflow does not want it" : rule->body}};
    json::object kept = *contact;
    if (run.call.faults.kind() == FaultKind::drop_attributes)
        for (const std::string& name : run.call.faults.rule->attributes) kept.erase(name);
    std::string key = text_of(*contact, "idempotency_key");
    if (key.empty() && !run.execution.body.is_array()) key = run.execution.key;
    state_.keep(kept, key);
    return {{"contact_id", id}, {"status", "ok"}};
}

http::ServerResponse Webhooks::respond(const Run& run, json::array results) const
{
    const json::object* item = run.execution.body.if_object();
    const json::array* items = run.execution.body.if_array();
    if (items && !items->empty()) item = items->front().if_object();
    const std::string id = std::to_string(run.execution.id);
    json::object body;
    switch (run.workflow.mode) {
        case ResponseMode::immediately:
            return json_response(200, json::object{{"message", "Workflow was started"}});
        case ResponseMode::last_node:
            if (item)
                for (const auto* name : {"contact_id", "email"})
                    if (const auto text = text_of(*item, name); !text.empty()) body[name] = text;
            body["execution_id"] = id;
            return json_response(200, body);
        case ResponseMode::respond_node:
            body["executionId"] = id;
            if (!items && item)
                if (const auto email = text_of(*item, "email"); !email.empty()) body["email"] = email;
            body["idempotencyKey"] = or_null(run.execution.key);
            body["count"] = items ? json::value(items->size()) : json::value(nullptr);
            return json_response(202, body);
        case ResponseMode::results:
            return json_response(200, json::object{{"executionId", id}, {"results", std::move(results)}});
    }
    __builtin_unreachable();
}

}  // namespace crmsync::simulator::n8n
