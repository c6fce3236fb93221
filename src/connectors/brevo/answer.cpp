#include "connectors/brevo/answer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "connectors/classify.h"
#include "connectors/json_read.h"

namespace crmsync::brevo {

namespace json = boost::json;

namespace {

/// `reset` is seconds left; what exceeds the longest window is milliseconds or an epoch of some proxy.
constexpr std::int64_t reset_max_s = 3600;

std::string to_lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    return out;
}

bool mentions(std::string_view message, std::string_view words) { return to_lower(message).contains(to_lower(words)); }

std::vector<std::string> duplicates_of(const json::object& in)
{
    std::vector<std::string> names;
    const json::object* metadata = object_of(in, "metadata");
    const json::array* list = metadata ? array_of(*metadata, "duplicate_identifiers") : nullptr;
    if (!list) return names;
    for (const json::value& name : *list)
        if (name.is_string()) names.emplace_back(name.as_string());
    return names;
}

/// Whether another contact holds this identifier. By `code` alone nothing can be told: Brevo has sent
/// duplicate_parameter and invalid_parameter for the same thing.
bool is_duplicate(const Complaint& complaint, std::string_view identifier)
{
    const auto same = [&](const std::string& name) { return http::same_name(name, identifier); };
    if (!complaint.duplicates.empty()) return std::ranges::any_of(complaint.duplicates, same);
    return mentions(complaint.message, std::string(identifier) + " is already associated");
}

bool is_phone(const MappedField& field)
{
    return field.name == "SMS" || field.name == "WHATSAPP" || field.name == "LANDLINE_NUMBER";
}

Rejected rejected(std::string code, std::string reason, std::optional<std::string> repairable_field = {})
{
    return {.code = std::move(code), .reason = std::move(reason), .repairable_field = std::move(repairable_field)};
}

Outcome refused_contact(const http::Response& response, const Complaint& complaint, const MappedContact& contact,
                        std::string reason)
{
    for (const MappedField& field : contact.fields)
        if (is_duplicate(complaint, field.name))
            return rejected("duplicate_" + to_lower(field.name), std::move(reason), field.name);
    if (mentions(complaint.message, "invalid phone number")) {
        const auto phone = std::ranges::find_if(contact.fields, is_phone);
        return rejected("invalid_phone", std::move(reason),
                        phone == contact.fields.end() ? std::nullopt : std::optional(phone->name));
    }
    return classify(response, complaint.code, std::move(reason));
}

Unauthorized locked_out(std::string code, std::string reason, std::string_view what_to_do)
{
    return {.code = std::move(code), .reason = std::move(reason) + " (" + std::string(what_to_do) + ")"};
}

std::optional<Outcome> refused_account(int status, const Complaint& complaint, const std::string& reason)
{
    if (status == 401 && (mentions(complaint.message, "ip address") || mentions(complaint.message, "authorised_ips")))
        return locked_out("ip_not_authorized", reason,
                          "add this machine's IP address at app.brevo.com/security/authorised_ips");
    if (status == 401) return locked_out("wrong_key", reason, "check BREVO_API_KEY");
    if (status == 402 || complaint.code == "not_enough_credits")
        return locked_out("no_credits", reason, "the Brevo account needs credits");
    if (complaint.code == "account_under_validation")
        return locked_out("account_under_validation", reason, "Brevo has to validate the account first");
    if (status == 403) return locked_out("no_permission", reason, "the key or the plan lacks the right to contacts");
    return std::nullopt;
}

std::vector<std::int64_t> numbers_of(const http::Headers& headers, std::string_view name)
{
    std::vector<std::int64_t> numbers;
    for (const auto& [field, value] : headers) {
        if (!http::same_name(field, name)) continue;
        const char* at = value.data();
        const char* const end = at + value.size();
        while (at < end) {
            std::int64_t number = 0;
            const auto [next, error] = std::from_chars(at, end, number);
            if (error == std::errc{}) numbers.push_back(number);
            at = std::max(at + 1, next);
        }
    }
    return numbers;
}

std::optional<Duration> wait_of(const http::Headers& headers)
{
    const auto resets = numbers_of(headers, "x-sib-ratelimit-reset");
    if (resets.empty()) return retry_after_of(headers);
    return std::chrono::seconds{std::clamp<std::int64_t>(std::ranges::max(resets), 1, reset_max_s)};
}

}  // namespace

std::optional<Complaint> parse_complaint(std::string_view body)
{
    const auto in = parse_object(body);
    if (!in) return std::nullopt;
    Complaint complaint{std::string(text_of(*in, "code")), std::string(text_of(*in, "message")), duplicates_of(*in)};
    if (complaint.code.empty() && complaint.message.empty()) return std::nullopt;
    return complaint;
}

std::optional<Upserted> acknowledgement(const http::Response& response, const std::string& email)
{
    if (response.status == 204) return Upserted{.change = Upserted::Change::updated, .remote_id = email};
    if (response.status < 200 || response.status > 299) return std::nullopt;
    const auto in = parse_object(response.body);
    const json::value* id = in ? in->if_contains("id") : nullptr;
    if (!id || !id->is_int64() || id->as_int64() <= 0) return std::nullopt;
    return Upserted{.change = response.status == 201 ? Upserted::Change::created : Upserted::Change::updated,
                    .remote_id = email,
                    .second_id = std::to_string(id->as_int64())};
}

Outcome failure(const http::Response& response, const MappedContact* contact, std::string_view api_key)
{
    const int status = response.status;
    const auto complaint = parse_complaint(response.body);
    std::string said = complaint ? complaint->message : std::string{};
    if (said.empty()) said = "HTTP " + std::to_string(status);
    if (status >= 200 && status <= 299) said = "HTTP " + std::to_string(status) + " without an acknowledgement";
    std::string reason =
        api_error(Crm::brevo, said,
                  {api_key, contact ? std::string_view(contact->email) : std::string_view{},
                   contact && contact->remote_id ? std::string_view(*contact->remote_id) : std::string_view{}});

    if (status == 429) return Throttled{.retry_after = wait_of(response.headers), .reason = std::move(reason)};
    if (status < 400 || status >= 500)
        return classify(response, status >= 200 && status <= 299 ? "malformed_answer" : "", std::move(reason));
    if (auto outcome = refused_account(status, complaint.value_or(Complaint{}), reason)) return *std::move(outcome);
    if (status == 425 || (complaint && complaint->code == "account_in_process"))
        return Transient{.scope = Transient::Scope::contact,
                         .code = status == 425 ? "425" : "account_in_process",
                         .reason = std::move(reason)};
    if (!complaint && (status == 404 || status == 405))
        return Transient{.scope = Transient::Scope::crm,
                         .code = "not_brevo",
                         .reason = std::move(reason) + " (check BREVO_API_BASE_URL)"};
    if (complaint && contact) return refused_contact(response, *complaint, *contact, std::move(reason));
    return classify(response, complaint ? complaint->code : "", std::move(reason));
}

bool is_address_taken(const http::Response& response)
{
    if (response.status != 400) return false;
    const auto complaint = parse_complaint(response.body);
    return complaint && is_duplicate(*complaint, "email");
}

bool is_not_found(const http::Response& response)
{
    const auto complaint = response.status == 404 ? parse_complaint(response.body) : std::nullopt;
    return complaint && complaint->code == "document_not_found";
}

std::vector<LimitReport> limits_of(const http::Headers& headers)
{
    const auto limits = numbers_of(headers, "x-sib-ratelimit-limit");
    if (limits.empty()) return {};
    const auto remaining = numbers_of(headers, "x-sib-ratelimit-remaining");
    const auto resets = numbers_of(headers, "x-sib-ratelimit-reset");
    std::vector<LimitReport> reports;
    for (std::size_t i = 0; i < limits.size() && i < remaining.size() && i < resets.size(); ++i) {
        const std::int64_t reset = std::clamp<std::int64_t>(resets[i], 0, reset_max_s);
        reports.push_back({.limit = limits[i], .remaining = remaining[i], .reset = std::chrono::seconds{reset}});
    }
    return reports;
}

}  // namespace crmsync::brevo
