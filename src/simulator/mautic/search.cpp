#include "simulator/mautic/search.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>

#include "simulator/json_body.h"

namespace crmsync::simulator::mautic {

namespace {

using Condition = std::function<bool(const Contact&)>;

/// One condition, and the contacts it can be true of when an index knows them.
struct Clause {
    Condition holds;
    std::optional<std::vector<Contact*>> candidates = {};
};

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

/// A column's value as the database compares it: as text, without regard to case. Nothing: NULL.
std::optional<std::string> column(State& state, const Contact& contact, std::string_view name)
{
    if (name == "id") return std::to_string(contact.id);
    const Field* field = state.find_field(name);
    const auto* value = field ? contact.value(field->id) : nullptr;
    if (!value) return std::nullopt;
    return lower(value->is_string() ? std::string_view(value->get_string()) : json::serialize(*value));
}

std::vector<Contact*> indexed(State& state, std::string_view name, const std::vector<std::string>& wanted)
{
    std::vector<Contact*> found;
    for (const auto& text : wanted) {
        if (name == "email") {
            std::ranges::copy(state.with_email(text), std::back_inserter(found));
            continue;
        }
        std::int64_t id = 0;
        std::from_chars(text.data(), text.data() + text.size(), id);
        if (Contact* contact = state.find(id)) found.push_back(contact);
    }
    return found;
}

Clause one_of(State& state, const std::string& name, std::vector<std::string> wanted)
{
    for (auto& text : wanted) text = lower(text);
    Clause clause;
    if (name == "id" || name == "email") clause.candidates = indexed(state, name, wanted);
    clause.holds = [&state, name, wanted = std::move(wanted)](const Contact& contact) {
        const auto value = column(state, contact, name);
        return value && std::ranges::count(wanted, *value) > 0;
    };
    return clause;
}

Clause comparison(State& state, const std::string& name, const std::string& operation, const std::string& operand)
{
    return {[&state, name, operation, wanted = lower(operand)](const Contact& contact) {
        const auto value = column(state, contact, name);
        if (!value) return false;
        if (operation == "neq") return *value != wanted;
        if (operation == "like") return value->contains(split(wanted, '%').back());
        if (operation == "gt") return *value > wanted;
        return *value < wanted;
    }};
}

void read_where(State& state, const http::ServerRequest& request, std::vector<Clause>& clauses)
{
    std::map<std::string, std::map<std::string, std::string>> wheres;
    for (const auto& [name, value] : request.query) {
        if (!name.starts_with("where[") || !name.ends_with("]")) continue;
        const auto parts = split(name, '[');
        if (parts.size() == 3) wheres[parts[1]][parts[2].substr(0, parts[2].size() - 1)] = value;
    }
    for (auto& [number, where] : wheres) {
        const std::string& operation = where["expr"];
        if (where["col"].empty()) continue;
        if (operation == "eq")
            clauses.push_back(one_of(state, where["col"], {where["val"]}));
        else if (operation == "in")
            clauses.push_back(one_of(state, where["col"], split(where["val"], ',')));
        else if (operation == "neq" || operation == "like" || operation == "gt" || operation == "lt")
            clauses.push_back(comparison(state, where["col"], operation, where["val"]));
    }
}

void read_search(State& state, std::string_view search, std::vector<Clause>& clauses)
{
    for (const auto& word : split(search, ' ')) {
        const auto colon = word.find(':');
        const std::string command = word.substr(0, colon);
        const std::string operand = colon == std::string::npos ? std::string{} : word.substr(colon + 1);
        if (command == "email" || command == "ids") {
            clauses.push_back(one_of(state, command == "ids" ? "id" : "email", split(operand, ',')));
        } else if (command == "is" || command == "!is") {
            const bool anonymous = command == "is";
            clauses.push_back(
                {[&state, anonymous](const Contact& contact) { return state.email_of(contact).empty() == anonymous; }});
        } else if (command == "segment") {
            clauses.push_back({[&state, operand](const Contact& contact) {
                return std::ranges::any_of(state.segments, [&](const auto& entry) {
                    return entry.second.alias == operand && entry.second.members.contains(contact.id);
                });
            }});
        } else if (command == "tag") {
            clauses.push_back({[&state, operand](const Contact& contact) {
                return std::ranges::any_of(contact.tags,
                                           [&](std::int64_t tag) { return state.tag_name(tag) == operand; });
            }});
        } else if (!word.empty()) {
            clauses.push_back({[&state, wanted = lower(word)](const Contact& contact) {
                return lower(state.email_of(contact)).contains(wanted);
            }});
        }
    }
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator)
{
    std::vector<std::string> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::vector<Contact*> search_contacts(State& state, const http::ServerRequest& request)
{
    std::vector<Clause> clauses;
    read_where(state, request, clauses);
    read_search(state, request.query_value("search").value_or(""), clauses);
    std::vector<Contact*> found;
    const auto indexed_clause =
        std::ranges::find_if(clauses, [](const Clause& each) { return each.candidates.has_value(); });
    if (indexed_clause != clauses.end())
        found = *indexed_clause->candidates;
    else
        for (const auto& contact : state.contacts()) found.push_back(contact.get());
    std::erase_if(found, [&](const Contact* contact) {
        return !contact || !std::ranges::all_of(clauses, [&](const Clause& each) { return each.holds(*contact); });
    });
    std::ranges::sort(found, {}, &Contact::id);
    found.erase(std::ranges::unique(found).begin(), found.end());
    if (lower(request.query_value("orderByDir").value_or("")) == "desc") std::ranges::reverse(found);
    return found;
}

}  // namespace crmsync::simulator::mautic
