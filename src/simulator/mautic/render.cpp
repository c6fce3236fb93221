#include "simulator/mautic/render.h"

#include <array>
#include <boost/json/array.hpp>

#include "simulator/mautic/reply.h"

namespace crmsync::simulator::mautic {

namespace {

constexpr std::array groups{"core", "social", "personal", "professional"};

bool is_empty(const json::value& value)
{
    return value.is_null() || (value.is_object() && value.get_object().empty()) ||
           (value.is_array() && value.get_array().empty());
}

/// The field's value as it is shown; a row read from the database has its points where a new one has none yet.
json::value shown(const Contact& contact, const Field& field, bool stored, const Blanked& blanked)
{
    if (field.alias == "points") {
        if (contact.points == 0 && !stored && !blanked.contains(field.id)) return nullptr;
        return contact.points;
    }
    if (const auto* value = contact.value(field.id)) return *value;
    if (!blanked.contains(field.id)) return nullptr;
    if (field.type == "number") return 0.0;
    return "";
}

json::object render_value(const Contact& contact, const Field& field, View view, const Blanked& blanked)
{
    const json::value value = shown(contact, field, view != View::created, blanked);
    const json::value normalized = value.is_null() ? json::value("") : value;
    if (view == View::created)
        return {{"id", field.id},
                {"group", field.group},
                {"label", field.label},
                {"alias", field.alias},
                {"type", field.type},
                {"properties", is_empty(field.properties) ? json::value(json::array{}) : field.properties},
                {"value", value},
                {"normalizedValue", normalized}};
    json::object row{{"id", std::to_string(field.id)},
                     {"label", field.label},
                     {"alias", field.alias},
                     {"type", field.type},
                     {"group", field.group},
                     {"object", "lead"},
                     {"is_fixed", field.fixed ? "1" : "0"},
                     {"properties", php_serialize(field.properties)},
                     {"default_value", nullptr},
                     {"value", value},
                     {"normalizedValue", normalized}};
    if (field.alias == "points") row["default_value"] = "0";
    return row;
}

json::object render_fields(const State& state, const Contact& contact, View view, const Blanked& blanked)
{
    json::object fields;
    for (const std::string_view group : groups) {
        json::object members;
        for (const auto& field : state.fields())
            if (field->published && field->group == group)
                members[field->alias] = render_value(contact, *field, view, blanked);
        fields[group] = php_map(std::move(members));
    }
    json::object all{{"id", std::to_string(contact.id)}};
    for (const auto& field : state.fields())
        if (field->published) {
            const auto blank = blanked.find(field->id);
            const bool lost = blank != blanked.end() && blank->second.lost;
            all[field->alias] = lost ? json::value(nullptr) : shown(contact, *field, true, blanked);
        }
    fields["all"] = std::move(all);
    return fields;
}

json::array render_tags(const State& state, const Contact& contact)
{
    json::array tags;
    for (const auto id : contact.tags)
        tags.push_back(json::object{{"id", id}, {"tag", state.tag_name(id)}, {"description", nullptr}});
    return tags;
}

json::array render_marks(const Contact& contact, View view)
{
    json::array marks;
    for (const auto& mark : contact.do_not_contact) {
        json::object row{{"id", mark.id}};
        if (view == View::noted) row["dateAdded"] = timestamp(mark.added);
        row["reason"] = mark.reason;
        row["comments"] = mark.comments;
        row["channel"] = mark.channel;
        row["channelId"] = nullptr;
        marks.push_back(std::move(row));
    }
    return marks;
}

void prune_nulls(json::value& value)
{
    if (auto* list = value.if_array())
        for (auto& each : *list) prune_nulls(each);
    auto* object = value.if_object();
    if (!object) return;
    for (auto member = object->begin(); member != object->end();) {
        prune_nulls(member->value());
        member = member->value().is_null() ? object->erase(member) : member + 1;
    }
}

/// The serialiser of these answers leaves nulls out and lifts the values of the core fields to the top.
json::object noted(json::object row)
{
    const json::object all = row["fields"].as_object()["all"].as_object();
    row["fields"].as_object().erase("all");
    for (const auto& [alias, field] : row["fields"].as_object()["core"].as_object())
        if (alias != "points" && !all.at(alias).is_null()) row[alias] = all.at(alias);
    json::value pruned = std::move(row);
    prune_nulls(pruned);
    return std::move(pruned.get_object());
}

}  // namespace

json::object render(const State& state, const Contact& contact, View view, const Blanked& blanked)
{
    const bool changed = contact.modified != Instant{};
    json::object row{{"isPublished", true},
                     {"dateAdded", timestamp(contact.added)},
                     {"dateModified", changed ? json::value(timestamp(contact.modified)) : nullptr},
                     {"createdBy", nullptr},
                     {"createdByUser", state.options.user},
                     {"modifiedBy", nullptr},
                     {"modifiedByUser", changed ? json::value(state.options.user) : nullptr},
                     {"id", contact.id},
                     {"points", contact.points},
                     {"color", nullptr},
                     {"fields", render_fields(state, contact, view, blanked)}};
    if (view == View::minimal) return row;
    row["lastActive"] = nullptr;
    row["owner"] = nullptr;
    row["ipAddresses"] = json::array{};
    row["tags"] = render_tags(state, contact);
    row["utmtags"] = view == View::created ? json::value(nullptr) : json::value(json::array{});
    row["stage"] = nullptr;
    row["dateIdentified"] = contact.values.empty() ? json::value(nullptr) : json::value(timestamp(contact.added));
    row["preferredProfileImage"] = nullptr;
    row["doNotContact"] = render_marks(contact, view);
    row["frequencyRules"] = json::array{};
    return view == View::noted ? noted(std::move(row)) : row;
}

json::object render(const State& state, const Field& field)
{
    json::object row{{"isPublished", field.published},
                     {"dateAdded", timestamp(state.now)},
                     {"dateModified", nullptr},
                     {"createdBy", nullptr},
                     {"createdByUser", state.options.user},
                     {"modifiedBy", nullptr},
                     {"modifiedByUser", nullptr},
                     {"id", field.id},
                     {"label", field.label},
                     {"alias", field.alias},
                     {"type", field.type},
                     {"group", field.group},
                     {"order", field.order},
                     {"object", "lead"},
                     {"defaultValue", nullptr},
                     {"isRequired", false},
                     {"isFixed", field.fixed},
                     {"isListable", true},
                     {"isVisible", true},
                     {"isShortVisible", true},
                     {"isUniqueIdentifier", field.unique},
                     {"isPubliclyUpdatable", field.updatable},
                     {"properties", field.properties}};
    if (state.options.shows_length) row["charLengthLimit"] = field.length;
    return row;
}

std::string php_serialize(const json::value& value)
{
    const auto text = [](std::string_view s) {
        return "s:" + std::to_string(s.size()) + ":\"" + std::string(s) + "\";";
    };
    if (value.is_string()) return text(value.get_string());
    if (value.is_bool()) return value.get_bool() ? "b:1;" : "b:0;";
    if (value.is_int64()) return "i:" + std::to_string(value.get_int64()) + ";";
    if (value.is_number()) return "d:" + json::serialize(value) + ";";
    std::string out;
    if (const auto* list = value.if_array()) {
        out = "a:" + std::to_string(list->size()) + ":{";
        for (std::size_t i = 0; i < list->size(); ++i)
            out += "i:" + std::to_string(i) + ";" + php_serialize((*list)[i]);
        return out + "}";
    }
    if (const auto* object = value.if_object()) {
        out = "a:" + std::to_string(object->size()) + ":{";
        for (const auto& [name, member] : *object) out += text(name) + php_serialize(member);
        return out + "}";
    }
    return "N;";
}

}  // namespace crmsync::simulator::mautic
