#include "connectors/hubspot/payload.h"

#include "connectors/json_text.h"

namespace crmsync::hubspot {

namespace {

std::string batch(std::span<const Input> inputs, void (*append)(std::string&, const Input&))
{
    std::string out = "{\"inputs\":[";
    for (const Input& input : inputs) {
        if (out.back() != '[') out += ',';
        append(out, input);
    }
    out += "]}";
    return out;
}

void append_member(std::string& out, std::string_view name, std::string_view text)
{
    if (!out.empty() && out.back() != '{') out += ',';
    append_json(out, name);
    out += ':';
    append_json(out, text);
}

void append_names(std::string& out, std::span<const std::string> names)
{
    for (const std::string& name : names) {
        if (out.back() != '[') out += ',';
        append_json(out, name);
    }
}

}  // namespace

Properties properties_of(const MappedContact& contact, const Schema* schema)
{
    Properties out;
    for (const MappedField& field : contact.fields) {
        const auto leave_out = [&](std::string_view why) {
            out.warnings.push_back(field.name + " left out: " + std::string(why));
        };
        if (is_consent(field.name)) {
            leave_out("HubSpot keeps it as a person's own choice");
            continue;
        }
        if (!schema) {
            append_member(out.members, field.name, wire_text(field.value));
            continue;
        }
        const auto property = schema->find(field.name);
        if (property == schema->end()) {
            leave_out("HubSpot has no such property");
            continue;
        }
        const auto value = wire_value(property->second, field);
        if (value)
            append_member(out.members, field.name, *value);
        else
            leave_out(value.error());
    }
    return out;
}

std::string upsert_body(std::span<const Input> inputs)
{
    return batch(inputs, [](std::string& out, const Input& input) {
        out += '{';
        append_member(out, "id", input.email);
        append_member(out, "idProperty", "email");
        append_member(out, "objectWriteTraceId", input.trace_id);
        out.append(",\"properties\":{").append(input.members).append("}}");
    });
}

std::string update_body(std::span<const Input> inputs)
{
    return batch(inputs, [](std::string& out, const Input& input) {
        out += '{';
        append_member(out, "id", input.record);
        append_member(out, "objectWriteTraceId", input.trace_id);
        out += ",\"properties\":{";
        if (input.gives_address) append_member(out, "email", input.email);
        if (input.gives_address && !input.members.empty()) out += ',';
        out.append(input.members).append("}}");
    });
}

std::string erase_body(const std::string& id, bool by_address)
{
    std::string out = "{";
    append_member(out, "objectId", id);
    if (by_address) append_member(out, "idProperty", "email");
    out += '}';
    return out;
}

std::string read_body(std::span<const std::string> ids, bool by_address, std::span<const std::string> properties)
{
    std::string out = "{\"inputs\":[";
    for (const std::string& id : ids) {
        out += out.back() == '[' ? "{" : ",{";
        append_member(out, "id", id);
        out += '}';
    }
    out += "],\"properties\":[";
    append_names(out, properties);
    out += "],\"propertiesWithHistory\":[]";
    if (by_address) append_member(out, "idProperty", "email");
    out += '}';
    return out;
}

}  // namespace crmsync::hubspot
