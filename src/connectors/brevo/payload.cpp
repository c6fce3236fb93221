#include "connectors/brevo/payload.h"

#include "connectors/json_text.h"

namespace crmsync::brevo {

namespace {

/// A mapping may say that a contact has opted out, and nothing else about it (domain/consent.h).
void append_marks(std::string& out, const MappedContact& contact)
{
    for (const MappedField& field : contact.fields)
        if (is_blacklist_mark(field.name)) out += ",\"" + field.name + "\":true";
}

void append_list(std::string& out, const PayloadRules& rules)
{
    if (rules.list_id) out += ",\"listIds\":[" + std::to_string(*rules.list_id) + "]";
}

}  // namespace

void append_attributes(std::string& out, const MappedContact& contact, const Fit& fit)
{
    for (const MappedField& field : contact.fields) {
        if (is_blacklist_mark(field.name) || fit.find_unusable(field.name)) continue;
        if (out.back() != '{') out += ',';
        append_json(out, field.name);
        out += ':';
        append_json(out, field.value, R"("")");
    }
}

std::string upsert_body(const MappedContact& contact, const PayloadRules& rules)
{
    std::string out;
    out.reserve(512);
    out += "{\"email\":";
    append_json(out, contact.email);
    out += ",\"attributes\":{";
    append_attributes(out, contact, rules.fit);
    out += '}';
    append_marks(out, contact);
    append_list(out, rules);
    out += ",\"updateEnabled\":true}";
    return out;
}

std::string change_address_body(const MappedContact& contact, const PayloadRules& rules)
{
    std::string out = "{\"attributes\":{\"EMAIL\":";
    append_json(out, contact.email);
    append_attributes(out, contact, rules.fit);
    out += '}';
    append_marks(out, contact);
    append_list(out, rules);
    out += '}';
    return out;
}

}  // namespace crmsync::brevo
