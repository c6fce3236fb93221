#include "connectors/n8n/answer.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>

#include "connectors/json_read.h"
#include "domain/normalise.h"

namespace crmsync::n8n {

namespace json = boost::json;

namespace {

using Answer = std::variant<PerItem, WholeCall, Accepted>;

std::optional<json::value> parse(std::string_view body)
{
    boost::system::error_code error;
    json::value value = json::parse(body, error);
    if (error) return std::nullopt;
    return value;
}

/// The answer's object, or the first item's where a workflow answers with all its items.
const json::object* main_object(const json::value& value)
{
    if (const json::object* object = value.if_object()) return object;
    const json::array* items = value.if_array();
    return items && !items->empty() ? items->front().if_object() : nullptr;
}

std::string execution_of(const json::object& in)
{
    for (const auto* name : {"executionId", "execution_id", "executionID"})
        if (std::string id = id_of(in, name); !id.empty()) return id;
    return {};
}

/// In lower case, without white space.
std::string squeezed(std::string_view text)
{
    std::string out;
    for (const char c : text)
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

bool is_page(std::string_view body)
{
    const std::string start = squeezed(body.substr(0, 100));
    return start.starts_with("<html") || start.starts_with("<!doctype") || start.starts_with("<head") ||
           start.starts_with("<?xml");
}

/// The words of {"message", "hint"}, or a refusal's plain text.
std::string words_of(const http::Response& response)
{
    const auto object = parse_object(response.body);
    std::string words = object ? std::string(text_of(*object, "message")) : std::string{};
    if (object && words.empty()) words = text_of(*object, "error");
    if (!object && !is_page(response.body) && response.body.size() <= 200) words = response.body;
    return clean_text(words).text.empty() ? "HTTP " + std::to_string(response.status) : words;
}

Transient crm_failed(std::string code, std::string reason)
{
    return {.scope = Transient::Scope::crm, .code = std::move(code), .reason = std::move(reason)};
}
Transient contact_failed(std::string code, std::string reason)
{
    return {.scope = Transient::Scope::contact, .code = std::move(code), .reason = std::move(reason)};
}

// ---- Results per contact -------------------------------------------------------------------------------------------

enum class Verdict { delivered, rejected, again, unknown };

Verdict verdict_of(const json::object& result)
{
    constexpr std::array<std::string_view, 9> good{"ok",       "success", "succeeded", "created",  "updated",
                                                   "upserted", "done",    "skipped",   "unchanged"};
    constexpr std::array<std::string_view, 5> bad{"error", "failed", "failure", "rejected", "invalid"};
    constexpr std::array<std::string_view, 4> later{"retry", "transient", "throttled", "timeout"};
    const json::value* status = result.if_contains("status");
    if (status && status->is_int64()) {
        const auto code = status->get_int64();
        if (code >= 200 && code < 300) return Verdict::delivered;
        if (code == 408 || code == 425 || code == 429 || code >= 500) return Verdict::again;
        return code >= 400 ? Verdict::rejected : Verdict::unknown;
    }
    const std::string word = squeezed(text_of(result, "status"));
    const auto is_one_of = [&](const auto& words) { return std::ranges::find(words, word) != words.end(); };
    if (is_one_of(later)) return Verdict::again;
    if (is_one_of(bad)) return Verdict::rejected;
    if (is_one_of(good)) return Verdict::delivered;
    return word.empty() && !text_of(result, "error").empty() ? Verdict::rejected : Verdict::unknown;
}

Outcome outcome_of(const json::object& result, const std::string& execution, const Secrets& secrets)
{
    const std::string own = execution_of(result);
    std::string words(text_of(result, "error"));
    if (words.empty()) words = text_of(result, "message");
    switch (verdict_of(result)) {
        case Verdict::delivered:
            return Upserted{.remote_id = own.empty() ? execution : own};
        case Verdict::rejected:
            return Rejected{.code = "workflow_error",
                            .reason = api_error(Crm::n8n, words.empty() ? "the workflow rejected it" : words, secrets)};
        case Verdict::again:
            return contact_failed("workflow_retry",
                                  api_error(Crm::n8n, words.empty() ? "the workflow wants it later" : words, secrets));
        case Verdict::unknown:
            return contact_failed("unknown_result",
                                  api_error(Crm::n8n, "the workflow's result has no status known here", secrets));
    }
    __builtin_unreachable();
}

PerItem per_item(const json::array& results, std::span<const MappedContact> contacts, const std::string& execution,
                 const Secrets& secrets)
{
    PerItem items;
    for (const MappedContact& contact : contacts) {
        const std::string id = to_string(contact.contact_id);
        const json::object* mine = nullptr;
        for (const json::value& result : results)
            if (const json::object* object = result.if_object(); object && text_of(*object, "contact_id") == id) {
                mine = object;
                break;
            }
        items.outcomes.push_back(
            mine ? outcome_of(*mine, execution, secrets)
                 : contact_failed("no_result",
                                  api_error(Crm::n8n, "the workflow's results lack this contact", secrets)));
    }
    return items;
}

// ---- The whole call ------------------------------------------------------------------------------------------------

Answer delivered(const http::Response& response, std::span<const MappedContact> contacts, const Secrets& secrets)
{
    const auto failed = [&](std::string code, std::string_view why) {
        return for_all(crm_failed(std::move(code), api_error(Crm::n8n, why, secrets)), contacts.size());
    };
    const auto type = response.headers.find("content-type").value_or("");
    if (response.body.contains("n8n is starting up")) return failed("starting_up", "n8n is starting up");
    if (is_page(response.body))
        return failed("not_n8n", "the answer is a page, not a webhook's (check N8N_WEBHOOK_URL)");
    const auto value = parse(response.body);
    const std::string start = squeezed(response.body.substr(0, 100));
    const bool meant_as_json = type.starts_with("application/json") || start.starts_with('{') || start.starts_with('[');
    if (!value && !start.empty() && meant_as_json) return failed("malformed_answer", "the answer cannot be read");
    const json::object* object = value ? main_object(*value) : nullptr;
    if (object && text_of(*object, "message") == "Webhook call received")
        return for_all(Rejected{.code = "filtered",
                                .reason = api_error(Crm::n8n,
                                                    "the webhook node's option \"Only run if\" kept the workflow from "
                                                    "running",
                                                    secrets)},
                       contacts.size());
    const std::string execution = object ? execution_of(*object) : std::string{};
    if (object && object->contains("results")) {
        if (const json::array* results = array_of(*object, "results"))
            return per_item(*results, contacts, execution, secrets);
        return failed("malformed_answer", "the workflow's results are no list");
    }
    return for_all(Upserted{.remote_id = execution}, contacts.size());
}

Outcome not_registered(const http::Response& response, bool gone_for_long, const Secrets& secrets)
{
    const std::string words = words_of(response);
    if (words.contains("Did you mean to make a"))
        return Unauthorized{.code = "wrong_method",
                            .reason = api_error(Crm::n8n, words, secrets) + " (set the webhook node's method to POST)"};
    std::string reason = api_error(Crm::n8n, words, secrets) + " (activate the workflow, or check N8N_WEBHOOK_URL)";
    if (gone_for_long) return Unauthorized{.code = "webhook_not_registered", .reason = std::move(reason)};
    return crm_failed("webhook_not_registered", std::move(reason));
}

Unauthorized refused(const http::Response& response, const Secrets& secrets)
{
    const std::string words = words_of(response);
    const bool address = words.contains("IP is not allowed");
    return {.code = address ? "ip_not_allowed" : "wrong_secret",
            .reason =
                api_error(Crm::n8n, words, secrets) + (address ? " (add this machine to the webhook node's allow-list)"
                                                               : " (check N8N_WEBHOOK_AUTH and N8N_WEBHOOK_SECRET)")};
}

/// The workflow or its nodes are put together so that no call can succeed.
bool is_misbuilt(std::string_view words)
{
    return words.contains("Respond to Webhook node") || words.contains("No authentication data defined on node");
}

}  // namespace

Answer for_all(Outcome outcome, std::size_t contacts)
{
    if (contacts == 1 || std::holds_alternative<Upserted>(outcome))
        return PerItem{std::vector<Outcome>(contacts, outcome)};
    return WholeCall{std::move(outcome)};
}

bool is_gone(const http::Response& response) { return response.status == 404; }

Answer read_answer(const http::Response& response, std::span<const MappedContact> contacts, bool gone_for_long,
                   const Secrets& secrets)
{
    const int status = response.status;
    if (status >= 200 && status <= 299) return delivered(response, contacts, secrets);
    if (is_gone(response)) return for_all(not_registered(response, gone_for_long, secrets), contacts.size());
    if (status == 401 || status == 403) return for_all(refused(response, secrets), contacts.size());
    const std::string words = words_of(response);
    const std::string reason = api_error(Crm::n8n, words, secrets);
    if (status == 500 && is_misbuilt(words))
        return for_all(Unauthorized{.code = "workflow_misbuilt", .reason = reason}, contacts.size());
    return for_all(classify(response, "", reason), contacts.size());
}

}  // namespace crmsync::n8n
