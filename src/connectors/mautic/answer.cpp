#include "connectors/mautic/answer.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "connectors/classify.h"
#include "connectors/json_read.h"

namespace crmsync::mautic {

namespace json = boost::json;

namespace {

/// The limiter counts by the hour; what exceeds that is some proxy's.
constexpr Duration longest_wait = 1h;

std::optional<std::int64_t> whole_number(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// PHP writes numbers as texts where they come from the database.
std::optional<std::int64_t> whole_number(const json::value* value)
{
    if (!value) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    if (value->is_string()) return whole_number(std::string_view(value->get_string()));
    return std::nullopt;
}

/// The member at that position of a list, or of an object keyed by positions.
const json::value* at_position(const json::value* collection, std::size_t index)
{
    if (!collection) return nullptr;
    if (const auto* list = collection->if_array()) return index < list->size() ? &(*list)[index] : nullptr;
    if (const auto* map = collection->if_object()) return map->if_contains(std::to_string(index));
    return nullptr;
}

template <class Visit>
void for_each_member(const json::value& collection, Visit visit)
{
    if (const auto* list = collection.if_array())
        for (const auto& value : *list) visit(value);
    if (const auto* map = collection.if_object())
        for (const auto& member : *map) visit(member.value());
}

std::optional<Complaint> read_complaint(const json::value* value)
{
    const auto* in = value ? value->if_object() : nullptr;
    if (!in) return std::nullopt;
    Complaint complaint{
        .code = static_cast<int>(std::clamp<std::int64_t>(whole_number(in->if_contains("code")).value_or(0), 0, 999)),
        .type = std::string(text_of(*in, "type")),
        .message = std::string(text_of(*in, "message")),
        .fields = {}};
    if (const auto* details = object_of(*in, "details"))
        for (const auto& member : *details) complaint.fields.emplace_back(member.key());
    return complaint;
}

std::string text_of_value(const json::value& value)
{
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_null() || value.is_structured()) return {};
    if (value.is_double()) {
        std::array<char, 32> digits{};  // The shortest form: PHP's 7.0 is what was sent as 7.
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.get_double()).ptr;
        return {digits.data(), end};
    }
    return json::serialize(value);
}

std::optional<KnownContact> read_contact(const json::value& value)
{
    const auto* in = value.if_object();
    const auto id = in ? whole_number(in->if_contains("id")) : std::nullopt;
    if (!id || *id <= 0) return std::nullopt;
    KnownContact contact{.id = *id};
    const auto* fields = object_of(*in, "fields");
    const auto* all = fields ? object_of(*fields, "all") : nullptr;
    if (all) {
        for (const auto& [alias, held] : *all) {
            std::string text = text_of_value(held);
            if (alias == "email") contact.email = text;
            if (alias != "id" && !text.empty()) contact.values.emplace_back(alias, std::move(text));
        }
    }
    if (const auto* marks = array_of(*in, "doNotContact"))
        contact.opted_out = std::ranges::any_of(*marks, [](const json::value& mark) {
            const auto* object = mark.if_object();
            return object && text_of(*object, "channel") == "email";
        });
    return contact;
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    return out;
}

Unauthorized locked_out(std::string code, std::string reason, std::string_view what_to_do)
{
    return {.code = std::move(code), .reason = std::move(reason) + " (" + std::string(what_to_do) + ")"};
}

Outcome refused_account(int status, const Complaint& complaint, const Caller& caller, std::string reason)
{
    if (complaint.type == "api_disabled" || complaint.message.contains("API disabled"))
        return locked_out("api_disabled", std::move(reason),
                          "switch it on in Mautic under Configuration > API Settings, then clear Mautic's cache");
    if (complaint.message.contains("Basic Auth disabled"))
        return locked_out("basic_auth_disabled", std::move(reason),
                          "switch HTTP basic auth on in Mautic under Configuration > API Settings, or use OAuth with "
                          "MAUTIC_CLIENT_ID and MAUTIC_CLIENT_SECRET");
    if (status == 403)
        return locked_out("no_permission", std::move(reason), "the API user's role needs the right to contacts");
    if (caller.login == Caller::Login::basic)
        return locked_out("wrong_password", std::move(reason), "check MAUTIC_USERNAME and MAUTIC_PASSWORD");
    return locked_out("token_refused", std::move(reason), "check MAUTIC_CLIENT_ID and MAUTIC_CLIENT_SECRET");
}

Outcome refused_contact(int status, const Complaint& complaint, const MappedContact& contact, std::string reason)
{
    // Two creates of one address at once: the loser finds the contact when it comes again.
    if (status == 422 && lower(complaint.message).contains("must be unique"))
        return Transient{.scope = Transient::Scope::contact, .code = "must_be_unique", .reason = std::move(reason)};
    Rejected rejected{.code = "http_" + std::to_string(status), .reason = std::move(reason), .repairable_field = {}};
    if (const auto field = short_code(complaint.fields.empty() ? "" : complaint.fields.front()); !field.empty())
        rejected.code = "invalid_" + field;
    for (const auto& alias : complaint.fields)
        for (const MappedField& field : contact.fields)
            if (http::same_name(field.name, alias)) rejected.repairable_field = field.name;
    return rejected;
}

std::optional<Duration> wait_of(const http::Headers& headers, Instant now)
{
    const auto reset = headers.find("x-ratelimit-reset");
    const auto at = reset ? whole_number(*reset) : std::nullopt;
    if (!at) return retry_after_of(headers);
    const Duration left = Instant{std::chrono::seconds{std::clamp<std::int64_t>(*at, 0, 1LL << 40)}} - now;
    return std::clamp<Duration>(left, 1s, longest_wait);
}

std::string reason_for(std::string_view said, const MappedContact* contact, std::span<const std::string> addresses,
                       const Caller& caller)
{
    Secrets secrets(addresses.begin(), addresses.end());
    secrets.insert(secrets.end(), caller.secrets.begin(), caller.secrets.end());
    if (contact) secrets.emplace_back(contact->email);
    return api_error(Crm::mautic, said, secrets);
}

}  // namespace

const std::string* KnownContact::value(std::string_view alias) const
{
    const auto found =
        std::ranges::find(values, alias, [](const auto& entry) { return std::string_view(entry.first); });
    return found == values.end() ? nullptr : &found->second;
}

std::optional<Complaint> parse_complaint(std::string_view body)
{
    const auto root = parse_object(body);
    if (!root) return std::nullopt;
    if (auto complaint = read_complaint(at_position(root->if_contains("errors"), 0))) return complaint;
    if (auto complaint = read_complaint(root->if_contains("error"))) return complaint;
    if (text_of(*root, "error").empty()) return std::nullopt;
    // RFC 6749's own form, which Mautic rewrites when it has a description.
    return Complaint{.type = std::string(text_of(*root, "error")),
                     .message = std::string(text_of(*root, "error_description")),
                     .fields = {}};
}

std::optional<KnownContact> parse_contact(std::string_view body)
{
    const auto root = parse_object(body);
    const auto* contact = root ? root->if_contains("contact") : nullptr;
    return contact ? read_contact(*contact) : std::nullopt;
}

std::optional<std::vector<Told>> parse_batch(std::string_view body, std::span<const std::string> emails)
{
    const auto root = parse_object(body);
    const auto* codes = root ? root->if_contains("statusCodes") : nullptr;
    if (!codes || !codes->is_structured()) return std::nullopt;
    std::vector<KnownContact> contacts;
    if (const auto* shown = root->if_contains("contacts"))
        for_each_member(*shown, [&](const json::value& value) {
            if (auto contact = read_contact(value)) contacts.push_back(*std::move(contact));
        });
    std::vector<Told> out(emails.size());
    for (std::size_t i = 0; i < emails.size(); ++i) {
        const auto code = whole_number(at_position(codes, i));
        if (code && *code >= 100 && *code <= 599) out[i].status = static_cast<int>(*code);
        out[i].complaint = read_complaint(at_position(root->if_contains("errors"), i));
        const auto shown =
            std::ranges::find_if(contacts, [&](const auto& each) { return same_address(each.email, emails[i]); });
        if (shown != contacts.end()) out[i].contact = *shown;
    }
    return out;
}

std::optional<std::vector<KnownContact>> parse_list(std::string_view body)
{
    const auto root = parse_object(body);
    const auto* shown = root ? root->if_contains("contacts") : nullptr;
    if (!shown || !shown->is_structured()) return std::nullopt;
    std::vector<KnownContact> contacts;
    bool readable = true;
    for_each_member(*shown, [&](const json::value& value) {
        auto contact = read_contact(value);
        readable = readable && contact;
        if (contact) contacts.push_back(*std::move(contact));
    });
    return readable ? std::optional(std::move(contacts)) : std::nullopt;
}

Outcome failure(const http::Response& response, const MappedContact* contact, std::span<const std::string> addresses,
                const Caller& caller, Instant now)
{
    const int status = response.status;
    const auto complaint = parse_complaint(response.body);
    std::string said = complaint ? complaint->message : std::string{};
    if (said.empty()) said = "HTTP " + std::to_string(status);
    const bool success = status >= 200 && status <= 299;
    if (success) said = "HTTP " + std::to_string(status) + " without an acknowledgement";
    std::string reason = reason_for(said, contact, addresses, caller);
    if (status == 429) return Throttled{.retry_after = wait_of(response.headers, now), .reason = std::move(reason)};
    if (status < 400 || status >= 500) return classify(response, success ? "malformed_answer" : "", std::move(reason));
    if (status == 401 || status == 403)
        return refused_account(status, complaint.value_or(Complaint{}), caller, std::move(reason));
    const bool is_unknown_path = complaint && complaint->message.starts_with("Requested URL not found");
    if ((!complaint || is_unknown_path) && (status == 404 || status == 405))
        return Transient{.scope = Transient::Scope::crm,
                         .code = "not_mautic",
                         .reason = std::move(reason) + " (check MAUTIC_BASE_URL)"};
    if (complaint && contact && status != 408 && status != 425)
        return refused_contact(status, *complaint, *contact, std::move(reason));
    return classify(response, "", std::move(reason));
}

Outcome failure(const Told& told, const MappedContact& contact, const Caller& caller)
{
    const Complaint complaint = told.complaint.value_or(Complaint{});
    const int status = told.status >= 400 ? told.status : complaint.code;
    if (status < 400)
        return Transient{.scope = Transient::Scope::contact,
                         .code = "no_answer",
                         .reason = reason_for("the answer does not acknowledge the contact", &contact, {}, caller)};
    std::string said = complaint.message;
    if (said.empty()) said = "status " + std::to_string(status) + " inside a batch";
    std::string reason = reason_for(said, &contact, {}, caller);
    if (status == 401 || status == 403) return refused_account(status, complaint, caller, std::move(reason));
    if (status == 408 || status == 425 || status == 429 || status >= 500)
        return Transient{
            .scope = Transient::Scope::contact, .code = "http_" + std::to_string(status), .reason = std::move(reason)};
    return refused_contact(status, complaint, contact, std::move(reason));
}

std::optional<std::size_t> batch_limit_in(const http::Response& response)
{
    constexpr std::string_view before = "A max of ";
    const auto complaint = parse_complaint(response.body);
    if (response.status < 400 || !complaint || !complaint->message.starts_with(before)) return std::nullopt;
    std::string_view rest = complaint->message;
    rest.remove_prefix(before.size());
    if (!rest.contains("entities are supported")) return std::nullopt;
    const auto limit = whole_number(rest.substr(0, rest.find(' ')));
    if (!limit || *limit < 1) return std::nullopt;
    return static_cast<std::size_t>(*limit);
}

bool is_crash(const http::Response& response) { return response.status == 500 && parse_complaint(response.body); }

bool is_not_found(const http::Response& response)
{
    const auto complaint = response.status == 404 ? parse_complaint(response.body) : std::nullopt;
    return complaint && !complaint->message.starts_with("Requested URL not found");
}

std::vector<LimitReport> limits_of(const http::Headers& headers, Instant now)
{
    const auto number = [&](std::string_view name) {
        const auto text = headers.find(name);
        return text ? whole_number(*text) : std::nullopt;
    };
    const auto limit = number("x-ratelimit-limit");
    const auto remaining = number("x-ratelimit-remaining");
    if (!limit || *limit <= 0 || !remaining || !headers.find("x-ratelimit-reset")) return {};
    return {{.limit = *limit, .remaining = std::max<std::int64_t>(*remaining, 0), .reset = *wait_of(headers, now)}};
}

bool same_address(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

}  // namespace crmsync::mautic
