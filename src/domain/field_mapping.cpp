#include "domain/field_mapping.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "domain/normalise.h"

namespace crmsync {

namespace {

constexpr std::array all_source_fields{SourceField::email,      SourceField::name,     SourceField::first_name,
                                       SourceField::last_name,  SourceField::phone,    SourceField::email_type,
                                       SourceField::has_gmail,  SourceField::context,  SourceField::source_url,
                                       SourceField::domain_id,  SourceField::page_id,  SourceField::source_job_id,
                                       SourceField::contact_id, SourceField::synced_at};

std::optional<std::string> id_text(const std::optional<Uuid>& id)
{
    return id ? std::optional(to_string(*id)) : std::nullopt;
}

std::optional<std::string> name_part(const std::optional<std::string>& name, bool first)
{
    if (!name) return std::nullopt;
    const auto [first_name, last_name] = split_name(*name);
    return std::string(first ? first_name : last_name);
}

/// RFC 3339 without the fraction, which not every CRM reads.
std::string to_seconds_text(Instant at) { return to_rfc3339(at).substr(0, 19) + 'Z'; }

/// The contact's field as text; a missing one is nothing.
std::optional<std::string> source_text(const ContactFields& contact, const JobKey& key, const std::string& email,
                                       SourceField source, Instant now)
{
    switch (source) {
        case SourceField::email:
            return email;
        case SourceField::name:
            return contact.name;
        case SourceField::first_name:
            return name_part(contact.name, true);
        case SourceField::last_name:
            return name_part(contact.name, false);
        case SourceField::phone:
            return contact.phone_number;
        case SourceField::email_type:
            return contact.email_type ? std::optional(std::string(to_string(*contact.email_type))) : std::nullopt;
        case SourceField::has_gmail:
            return contact.has_gmail ? std::optional(std::string(*contact.has_gmail ? "true" : "false")) : std::nullopt;
        case SourceField::context:
            return contact.context;
        case SourceField::source_url:
            return contact.source_url;
        case SourceField::domain_id:
            return id_text(contact.domain_id);
        case SourceField::page_id:
            return id_text(contact.page_id);
        case SourceField::source_job_id:
            return id_text(contact.source_job_id);
        case SourceField::contact_id:
            return to_string(key.contact_id);
        case SourceField::synced_at:
            return to_seconds_text(now);
    }
    __builtin_unreachable();
}

/// JSON's own grammar of numbers, so that the text can go on the wire as it is.
bool is_number(std::string_view text)
{
    const auto digits = [&] {
        const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(end);
        return end;
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool zero = text.starts_with('0');
    const auto whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return text.empty();
}

/// From a date or an instant in RFC 3339.
std::optional<Instant> to_instant(const std::string& text)
{
    const auto at = parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
    return at ? std::optional(*at) : std::nullopt;
}

/// The value as the rule wants it. Nothing when it is empty or, with a warning, unusable.
std::optional<FieldValue> to_value(const std::string& text, const FieldRule& rule, const std::string& phone_region,
                                   std::vector<std::string>& warnings)
{
    CleanText clean = clean_text(text);
    if (clean.text.empty()) return std::nullopt;
    const auto left_out = [&](std::string_view why) {
        warnings.push_back(rule.target + " left out: the value " + std::string(why));
        return std::nullopt;
    };
    switch (rule.type) {
        case FieldType::text:
            if (clean.repaired) warnings.push_back(rule.target + ": characters that are not valid UTF-8 were replaced");
            return std::move(clean.text);
        case FieldType::phone_e164: {
            Normalised phone = normalise_phone(clean.text, phone_region);
            if (!phone) return left_out(phone.error());
            return *std::move(phone);
        }
        case FieldType::boolean:
            if (clean.text == "true") return true;
            if (clean.text == "false") return false;
            return left_out("is neither true nor false");
        case FieldType::number:
            if (is_number(clean.text)) return Number{std::move(clean.text)};
            return left_out("is not a number");
        case FieldType::date:
            if (const auto at = to_instant(clean.text)) return to_rfc3339(*at).substr(0, 10);
            return left_out("is not a date such as 2026-11-20");
        case FieldType::datetime:
            if (const auto at = to_instant(clean.text)) return to_seconds_text(*at);
            return left_out("is not a time such as 2026-11-20T12:30:00Z");
    }
    __builtin_unreachable();
}

/// Lengths go before texts, so that no two payloads share one input.
void append_to_fingerprint(std::string& input, std::string_view text)
{
    input += std::to_string(text.size());
    input += ':';
    input += text;
}

}  // namespace

std::string_view to_string(SourceField field)
{
    switch (field) {
        case SourceField::email:
            return "email";
        case SourceField::name:
            return "name";
        case SourceField::first_name:
            return "first_name";
        case SourceField::last_name:
            return "last_name";
        case SourceField::phone:
            return "phone";
        case SourceField::email_type:
            return "email_type";
        case SourceField::has_gmail:
            return "has_gmail";
        case SourceField::context:
            return "context";
        case SourceField::source_url:
            return "source_url";
        case SourceField::domain_id:
            return "domain_id";
        case SourceField::page_id:
            return "page_id";
        case SourceField::source_job_id:
            return "source_job_id";
        case SourceField::contact_id:
            return "contact_id";
        case SourceField::synced_at:
            return "synced_at";
    }
    __builtin_unreachable();
}

std::optional<SourceField> parse_source_field(std::string_view text)
{
    for (const SourceField field : all_source_fields)
        if (to_string(field) == text) return field;
    return std::nullopt;
}

FieldMapping with_changes(FieldMapping mapping, const std::vector<FieldChange>& changes)
{
    for (const FieldChange& change : changes) {
        const auto old = std::ranges::find(mapping.rules, change.target, &FieldRule::target);
        if (!change.rule) {
            if (old != mapping.rules.end()) mapping.rules.erase(old);
        } else if (old == mapping.rules.end()) {
            mapping.rules.push_back(*change.rule);
        } else {
            const bool unique = old->unique;
            *old = *change.rule;
            old->unique = unique;
        }
    }
    return mapping;
}

std::string check_left_out(const std::vector<std::string>& names, const FieldMapping& mapping)
{
    const auto join = [](std::string& list, std::string_view name) {
        list += list.empty() ? "" : ", ";
        list += name;
    };
    std::string unknown, optional;
    for (const std::string& name : names)
        if (std::ranges::find(mapping.rules, name, &FieldRule::target) == mapping.rules.end()) join(unknown, name);
    if (unknown.empty()) return "";
    for (const FieldRule& rule : mapping.rules) join(optional, rule.target);
    return "names " + unknown + ", but what can be left out is " + (optional.empty() ? "nothing" : optional);
}

std::variant<MappedContact, Refusal> map_contact(const ContactFields& contact, const JobKey& key,
                                                 std::int64_t generation, const FieldMapping& mapping,
                                                 const std::vector<std::string>& without, Instant now)
{
    if (clean_text(contact.email).text.empty())
        return Refusal{.field = "email", .code = "missing_email", .reason = "Contact has no email address"};
    Normalised email = normalise_email(contact.email);
    if (!email)
        return Refusal{.field = "email", .code = "invalid_email", .reason = "The email address " + email.error()};

    MappedContact mapped;
    mapped.contact_id = key.contact_id;
    mapped.email = *std::move(email);
    mapped.idempotency_key =
        to_string(key.contact_id) + '-' + std::string(to_string(key.crm)) + '-' + std::to_string(generation);
    for (const FieldRule& rule : mapping.rules) {
        if (std::ranges::find(without, rule.target) != without.end()) continue;
        const auto text = source_text(contact, key, mapped.email, rule.source, now);
        if (!text) continue;
        if (auto value = to_value(*text, rule, mapping.phone_region, mapped.warnings))
            mapped.fields.push_back({.name = rule.target,
                                     .value = *std::move(value),
                                     .type = rule.type,
                                     .is_volatile = rule.source == SourceField::synced_at});
    }
    mapped.fingerprint = fingerprint_of(mapped);
    return mapped;
}

std::optional<std::pair<JobKey, std::int64_t>> parse_idempotency_key(std::string_view key)
{
    constexpr std::size_t uuid_size = 36;
    if (key.size() <= uuid_size || key[uuid_size] != '-') return std::nullopt;
    const auto id = parse_uuid(key.substr(0, uuid_size));
    key.remove_prefix(uuid_size + 1);
    const auto dash = key.find('-');
    if (!id || dash == std::string_view::npos) return std::nullopt;
    const auto crm = parse_crm(key.substr(0, dash));
    key.remove_prefix(dash + 1);
    std::int64_t generation = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), generation);
    if (!crm || error != std::errc() || end != key.data() + key.size()) return std::nullopt;
    return std::pair{JobKey{*id, *crm}, generation};
}

std::string fingerprint_of(const MappedContact& contact)
{
    std::string input;
    input.reserve(512);
    append_to_fingerprint(input, contact.email);
    for (const MappedField& field : contact.fields) {
        if (field.is_volatile) continue;
        append_to_fingerprint(input, field.name);
        std::visit(Overloaded{
                       [&](const std::string& text) { append_to_fingerprint(input, text); },
                       [&](bool truth) { input += truth ? 't' : 'f'; },
                       [&](const Number& number) { append_to_fingerprint(input, number.text); },
                       [&](const Cleared&) { input += 'c'; },
                   },
                   field.value);
    }
    static const EVP_MD* const sha256 =
        EVP_MD_fetch(nullptr, "SHA256", nullptr);  // Looking it up costs more than hashing.
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    const int done = EVP_Digest(input.data(), input.size(), digest.data(), nullptr, sha256, nullptr);
    if (done != 1) std::abort();  // Out of memory; a wrong fingerprint would hide changes.
    constexpr std::string_view hex = "0123456789abcdef";
    std::string text;
    text.reserve(32);
    for (std::size_t i = 0; i < 16; ++i) {
        text += hex[digest[i] >> 4];
        text += hex[digest[i] & 0x0f];
    }
    return text;
}

}  // namespace crmsync
