#include "connectors/hubspot/answer.h"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

#include "connectors/json_read.h"
#include "domain/normalise.h"

namespace crmsync::hubspot {

namespace json = boost::json;

namespace {

constexpr Duration burst_wait = 10s;
constexpr Duration search_wait = 1s;
constexpr Duration migration_wait = 1h;
/// The offset of the account's time zone may have changed since we asked for it.
constexpr Duration clock_change = 1h;

std::vector<std::string> texts_of(const json::object* in, std::string_view name)
{
    std::vector<std::string> texts;
    const json::array* list = in ? array_of(*in, name) : nullptr;
    if (!list) return texts;
    for (const json::value& each : *list)
        if (each.is_string()) texts.emplace_back(each.get_string());
    return texts;
}

/// "Property values were not valid: [{...}, ...]"
std::vector<Complaint::Value> values_of(std::string_view message)
{
    std::vector<Complaint::Value> values;
    const auto begin = message.find('[');
    if (begin == std::string_view::npos) return values;
    boost::system::error_code error;
    const json::value list = json::parse(message.substr(begin), error);
    if (error || !list.is_array()) return values;
    for (const json::value& each : list.get_array())
        if (const json::object* in = each.if_object(); in && !text_of(*in, "error").empty())
            values.push_back({std::string(text_of(*in, "name")), std::string(text_of(*in, "error")),
                              std::string(text_of(*in, "message"))});
    return values;
}

Complaint complaint_of(const json::object& in)
{
    const json::object* context = object_of(in, "context");
    Complaint out{.category = std::string(text_of(in, "category")),
                  .message = std::string(text_of(in, "message")),
                  .policy = std::string(text_of(in, "policyName")),
                  .trace_ids = texts_of(context, "objectWriteTraceId"),
                  .ids = texts_of(context, "ids"),
                  .scopes = texts_of(context, "requiredGranularScopes"),
                  .expired = texts_of(context, "expire time"),
                  .values = values_of(text_of(in, "message"))};
    if (const json::array* errors = array_of(in, "errors"))
        for (const json::value& each : *errors)
            if (const json::object* error = each.if_object())
                std::ranges::move(texts_of(object_of(*error, "context"), "requiredGranularScopes"),
                                  std::back_inserter(out.scopes));
    return out;
}

std::vector<std::string> split(std::string_view text, char by)
{
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find(by, from), text.size());
        if (end > from) parts.emplace_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

std::optional<BatchAnswer::Result> result_of(const json::object& in)
{
    BatchAnswer::Result out{.trace_id = std::string(text_of(in, "objectWriteTraceId")),
                            .id = std::string(text_of(in, "id")),
                            .email = {},
                            .other_emails = {},
                            .properties = {}};
    if (!is_record_id(out.id)) return std::nullopt;
    if (const json::value* created = in.if_contains("new"); created && created->is_bool())
        out.created = created->get_bool();
    const json::object* properties = object_of(in, "properties");
    if (!properties) return out;
    out.email = std::string(text_of(*properties, "email"));
    out.other_emails = split(text_of(*properties, "hs_additional_emails"), ';');
    out.opted_out = text_of(*properties, "hs_email_optout") == "true";
    for (const auto& [name, value] : *properties)
        if (value.is_string() && !value.get_string().empty())
            out.properties.emplace_back(std::string(name), std::string(value.get_string()));
    return out;
}

/// What is no token at all is told as one that expired when time began.
bool is_malformed_token(const Complaint& complaint)
{
    return complaint.message.contains("day(s)") ||
           std::ranges::any_of(complaint.expired, [](const std::string& at) { return at.starts_with("1970"); });
}

Throttled too_many(const http::Response& response, const Complaint& complaint, const Context& context,
                   std::string reason)
{
    if (const auto told = retry_after_of(response.headers)) return {.retry_after = told, .reason = std::move(reason)};
    const Duration wait = complaint.policy == "DAILY"      ? until_midnight(context.now, context.utc_offset)
                          : complaint.policy == "SECONDLY" ? search_wait
                                                           : burst_wait;
    return {.retry_after = wait, .reason = std::move(reason)};
}

Unauthorized locked_out(std::string code, std::string reason, std::string_view what_to_do)
{
    return {.code = std::move(code), .reason = std::move(reason) + " (" + std::string(what_to_do) + ")"};
}

Unauthorized refused_account(int status, const Complaint& complaint, const Context& context, std::string reason)
{
    if (status == 401 && complaint.category == "EXPIRED_AUTHENTICATION")
        return is_malformed_token(complaint)
                   ? locked_out("malformed_token", std::move(reason),
                                "what was sent is no HubSpot token: " + std::string(context.remedy))
                   : locked_out("expired_token", std::move(reason), context.remedy);
    if (status == 401) return locked_out("wrong_token", std::move(reason), context.remedy);
    std::string scopes;
    for (const std::string& scope : complaint.scopes) scopes.append(scopes.empty() ? "" : ", ").append(scope);
    if (scopes.empty()) scopes = "crm.objects.contacts.read and crm.objects.contacts.write";
    return locked_out("missing_scopes", std::move(reason),
                      "give the HubSpot app the scopes " + told(scopes, context.secrets));
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    return out;
}

std::string code_or(std::string_view word, std::string_view otherwise)
{
    std::string code = short_code(lower(word));
    return code.empty() ? std::string(otherwise) : code;
}

std::optional<std::int64_t> number_of(const http::Headers& headers, std::string_view name)
{
    const auto text = headers.find(name);
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number < 0) return std::nullopt;
    return number;
}

std::optional<Complaint> complaint_in(const http::Response& response) { return parse_complaint(response.body); }

}  // namespace

std::optional<std::string> Complaint::existing_record() const
{
    constexpr std::string_view marker = "Existing ID: ";
    const auto at = message.find(marker);
    if (category != "CONFLICT" || at == std::string::npos) return std::nullopt;
    const std::string_view rest = std::string_view(message).substr(at + marker.size());
    const auto end = std::ranges::find_if(rest, [](char c) { return c < '0' || c > '9'; });
    std::string id(rest.begin(), end);
    return id.empty() ? std::nullopt : std::optional(std::move(id));
}

bool is_record_id(std::string_view id)
{
    return !id.empty() && id.size() <= 20 && std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
}

bool BatchAnswer::Result::has_address(std::string_view address) const
{
    const auto same = [&](const std::string& own) { return http::same_name(own, address); };
    return same(email) || std::ranges::any_of(other_emails, same);
}

bool BatchAnswer::denies(std::string_view id) const
{
    const auto same = [&](const std::string& named) { return http::same_name(named, id); };
    return std::ranges::any_of(errors, [&](const Complaint& error) {
        return error.category == "OBJECT_NOT_FOUND" && (error.ids.empty() || std::ranges::any_of(error.ids, same));
    });
}

std::optional<Complaint> parse_complaint(std::string_view body)
{
    const auto in = parse_object(body);
    if (!in) return std::nullopt;
    Complaint complaint = complaint_of(*in);
    if (complaint.category.empty() && complaint.message.empty()) return std::nullopt;
    return complaint;
}

std::optional<BatchAnswer> parse_batch(std::string_view body)
{
    json::monotonic_resource memory;
    const auto in = parse_object(body, &memory);
    const json::array* results = in ? array_of(*in, "results") : nullptr;
    if (!results) return std::nullopt;
    BatchAnswer out;
    for (const json::value& each : *results)
        if (const json::object* result = each.if_object())
            if (auto read = result_of(*result)) out.results.push_back(*std::move(read));
    if (const json::array* errors = array_of(*in, "errors"))
        for (const json::value& each : *errors)
            if (const json::object* error = each.if_object()) out.errors.push_back(complaint_of(*error));
    return out;
}

namespace {

/// Where the account's pages are, which depends on where its data lies; HubSpot's own for what is none of its hosts.
std::string page_host(std::string_view told)
{
    const bool plain = std::ranges::all_of(
        told, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
    return std::string(plain && told.ends_with(".hubspot.com") ? told : "app.hubspot.com");
}

}  // namespace

std::optional<Account> parse_account(std::string_view body)
{
    const auto in = parse_object(body);
    const json::value* portal = in ? in->if_contains("portalId") : nullptr;
    if (!portal || !portal->is_int64()) return std::nullopt;
    const std::string id = std::to_string(portal->get_int64());
    Account account{
        .name = id,
        .contact_pages = "https://" + page_host(text_of(*in, "uiDomain")) + "/contacts/" + id + "/record/0-1/",
        .utc_offset = {}};
    if (const auto zone = told(text_of(*in, "timeZone"), {}); !zone.empty()) account.name += " (" + zone + ")";
    const json::value* offset = in->if_contains("utcOffsetMilliseconds");
    constexpr std::int64_t day_ms = 86'400'000;
    if (offset && offset->is_int64() && offset->get_int64() >= -day_ms && offset->get_int64() <= day_ms)
        account.utc_offset = std::chrono::milliseconds{offset->get_int64()};
    return account;
}

Outcome failure(const http::Response& response, const Context& context)
{
    const int status = response.status;
    const auto told = complaint_in(response);
    const Complaint complaint = told.value_or(Complaint{});
    std::string said = complaint.message.empty() ? "HTTP " + std::to_string(status) : complaint.message;
    if (status >= 200 && status <= 299) said = "HTTP " + std::to_string(status) + " without an acknowledgement";
    std::string reason = api_error(Crm::hubspot, said, context.secrets);

    if (status == 429 || (status == 500 && complaint.category == "RATE_LIMITS"))
        return too_many(response, complaint, context, std::move(reason));
    if (status == 477)
        return Throttled{.retry_after = retry_after_of(response.headers).value_or(migration_wait),
                         .reason = std::move(reason) + " (HubSpot is moving the account to another data centre)"};
    if (status == 423)
        return Transient{.scope = Transient::Scope::contact, .code = "locked", .reason = std::move(reason)};
    if (status == 401 || status == 403) return refused_account(status, complaint, context, std::move(reason));
    if (!told && (status == 404 || status == 405))
        return Transient{.scope = Transient::Scope::crm,
                         .code = "not_hubspot",
                         .reason = std::move(reason) + " (check HUBSPOT_API_BASE_URL)"};
    if (status >= 200 && status <= 299) return classify(response, "malformed_answer", std::move(reason));
    const bool is_refusal = status >= 400 && status <= 499;
    return classify(response, is_refusal ? lower(complaint.category) : "", std::move(reason));
}

Outcome item_failure(const Complaint& complaint, const MappedContact& contact, const Context& context)
{
    Secrets secrets = context.secrets;
    secrets.push_back(contact.email);
    const auto words = [&](std::string_view said) { return api_error(Crm::hubspot, said, secrets); };
    if (!complaint.values.empty()) {
        const auto is_optional = [&](const Complaint::Value& value) {
            return std::ranges::find(contact.fields, value.property, &MappedField::name) != contact.fields.end();
        };
        // One that cannot be left out decides.
        const auto needed = std::ranges::find_if_not(complaint.values, is_optional);
        const bool repairable = needed == complaint.values.end();
        const Complaint::Value& worst = repairable ? complaint.values.front() : *needed;
        return Rejected{.code = code_or(worst.code, "invalid_value"),
                        .reason = words(worst.property.empty() ? worst.message : worst.property + ": " + worst.message),
                        .repairable_field = repairable ? std::optional(worst.property) : std::nullopt};
    }
    if (complaint.category == "RATE_LIMITS")
        return Throttled{.retry_after = burst_wait, .reason = words(complaint.message)};
    const bool is_final = complaint.category == "VALIDATION_ERROR" || complaint.category == "CONFLICT" ||
                          complaint.category == "OBJECT_NOT_FOUND";
    if (is_final) return Rejected{.code = code_or(complaint.category, "refused"), .reason = words(complaint.message)};
    return Transient{.scope = Transient::Scope::contact,
                     .code = code_or(complaint.category, "unknown_error"),
                     .reason = words(complaint.message)};
}

bool is_expired(const http::Response& response)
{
    const auto complaint = response.status == 401 ? complaint_in(response) : std::nullopt;
    return complaint && complaint->category == "EXPIRED_AUTHENTICATION" && !is_malformed_token(*complaint);
}

Duration until_midnight(Instant now, Duration utc_offset)
{
    const Instant local = now + utc_offset;
    const Instant today = std::chrono::floor<std::chrono::days>(local);
    // Right after midnight the day of the account may not have begun yet: another hour, not another day.
    if (local - today < clock_change) return clock_change - (local - today);
    return today + std::chrono::days{1} - local;
}

std::vector<LimitReport> limits_of(const http::Headers& headers, const Context& context)
{
    std::vector<LimitReport> reports;
    const auto limit = number_of(headers, "x-hubspot-ratelimit-max");
    const auto remaining = number_of(headers, "x-hubspot-ratelimit-remaining");
    // The window rolls and is the app's own: what is left of it is what we left, and nothing tells when it is full.
    if (limit && remaining) reports.push_back({.limit = *limit, .remaining = *remaining, .reset = Duration{0}});
    const auto daily = number_of(headers, "x-hubspot-ratelimit-daily");
    const auto left = number_of(headers, "x-hubspot-ratelimit-daily-remaining");
    if (daily && left)
        reports.push_back(
            {.limit = *daily, .remaining = *left, .reset = until_midnight(context.now, context.utc_offset)});
    return reports;
}

}  // namespace crmsync::hubspot
