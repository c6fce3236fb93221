#include "connectors/mautic/payload.h"

#include <algorithm>

#include "connectors/json_text.h"

namespace crmsync::mautic {

Item make_item(const MappedContact& contact, const PayloadRules& rules)
{
    Item item{.body = "{\"email\":"};
    item.body.reserve(512);
    append_json(item.body, contact.email);
    for (const MappedField& field : contact.fields) {
        const Field* known = nullptr;
        if (rules.fit) {
            if (const auto why = rules.fit->unusable.find(field.name); why != rules.fit->unusable.end()) {
                item.warnings.push_back(field.name + " left out: " + why->second);
                continue;
            }
            known = rules.fit->find_usable(field.name);
        }
        Adapted adapted = adapt(field, known);
        const bool is_certain = adapted.warning.empty();
        if (!is_certain) item.warnings.push_back(std::move(adapted.warning));
        if (!adapted.value) continue;
        const std::string& alias = known ? known->alias : field.name;
        if (std::holds_alternative<Cleared>(*adapted.value)) {
            item.cleared.push_back(alias);
            continue;
        }
        if (is_certain) item.sent.emplace_back(field.name, alias);
        item.body += ',';
        append_json(item.body, alias);
        item.body += ':';
        append_json(item.body, *adapted.value, "null");
    }
    if (!rules.tags.empty()) {
        item.body += ",\"tags\":[";
        for (const auto& tag : rules.tags) {
            if (item.body.back() != '[') item.body += ',';
            append_json(item.body, tag);
        }
        item.body += ']';
    }
    item.body += '}';
    return item;
}

std::string batch_body(std::span<const std::string_view> bodies)
{
    std::size_t size = 2;
    for (const auto body : bodies) size += body.size() + 1;
    std::string out = "[";
    out.reserve(size);
    for (const auto body : bodies) {
        if (out.size() > 1) out += ',';
        out += body;
    }
    out += ']';
    return out;
}

std::string clearing_body(std::int64_t id, std::span<const std::string> aliases)
{
    std::string body = "{\"id\":" + std::to_string(id);
    for (const auto& alias : aliases) {
        body += ',';
        append_json(body, alias);
        body += ":\"\"";
    }
    body += ",\"overwriteWithBlank\":true}";
    return body;
}

std::string_view address_obstacle(std::string_view email)
{
    constexpr std::size_t longest = 254;
    constexpr std::string_view kept = "!#$'+-=?_`{|}~@.[]";
    if (email.size() > longest) return "is longer than the 254 characters that Mautic takes";
    for (const char c : email) {
        const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && !kept.contains(c)) return "has characters that Mautic does not take";
    }
    return {};
}

}  // namespace crmsync::mautic
