#include "domain/field_mapping.h"

#include <algorithm>
#include <charconv>

#include "domain/consent.h"
#include "domain/fingerprint.h"
#include "domain/normalise.h"

namespace crmsync {

namespace {

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

/// What goes into a rule before any of it is cleaned; "" when the contact has nothing.
std::string text_of(const FieldRule& rule, const ContactFields& contact, const JobKey& key, const std::string& email,
                    Instant now)
{
    const auto read = [&](SourceField source) { return source_text(contact, key, email, source, now).value_or(""); };
    if (rule.parts.empty()) return read(rule.source);
    std::string text;
    for (const TextPart& part : rule.parts)
        std::visit(Overloaded{[&](const std::string& literal) { text += literal; },
                              [&](SourceField source) { text += read(source); }},
                   part);
    return text;
}

bool names(const FieldRule& rule, SourceField source)
{
    if (rule.parts.empty()) return rule.source == source;
    return std::ranges::find(rule.parts, TextPart(source)) != rule.parts.end();
}

/// The value as the rule wants it. Nothing when it is empty or, with a warning, unusable.
std::optional<FieldValue> make_value(const std::string& raw, const FieldRule& rule, Crm crm,
                                     const std::string& phone_region, std::vector<std::string>& warnings)
{
    const auto left_out = [&](std::string_view why) {
        warnings.push_back(rule.target + " left out: the value " + std::string(why));
        return std::nullopt;
    };
    CleanText clean = clean_text(raw);
    if (!rule.transforms.empty()) {
        auto changed = transformed(std::move(clean.text), rule.transforms, phone_region);
        if (!changed) return left_out(changed.error());
        clean.text = *std::move(changed);
    }
    if (clean.text.empty()) {
        if (rule.when_empty == WhenEmpty::clear) return Cleared{};
        if (rule.fallback.empty()) return std::nullopt;
        clean = clean_text(rule.fallback);
    }
    auto value = to_value(std::move(clean.text), rule.type, phone_region);
    if (!value) return left_out(value.error());
    if (rule.consent && !takes_consent_away(consent_field(crm, rule.target), *value))
        return left_out("would turn on a contact who may have opted out");
    if (clean.repaired && rule.type == FieldType::text)
        warnings.push_back(rule.target + ": characters that are not valid UTF-8 were replaced");
    return *std::move(value);
}

}  // namespace

FieldMapping with_changes(FieldMapping mapping, const std::vector<FieldChange>& changes)
{
    std::vector<FieldRule>& rules = mapping.rules;
    for (const FieldChange& change : changes) {
        const auto old = std::ranges::find(rules, change.target, &FieldRule::target);
        if (!change.renamed_to.empty()) continue;
        if (!change.rule) {
            if (old != rules.end()) rules.erase(old);
        } else if (old == rules.end()) {
            rules.push_back(*change.rule);
        } else {
            const bool unique = old->unique || change.rule->unique;
            *old = *change.rule;
            old->unique = unique;
        }
    }
    // Last, so that a new name meets no rule that another change takes away.
    for (const FieldChange& change : changes) {
        const auto old = std::ranges::find(rules, change.target, &FieldRule::target);
        if (!change.renamed_to.empty() && old != rules.end()) old->target = change.renamed_to;
    }
    return mapping;
}

std::vector<std::string> conflicts_of(const FieldMapping& mapping, const std::vector<FieldChange>& changes)
{
    std::vector<std::string> conflicts;
    std::vector<std::string_view> targets;
    for (const FieldChange& change : changes) {
        if (change.rule) targets.push_back(change.target);
        if (change.renamed_to.empty()) continue;
        targets.push_back(change.renamed_to);
        if (std::ranges::find(mapping.rules, change.target, &FieldRule::target) == mapping.rules.end())
            conflicts.push_back(change.target + ": there is no default of that name to rename; use from = \"...\"");
    }
    for (const FieldRule& rule : mapping.rules)
        if (std::ranges::find(changes, rule.target, &FieldChange::target) == changes.end())
            targets.push_back(rule.target);
    std::ranges::sort(targets);
    for (auto at = targets.begin(); (at = std::ranges::adjacent_find(at, targets.end())) != targets.end();
         at = std::ranges::find_if_not(at, targets.end(), [&](std::string_view other) { return other == *at; }))
        conflicts.push_back(std::string(*at) + ": two rules fill it; rename or remove one");
    return conflicts;
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

bool has_unique_phone(const FieldMapping& mapping)
{
    return std::ranges::any_of(mapping.rules,
                               [](const FieldRule& rule) { return rule.unique && names(rule, SourceField::phone); });
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
        const std::string text = text_of(rule, contact, key, mapped.email, now);
        if (auto value = make_value(text, rule, key.crm, mapping.phone_region, mapped.warnings))
            mapped.fields.push_back({.name = rule.target,
                                     .value = *std::move(value),
                                     .type = rule.type,
                                     .is_volatile = names(rule, SourceField::synced_at)});
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

std::vector<Explanation> explain(const FieldMapping& mapping, const MappedContact& contact,
                                 const std::vector<std::string>& without)
{
    std::vector<Explanation> lines;
    for (const FieldRule& rule : mapping.rules) {
        Explanation& line = lines.emplace_back(Explanation{rule.target, describe(rule), std::nullopt, ""});
        const auto warning = std::ranges::find_if(
            contact.warnings, [&](const std::string& text) { return text.starts_with(rule.target + " left out"); });
        const auto field = std::ranges::find(contact.fields, rule.target, &MappedField::name);
        if (field != contact.fields.end())
            line.value = field->value;
        else if (std::ranges::find(without, rule.target) != without.end())
            line.note = "left out on request";
        else
            line.note = warning == contact.warnings.end() ? "empty" : *warning;
    }
    return lines;
}

}  // namespace crmsync
