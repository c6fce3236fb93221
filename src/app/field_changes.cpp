#include "app/field_changes.h"

#include <fmt/format.h>

#include <toml++/toml.h>

namespace crmsync::app {

namespace {

std::optional<FieldType> parse_type(std::string_view text)
{
    if (text == "text") return FieldType::text;
    if (text == "phone_e164") return FieldType::phone_e164;
    if (text == "boolean") return FieldType::boolean;
    if (text == "number") return FieldType::number;
    if (text == "date") return FieldType::date;
    if (text == "datetime") return FieldType::datetime;
    return std::nullopt;
}

FieldType usual_type(SourceField source)
{
    if (source == SourceField::phone) return FieldType::phone_e164;
    if (source == SourceField::has_gmail) return FieldType::boolean;
    if (source == SourceField::synced_at) return FieldType::datetime;
    return FieldType::text;
}

class Reader {
public:
    explicit Reader(const std::string& path) : path_(path) {}

    void read(const toml::table& root)
    {
        for (const auto& [name, node] : root) {
            const std::optional<Crm> crm = parse_crm(name.str());
            const toml::table* table = node.as_table();
            if (!crm || !table) {
                add(node, fmt::format("[{}] is no CRM; use brevo, hubspot, mautic or n8n", name.str()));
                continue;
            }
            read_crm(*crm, *table);
        }
    }

    void add(const toml::source_region& at, std::string message)
    {
        result.problems.push_back({fmt::format("{}:{}", path_, at.begin.line), std::move(message)});
    }

    FieldChanges result;

private:
    void add(const toml::node& node, std::string message) { add(node.source(), std::move(message)); }

    void read_crm(Crm crm, const toml::table& table)
    {
        for (const auto& [name, node] : table) {
            const toml::table* fields = node.as_table();
            if (name.str() != "fields" || !fields) {
                add(node, fmt::format("{}.{} is not known; the table is called {}.fields", to_string(crm), name.str(),
                                      to_string(crm)));
                continue;
            }
            for (const auto& [target, value] : *fields) read_field(crm, std::string(target.str()), value);
        }
    }

    void read_field(Crm crm, std::string target, const toml::node& value)
    {
        if (value.is_boolean() && !*value.value<bool>()) {
            result.fields[crm].push_back({std::move(target), std::nullopt});
            return;
        }
        std::optional<std::string> from = value.value<std::string>();
        std::optional<std::string> type;
        if (const toml::table* table = value.as_table()) {
            from = (*table)["from"].value<std::string>();
            type = (*table)["type"].value<std::string>();
        }
        if (!from) return add(value, fmt::format("{} needs the name of a contact's field, or false", target));
        const std::optional<SourceField> source = parse_source_field(*from);
        if (!source) return add(value, fmt::format("{}: a contact has no field \"{}\"", target, *from));
        const std::optional<FieldType> field_type = type ? parse_type(*type) : usual_type(*source);
        if (!field_type)
            return add(value,
                       fmt::format("{}: type \"{}\" is none of text, phone_e164, boolean, number, date, datetime",
                                   target, *type));
        FieldRule rule{.source = *source, .target = target, .type = *field_type};
        result.fields[crm].push_back({std::move(target), std::move(rule)});
    }

    std::string path_;
};

}  // namespace

FieldChanges parse_field_changes(std::string_view toml, const std::string& path)
{
    Reader reader(path);
    try {
        reader.read(toml::parse(toml, path));
    } catch (const toml::parse_error& error) {
        reader.add(error.source(), std::string(error.description()));
    }
    return std::move(reader.result);
}

}  // namespace crmsync::app
