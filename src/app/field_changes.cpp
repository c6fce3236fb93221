#include "app/field_changes.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cmath>

#include "connectors/registry.h"
#include "domain/consent.h"

namespace crmsync::app {

namespace {

constexpr std::array<std::string_view, 10> rule_keys{"from",      "value",   "template", "rename", "type",
                                                     "transform", "default", "empty",    "unique", "consent"};

FieldType usual_type(SourceField source)
{
    if (source == SourceField::phone) return FieldType::phone_e164;
    if (source == SourceField::has_gmail) return FieldType::boolean;
    if (source == SourceField::synced_at) return FieldType::datetime;
    return FieldType::text;
}

/// A value that the file itself holds, as text, and the type that goes without saying.
struct Scalar {
    std::string text;
    FieldType type = FieldType::text;
};

std::string to_text(const toml::date& date)
{
    return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

/// A time without an offset is UTC.
std::string to_text(const toml::date_time& at)
{
    const int minutes = at.offset ? at.offset->minutes : 0;
    return fmt::format("{}T{:02}:{:02}:{:02}{}{:02}:{:02}", to_text(at.date), at.time.hour, at.time.minute,
                       at.time.second, minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::optional<Scalar> to_scalar(const toml::node& node)
{
    if (const auto* text = node.as_string()) return Scalar{text->get(), FieldType::text};
    if (const auto* truth = node.as_boolean()) return Scalar{truth->get() ? "true" : "false", FieldType::boolean};
    if (const auto* number = node.as_integer()) return Scalar{fmt::format("{}", number->get()), FieldType::number};
    if (const auto* number = node.as_floating_point())
        return Scalar{fmt::format("{}", number->get()), FieldType::number};
    if (const auto* date = node.as_date()) return Scalar{to_text(date->get()), FieldType::date};
    if (const auto* at = node.as_date_time()) return Scalar{to_text(at->get()), FieldType::datetime};
    return std::nullopt;
}

/// What is wrong, and on which line.
class Mistakes {
public:
    explicit Mistakes(const std::string& path) : path_(path) {}
    /// What was not read from the file has no place of its own: then `usual` is meant.
    void add(const toml::source_region& at, std::string message)
    {
        const auto line = at.begin.line > 0 ? at.begin.line : usual.begin.line;
        problems.push_back({fmt::format("{}:{}", path_, line), std::move(message)});
    }
    std::vector<Problem> problems;
    toml::source_region usual;

private:
    std::string path_;
};

/// Reads the table of one field.
class RuleReader {
public:
    RuleReader(Crm crm, std::string target, const toml::table& table, const std::string& region, Mistakes& mistakes)
        : crm_(crm), table_(table), region_(region), mistakes_(mistakes), before_(mistakes.problems.size())
    {
        rule_.target = std::move(target);
    }

    /// Nothing when there were mistakes.
    std::optional<FieldChange> run()
    {
        keys();
        if (table_.contains("rename")) return rename();
        source();
        type();
        transforms();
        fallback();
        when_empty();
        rule_.unique = boolean("unique");
        rule_.consent = boolean("consent");
        if (!sound()) return std::nullopt;
        for (std::string& problem : problems_of(rule_, crm_, region_)) wrong(table_, std::move(problem));
        if (!sound()) return std::nullopt;
        return FieldChange{rule_.target, rule_};
    }

private:
    bool sound() const { return mistakes_.problems.size() == before_; }
    void wrong(const toml::node& at, std::string message)
    {
        mistakes_.add(at.source(), fmt::format("{}: {}", rule_.target, message));
    }

    std::optional<std::string> text(std::string_view key)
    {
        const toml::node* node = table_.get(key);
        if (!node) return std::nullopt;
        if (const auto* value = node->as_string()) return value->get();
        wrong(*node, fmt::format("{} must be a text in quotes", key));
        return std::nullopt;
    }

    bool boolean(std::string_view key)
    {
        const toml::node* node = table_.get(key);
        if (!node) return false;
        if (const auto* value = node->as_boolean()) return value->get();
        wrong(*node, fmt::format("{} must be true or false", key));
        return false;
    }

    void keys()
    {
        for (const auto& [key, node] : table_)
            if (std::ranges::find(rule_keys, key.str()) == rule_keys.end())
                wrong(node, fmt::format("{} is not known; a field takes {}", key.str(), fmt::join(rule_keys, ", ")));
    }

    std::optional<FieldChange> rename()
    {
        std::optional<std::string> name = text("rename");
        if (table_.size() > 1) wrong(table_, "rename goes alone; name a source to change more than the name");
        if (name && name->empty()) wrong(table_, "rename needs the CRM's name of a field");
        if (name && consent_field(crm_, *name) != ConsentField::none)
            wrong(table_, "rename leads to a field about consent; write a rule of its own with consent = true");
        if (!sound()) return std::nullopt;
        return FieldChange{rule_.target, std::nullopt, *std::move(name)};
    }

    void source()
    {
        const int ways =
            int{table_.contains("from")} + int{table_.contains("value")} + int{table_.contains("template")};
        if (ways != 1)
            wrong(table_, ways == 0 ? "needs a source: from, value or template"
                                    : "has two sources at once; keep one of from, value and template");
        from();
        constant();
        if (const auto pattern = text("template")) {
            auto parts = parse_template(*pattern);
            if (!parts) return wrong(*table_.get("template"), "the template " + parts.error());
            rule_.parts = *std::move(parts);
        }
    }

    void from()
    {
        const auto name = text("from");
        if (!name) return;
        const std::optional<SourceField> field = parse_source_field(*name);
        if (!field)
            return wrong(*table_.get("from"),
                         fmt::format("a contact has no field \"{}\"; use one of {}", *name, source_field_names()));
        rule_.source = *field;
        rule_.type = usual_type(*field);
    }

    void constant()
    {
        const toml::node* node = table_.get("value");
        if (!node) return;
        std::optional<Scalar> scalar = to_scalar(*node);
        if (!scalar) return wrong(*node, "value must be a text, a number, a date, or true or false");
        rule_.type = scalar->type;
        rule_.parts = {std::move(scalar->text)};
    }

    void type()
    {
        const auto name = text("type");
        if (!name) return;
        const std::optional<FieldType> known = parse_field_type(*name);
        if (!known)
            return wrong(*table_.get("type"), fmt::format("type \"{}\" is none of {}", *name, field_type_names()));
        rule_.type = *known;
    }

    void transforms()
    {
        const toml::node* node = table_.get("transform");
        if (!node) return;
        if (node->is_string()) return transform(*node);
        const toml::array* list = node->as_array();
        if (!list) return wrong(*node, "transform must be a list such as [\"trim\", \"lower\"]");
        for (const toml::node& one : *list) transform(one);
    }

    void transform(const toml::node& node)
    {
        const auto name = node.value<std::string>();
        const std::optional<Transform> known = name ? parse_transform(*name) : std::nullopt;
        if (!known)
            return wrong(node, fmt::format("transform \"{}\" is none of {}", name.value_or("?"), transform_names()));
        rule_.transforms.push_back(*known);
    }

    void fallback()
    {
        const toml::node* node = table_.get("default");
        if (!node) return;
        std::optional<Scalar> scalar = to_scalar(*node);
        if (!scalar) return wrong(*node, "default must be a text, a number, a date, or true or false");
        if (scalar->text.empty()) return wrong(*node, "default is empty; remove it: empty values are left out");
        rule_.fallback = std::move(scalar->text);
    }

    void when_empty()
    {
        const auto policy = text("empty");
        if (!policy || *policy == "leave") return;
        if (*policy != "clear")
            return wrong(*table_.get("empty"), fmt::format("empty \"{}\" is neither leave nor clear", *policy));
        rule_.when_empty = WhenEmpty::clear;
    }

    Crm crm_;
    const toml::table& table_;
    const std::string& region_;
    Mistakes& mistakes_;
    std::size_t before_;
    FieldRule rule_;
};

/// Reads the file.
class Reader {
public:
    Reader(const std::string& path, const std::string& region) : mistakes(path), region_(region) {}

    void read(const toml::table& root)
    {
        for (const auto& [name, node] : root) {
            const std::optional<Crm> crm = parse_crm(name.str());
            const toml::table* table = node.as_table();
            if (!crm || !table)
                mistakes.add(node.source(),
                             fmt::format("[{}] is no CRM; use brevo, hubspot, mautic or n8n", name.str()));
            else
                read_crm(*crm, *table);
        }
    }

    Mistakes mistakes;
    PerCrm<std::vector<FieldChange>> fields;

private:
    void read_crm(Crm crm, const toml::table& table)
    {
        for (const auto& [name, node] : table) {
            const toml::table* list = node.as_table();
            if (name.str() != "fields" || !list)
                mistakes.add(node.source(), fmt::format("{}.{} is not known; the table is called {}.fields",
                                                        to_string(crm), name.str(), to_string(crm)));
            else
                read_fields(crm, *list);
        }
    }

    void read_fields(Crm crm, const toml::table& list)
    {
        for (const auto& [target, node] : list) read_field(crm, std::string(target.str()), node);
        std::ranges::sort(fields[crm], {}, &FieldChange::target);
        const ConnectorEntry* entry = find_connector(crm);
        if (!entry || !mistakes.problems.empty()) return;
        for (const std::string& conflict : conflicts_of(entry->default_mapping(), fields[crm]))
            mistakes.add(line_of(list, conflict), conflict);
    }

    /// A conflict begins with the name of its field; one with a default stands where the table does.
    static const toml::source_region& line_of(const toml::table& list, std::string_view conflict)
    {
        for (const auto& [target, node] : list) {
            const toml::table* rule = node.as_table();
            const auto renamed = rule ? (*rule)["rename"].value<std::string>() : std::nullopt;
            const auto is_about = [&](std::string_view name) { return conflict.starts_with(std::string(name) + ": "); };
            if (is_about(target.str()) || (renamed && is_about(*renamed))) return node.source();
        }
        return list.source();
    }

    void read_field(Crm crm, std::string target, const toml::node& node)
    {
        if (node.is_boolean() && !*node.value<bool>()) {
            fields[crm].push_back({std::move(target), std::nullopt});
            return;
        }
        toml::table short_form;
        const toml::table* table = node.as_table();
        if (const auto* source = node.as_string()) {
            short_form.insert("from", source->get());
            table = &short_form;
        }
        if (!table)
            return mistakes.add(node.source(),
                                fmt::format("{} needs the name of a contact's field, a table, or false", target));
        mistakes.usual = node.source();
        if (auto change = RuleReader(crm, std::move(target), *table, region_, mistakes).run())
            fields[crm].push_back(*std::move(change));
    }

    const std::string& region_;
};

}  // namespace

FieldChanges parse_field_changes(std::string_view toml, const std::string& path, const std::string& phone_region)
{
    Reader reader(path, phone_region);
    try {
        reader.read(toml::parse(toml, path));
    } catch (const toml::parse_error& error) {
        reader.mistakes.add(error.source(), std::string(error.description()));
    }
    return {std::move(reader.fields), std::move(reader.mistakes.problems)};
}

}  // namespace crmsync::app
