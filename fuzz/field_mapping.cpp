#include "domain/field_mapping.h"

#include <algorithm>

#include "app/field_changes.h"
#include "connectors/registry.h"
#include "domain/consent.h"
#include "domain/fingerprint.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"

// Field mappings as people write them, on a contact as crawlers find it: a TOML file, a line "=", then a value per
// line: address, name, phone, context, source URL.

namespace crmsync::fuzz {

namespace {

ContactFields contact_of(std::string_view values)
{
    ContactFields fields{.email = std::string(take_line(values))};
    for (auto* field : {&fields.name, &fields.phone_number, &fields.context, &fields.source_url})
        if (!values.empty()) *field = take_line(values);
    return fields;
}

void check_mapped(const MappedContact& mapped, const FieldMapping& mapping)
{
    require(is_utf8(mapped.email) && mapped.email == normalise_email(mapped.email), "an address is normal",
            mapped.email);
    for (const MappedField& field : mapped.fields) {
        const std::string text = to_text(field.value);
        require(is_utf8(text) && !text.empty(), "a value can be sent", text);
        require(std::ranges::any_of(mapping.rules, [&](const FieldRule& rule) { return rule.target == field.name; }),
                "a field has a rule", field.name);
    }
    for (const std::string& warning : mapped.warnings) require(is_utf8(warning), "a warning is UTF-8", warning);
    require(fingerprint_of(mapped) == mapped.fingerprint, "a fingerprint is of what is sent");
}

void try_contact(const ContactFields& contact, const FieldMapping& mapping)
{
    constexpr Instant now{std::chrono::seconds{1'800'000'000}};
    const JobKey key{.contact_id = contacts(1).front().contact_id, .crm = Crm::brevo};
    const auto mapped = map_contact(contact, key, 1, mapping, {}, now);
    const auto later = map_contact(contact, key, 2, mapping, {}, now + 1h);
    require(mapped.index() == later.index(), "time changes nothing of what is sent");
    if (const auto* refusal = std::get_if<Refusal>(&mapped)) return check_words(refusal->reason);
    const auto& sent = std::get<MappedContact>(mapped);
    check_mapped(sent, mapping);
    require(sent.fingerprint == std::get<MappedContact>(later).fingerprint, "a fingerprint is the same at any time");
    require(explain(mapping, sent, {}).size() == mapping.rules.size(), "every rule is explained");
    require(parse_idempotency_key(sent.idempotency_key) == std::pair(key, std::int64_t{1}), "a key names its job");
}

}  // namespace

void try_input(std::string_view input)
{
    const std::string_view toml = take_part(input, "=");
    const ContactFields contact = contact_of(input);
    const app::FieldChanges changes = app::parse_field_changes(toml, "crmsync.toml", "US");
    for (const app::Problem& problem : changes.problems)
        require(!problem.message.empty() && problem.where.starts_with("crmsync.toml"), "a problem says what and where");
    for (const Crm crm : all_crms) {
        const FieldMapping usual = find_connector(crm)->default_mapping();
        try_contact(contact, changes.problems.empty() ? with_changes(usual, changes.fields[crm]) : usual);
    }
    if (const auto parts = parse_template(toml))
        for (const TextPart& part : *parts)
            if (const auto* literal = std::get_if<std::string>(&part)) require(!literal->empty(), "no part is empty");
}

}  // namespace crmsync::fuzz
