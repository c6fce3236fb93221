#include "api/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "domain/failure_advice.h"
#include "domain/transition.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

json::value to_value(const std::optional<std::string>& text)
{
    return text ? json::value(json::string(*text)) : json::value(nullptr);
}

json::value to_value(const std::optional<Uuid>& id)
{
    return id ? json::value(json::string(crmsync::to_string(*id))) : json::value(nullptr);
}

json::value to_value(const std::optional<bool>& flag) { return flag ? json::value(*flag) : json::value(nullptr); }

template <class Enum>
json::value to_word(const std::optional<Enum>& value)
{
    return value ? json::value(json::string(to_string(*value))) : json::value(nullptr);
}

void add_crm_columns(json::object& object, Crm crm, const CrmColumns& columns)
{
    object.emplace(column(crm, "sync_status"), to_string(columns.sync_status));
    object.emplace(column(crm, "processing_status"), to_word(columns.processing_status));
    object.emplace(column(crm, "processing_error"), to_value(columns.processing_error));
    object.emplace(remote_id_column(crm), to_value(columns.remote_id));
}

/// A field of a change: absent stays absent, null erases, else what `read` makes of it.
template <class T, class Read>
void read_nullable(Input& input, std::string_view name, std::optional<std::optional<T>>& field, Read read)
{
    const bool erases = input.is_null(name);
    const bool present = input.has(name);
    auto value = read();
    if (present && (erases || value)) field = std::move(value);
}

bool has_fraction(const json::value& value)
{
    if (const auto* object = value.if_object())
        return std::ranges::any_of(*object, [](const auto& member) { return has_fraction(member.value()); });
    if (const auto* list = value.if_array()) return std::ranges::any_of(*list, has_fraction);
    return value.is_double();
}

void append(std::string& text, const json::value& value)
{
    const auto list = [&](char open, const auto& parts, char close, const auto& each) {
        text += open;
        for (bool first = true; const auto& part : parts) {
            if (!std::exchange(first, false)) text += ',';
            each(part);
        }
        text += close;
    };
    if (!has_fraction(value)) {
        text += json::serialize(value);
    } else if (const auto* object = value.if_object()) {
        list('{', *object, '}', [&](const json::key_value_pair& member) {
            text += json::serialize(member.key()) + ":";
            append(text, member.value());
        });
    } else if (const auto* array = value.if_array()) {
        list('[', *array, ']', [&](const json::value& part) { append(text, part); });
    } else {
        const auto number = fmt::format("{}", value.get_double());
        text += number.find_first_of(".e") == std::string::npos ? number + ".0" : number;
    }
}

}  // namespace

std::string column(Crm crm, std::string_view name)
{
    std::string result(to_string(crm));
    result += '_';
    result += name;
    return result;
}

json::value to_json(const std::optional<Instant>& at)
{
    return at ? json::value(json::string(to_rfc3339(*at))) : json::value(nullptr);
}

json::value to_json(const std::optional<std::string>& text) { return to_value(text); }

json::object to_json(const Contact& contact)
{
    const auto& fields = contact.fields;
    json::object object(40);
    object["id"] = crmsync::to_string(contact.id);
    object["created_at"] = to_rfc3339(contact.created_at);
    object["updated_at"] = to_rfc3339(contact.updated_at);
    object["email"] = fields.email;
    object["name"] = to_value(fields.name);
    object["phone_number"] = to_value(fields.phone_number);
    object["email_type"] = to_word(fields.email_type);
    object["has_gmail"] = to_value(fields.has_gmail);
    object["context"] = to_value(fields.context);
    object["source_url"] = to_value(fields.source_url);
    object["domain_id"] = to_value(fields.domain_id);
    object["page_id"] = to_value(fields.page_id);
    object["source_job_id"] = to_value(fields.source_job_id);
    object["contact_curation_status"] = to_string(contact.curation_status);
    object["contact_processing_status"] = to_word(contact.processing_status);
    object["contact_processing_error"] = to_value(contact.processing_error);
    for (const Crm crm : all_crms) add_crm_columns(object, crm, contact.crm[crm]);
    object["retry_count"] = contact.retry_count;
    object["last_retry_at"] = to_json(contact.last_retry_at);
    object["next_retry_at"] = to_json(contact.next_retry_at);
    object["last_failed_crm"] = to_value(contact.last_failed_crm);
    return object;
}

json::object to_json(const Job& job)
{
    const auto published = publish(job.state, job.origin);
    const bool waits = job.state == JobState::queued || job.state == JobState::retrying;
    return {{"state", to_string(job.state)},
            {"sync_status", to_string(published.sync)},
            {"processing_status", to_word(published.processing)},
            {"remote_id", to_value(job.remote_id)},
            {"retry_count", job.retry_count},
            {"last_attempt_at", to_json(job.last_attempt_at)},
            {"next_attempt_at", waits ? to_json(job.due_at) : json::value(nullptr)},
            {"acknowledged_at", to_json(job.acknowledged_at)},
            {"error", to_value(job.error)},
            {"error_code", to_value(job.error_code)},
            {"dismissed", job.dismissed},
            {"without_fields", json::array(job.options.without_fields.begin(), job.options.without_fields.end())},
            {"request_id", job.options.request_id.empty() ? json::value(nullptr) : json::value(job.options.request_id)},
            {"warnings", json::array(job.warnings.begin(), job.warnings.end())}};
}

json::object to_json(const Attempt& attempt)
{
    return {{"at", to_rfc3339(attempt.at)},
            {"outcome", attempt.outcome},
            {"http_status", attempt.http_status ? json::value(*attempt.http_status) : json::value(nullptr)},
            {"code", to_value(attempt.code)},
            {"message", to_value(attempt.message)},
            {"duration_ms", static_cast<double>(attempt.duration.count()) / 1000},
            {"request_id", attempt.request_id},
            {"worker_id", crmsync::to_string(attempt.worker_id)},
            {"stale", attempt.stale}};
}

json::object to_json(const AuditEntry& entry)
{
    boost::system::error_code failure;
    auto detail = json::parse(entry.detail, failure);
    return {{"at", to_rfc3339(entry.at)},
            {"actor", entry.actor},
            {"action", entry.action},
            {"count", entry.count},
            {"detail", failure ? json::value(json::string(entry.detail)) : std::move(detail)}};
}

std::string_view failure_class(std::string_view error)
{
    return error.starts_with(retries_used_up) ? "retries_exhausted" : "rejected";
}

json::object to_json(const FailureCause& cause)
{
    const FailureAdvice advice = advice_on(cause.crm, cause.error_code);
    return {{"crm", to_string(cause.crm)},
            {"cause", cause.error_code},
            {"count", cause.count},
            {"summary", fmt::format("{}: {}: {}", display_name(cause.crm), advice.title, cause.count)},
            {"title", advice.title},
            {"kind", to_string(advice.kind)},
            {"class", failure_class(cause.example)},
            {"example", cause.example},
            {"example_contact_id", crmsync::to_string(cause.example_contact)},
            {"suggestion", advice.remedy},
            {"without_field", to_value(advice.field)}};
}

std::string to_text(const json::value& value)
{
    std::string text;
    append(text, value);
    return text;
}

json::object to_json(const Readings& readings)
{
    json::object counts;
    for (const auto& [result, count] : readings) counts[to_string(result)] = count;
    return counts;
}

json::value to_json(const std::optional<KnownVerification>& known)
{
    if (!known) return nullptr;
    return {{"result", to_string(known->found.result)},
            {"fields", json::array(known->found.fields.begin(), known->found.fields.end())},
            {"opted_out", known->found.opted_out},
            {"verified_at", to_rfc3339(known->at)},
            {"current", known->current}};
}

http::ServerResponse json_response(int status, const json::value& value)
{
    return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = to_text(value), .stream = {}};
}

ContactFields read_new_contact(Input& input, const std::vector<std::string>& required)
{
    for (const auto& name : required)
        if (name != "email" && (!input.has(name) || input.is_null(name)))
            input.wrong(name, "is required by this database");
    ContactFields fields;
    if (auto email = input.text("email"))
        fields.email = std::move(*email);
    else if (!input.has("email") || input.is_null("email"))
        input.wrong("email", "is required");
    fields.name = input.text("name");
    fields.phone_number = input.text("phone_number");
    fields.email_type = input.choice("email_type", all_email_types, parse_email_type);
    fields.has_gmail = input.boolean("has_gmail");
    fields.context = input.text("context");
    fields.source_url = input.text("source_url");
    fields.domain_id = input.uuid("domain_id");
    fields.page_id = input.uuid("page_id");
    fields.source_job_id = input.uuid("source_job_id");
    return fields;
}

ContactChange read_contact_change(Input& input)
{
    ContactChange change;
    change.email = input.text("email");
    if (input.is_null("email")) input.wrong("email", "must not be null");
    for (auto [name, field] : {std::pair{"name", &change.name},
                               {"phone_number", &change.phone_number},
                               {"context", &change.context},
                               {"source_url", &change.source_url}})
        read_nullable(input, name, *field, [&] { return input.text(name); });
    for (auto [name, field] : {std::pair{"domain_id", &change.domain_id},
                               {"page_id", &change.page_id},
                               {"source_job_id", &change.source_job_id}})
        read_nullable(input, name, *field, [&] { return input.uuid(name); });
    read_nullable(input, "has_gmail", change.has_gmail, [&] { return input.boolean("has_gmail"); });
    read_nullable(input, "email_type", change.email_type,
                  [&] { return input.choice("email_type", all_email_types, parse_email_type); });
    return change;
}

ContactFilter read_filter(Input& input)
{
    ContactFilter filter;
    filter.curation_status = input.choice("contact_curation_status", all_curation_statuses, parse_curation_status);
    filter.processing_status =
        input.choice("contact_processing_status", all_processing_statuses, parse_processing_status);
    for (const Crm crm : all_crms) {
        filter.sync_status[crm] = input.choice(column(crm, "sync_status"), all_sync_statuses, parse_sync_status);
        filter.crm_processing_status[crm] =
            input.choice(column(crm, "processing_status"), all_processing_statuses, parse_processing_status);
    }
    filter.email_type = input.choice("email_type", all_email_types, parse_email_type);
    filter.domain_id = input.uuid("domain_id");
    filter.page_id = input.uuid("page_id");
    filter.search = input.text("search");
    filter.email_contains = input.text("email_contains");
    filter.name_contains = input.text("name_contains");
    filter.has_gmail = input.boolean("has_gmail");
    return filter;
}

bool is_empty(const ContactFilter& filter) { return filter == ContactFilter{}; }

json::array to_json(const std::vector<Explanation>& lines)
{
    json::array fields;
    for (const Explanation& line : lines) {
        json::object field{{"field", line.field}, {"value", nullptr}, {"rule", line.rule}, {"note", line.note}};
        if (line.value) field["value"] = crmsync::to_text(*line.value);
        fields.push_back(std::move(field));
    }
    return fields;
}

json::object to_json(const Forecast& forecast, bool with_phones)
{
    const auto meeting = [](const Forecast::Meeting& of, std::string_view shared) {
        json::array examples;
        for (const Forecast::Group& group : of.examples) {
            json::array ids;
            for (const Uuid& id : group.examples) ids.emplace_back(to_string(id));
            examples.push_back({{shared, group.shared}, {"contact_count", group.contacts}, {"contact_ids", ids}});
        }
        return json::object{{"group_count", of.groups}, {"contact_count", of.contacts}, {"examples", examples}};
    };
    json::object result{{"contact_count", forecast.contacts},
                        {"same_address", meeting(forecast.same_address, "address")},
                        {"same_phone", nullptr}};
    if (with_phones) result["same_phone"] = meeting(forecast.same_phone, "phone_ends_in");
    return result;
}

std::vector<std::string> read_left_out(Input& input, const FieldMapping& mapping)
{
    constexpr std::size_t fields_max = 100;
    auto names = input.texts("without_fields", fields_max).value_or(std::vector<std::string>{});
    if (auto why_not = check_left_out(names, mapping); !why_not.empty()) input.wrong("without_fields", why_not);
    return names;
}

}  // namespace crmsync::api
