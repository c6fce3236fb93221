#include "connectors/n8n/payload.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "connectors/json_text.h"

namespace crmsync::n8n {

namespace {

void append_contact(std::string& out, const MappedContact& contact, std::string_view timestamp)
{
    out += R"({"contact_id":")";
    out += to_string(contact.contact_id);
    out += R"(","idempotency_key":)";
    append_json(out, contact.idempotency_key);
    out += R"(,"timestamp":)";
    append_json(out, timestamp);
    out += R"(,"email":)";
    append_json(out, contact.email);
    for (const MappedField& field : contact.fields) {
        out += ',';
        append_json(out, field.name);
        out += ':';
        append_json(out, field.value, "null");
    }
    out += '}';
}

}  // namespace

bool is_reserved(std::string_view name)
{
    constexpr std::array<std::string_view, 4> reserved{"contact_id", "idempotency_key", "timestamp", "email"};
    return std::ranges::find(reserved, name) != reserved.end();
}

std::string contact_body(const MappedContact& contact, std::string_view timestamp)
{
    std::string out;
    out.reserve(512);
    append_contact(out, contact, timestamp);
    return out;
}

std::string batch_body(std::span<const MappedContact> contacts, std::string_view timestamp)
{
    std::string out = "[";
    out.reserve(512 * contacts.size());
    for (const MappedContact& contact : contacts) {
        if (out.size() > 1) out += ',';
        append_contact(out, contact, timestamp);
    }
    out += ']';
    return out;
}

std::string call_key(std::span<const MappedContact> contacts, bool as_batch)
{
    if (!as_batch) return contacts.front().idempotency_key;
    std::string keys;
    for (const MappedContact& contact : contacts) keys.append(contact.idempotency_key).append(1, '\n');
    return to_hex(sha256(keys)).substr(0, 32);
}

}  // namespace crmsync::n8n
