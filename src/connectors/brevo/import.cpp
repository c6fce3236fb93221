#include "connectors/brevo/import.h"

#include <algorithm>
#include <boost/json.hpp>

#include "connectors/brevo/payload.h"
#include "connectors/classify.h"
#include "connectors/json_read.h"
#include "connectors/json_text.h"
#include "domain/normalise.h"

namespace crmsync::brevo {

namespace {

namespace json = boost::json;

Process::Status status_of(std::string_view word)
{
    if (word == "completed") return Process::Status::completed;
    if (word == "failed" || word == "cancelled") return Process::Status::failed;
    return Process::Status::running;
}

std::vector<std::string_view> fields_of(std::string_view line)
{
    std::vector<std::string_view> fields;
    while (true) {
        const auto end = line.find_first_of(";,\t");
        fields.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return fields;
        line.remove_prefix(end + 1);
    }
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view around = " \"\r\n";
    const auto first = text.find_first_not_of(around);
    return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(around) - first + 1);
}

/// As we send addresses; one that is none stays as it is written.
std::string address_in(std::string_view field)
{
    const auto normal = normalise_email(field);
    return normal ? *normal : std::string(field);
}

}  // namespace

void append_row(std::string& rows, const MappedContact& contact, const Fit& fit)
{
    rows += rows.empty() ? "{\"email\":" : ",{\"email\":";
    append_json(rows, contact.email);
    rows += ",\"attributes\":{";
    append_attributes(rows, contact, fit);
    rows += "}}";
}

std::string import_body(std::string rows, std::int64_t list_id)
{
    rows.insert(0, "{\"jsonBody\":[");
    rows += "],\"listIds\":[" + std::to_string(list_id) +
            "],\"updateExistingContacts\":true,\"emptyContactsAttributes\":false,\"disableNotification\":true}";
    return rows;
}

std::optional<std::string> parse_process_id(std::string_view body)
{
    const auto in = parse_object(body);
    const json::value* id = in ? in->if_contains("processId") : nullptr;
    if (!id || !id->is_int64() || id->as_int64() <= 0) return std::nullopt;
    return std::to_string(id->as_int64());
}

std::optional<Process> parse_process(std::string_view body)
{
    const auto in = parse_object(body);
    const std::string_view word = in ? text_of(*in, "status") : std::string_view();
    if (word.empty()) return std::nullopt;
    Process process{.status = status_of(word), .word = std::string(word)};
    const json::object* info = object_of(*in, "info");
    const json::object* reports = info ? object_of(*info, "import") : nullptr;
    if (!reports) return process;
    process.tells_reports = true;
    for (const auto& [reason, url] : *reports) {
        if (url.is_null()) continue;
        process.reports.push_back({.reason = reason, .url = std::string(text_of(*reports, reason))});
    }
    return process;
}

std::optional<std::vector<std::string>> parse_report(std::string_view csv)
{
    std::vector<std::string> addresses;
    for (bool header = true; !csv.empty(); header = false) {
        const auto end = csv.find('\n');
        const std::string_view line = trimmed(csv.substr(0, end));
        csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
        if (line.empty()) continue;
        const auto fields = fields_of(line);
        const auto found = std::ranges::find_if(fields, [](std::string_view field) { return field.contains('@'); });
        if (found != fields.end())
            addresses.push_back(address_in(trimmed(*found)));
        else if (!header)
            return std::nullopt;
    }
    return addresses;
}

Outcome refusal_for(std::string_view reason)
{
    const auto clash = [&](std::string_view field) {
        return Rejected{.code = std::string(reason),
                        .reason = "Brevo API error: " + std::string(field) + " belongs to another contact",
                        .repairable_field = std::string(field)};
    };
    if (reason == "invalid_emails")
        return Rejected{.code = "invalid_email", .reason = "Brevo API error: the import calls the email invalid"};
    if (reason == "duplicate_phone_id") return clash("SMS");
    if (reason == "duplicate_whatsapp_id") return clash("WHATSAPP");
    if (reason == "duplicate_landline_number_id") return clash("LANDLINE_NUMBER");
    const std::string word = short_code(reason);
    return Transient{.scope = Transient::Scope::contact,
                     .code = word.empty() ? "import_refused" : word,
                     .reason = api_error(Crm::brevo, "the import refused it (" + std::string(reason) + ")", {})};
}

}  // namespace crmsync::brevo
