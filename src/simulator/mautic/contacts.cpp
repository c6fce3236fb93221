#include "simulator/mautic/contacts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "simulator/mautic/fields.h"
#include "simulator/mautic/search.h"
#include "simulator/mautic/values.h"

namespace crmsync::simulator::mautic {

namespace {

/// What the API's filter lets through on POST and PATCH: whatever is numeric and zero as a whole number is taken for
/// "nothing was sent", in text fields too.
bool counts_as_sent(const json::value& value)
{
    if (value.is_bool()) return value.get_bool();
    if (value.is_number()) return std::trunc(value.to_number<double>()) != 0;
    if (!value.is_string()) return true;
    const std::string_view text = value.get_string();
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error != std::errc{} || end != text.data() + text.size() || std::trunc(number) != 0;
}

DoNotContact read_mark(const json::object& body)
{
    DoNotContact mark;
    if (const auto* channel = body.if_contains("channel"); channel && channel->is_string())
        mark.channel = std::string(channel->get_string());
    if (const auto* reason = body.if_contains("reason"); reason && reason->is_int64())
        mark.reason = static_cast<int>(reason->get_int64());
    if (const auto* comments = body.if_contains("comments"); comments && comments->is_string())
        mark.comments = std::string(comments->get_string());
    return mark;
}

json::object render_item(const Problem& problem)
{
    json::object error = problem.render();
    error["type"] = problem.type.empty() ? json::value(nullptr) : json::value(problem.type);
    return error;
}

/// What batches answer, keyed by the position in the request. PHP writes a list where no position is missing.
class BatchAnswer {
public:
    void add(std::size_t index, json::value contact) { contacts_.emplace_back(index, std::move(contact)); }
    void fail(std::size_t index, const Problem& problem) { errors_.emplace_back(index, render_item(problem)); }
    void status(int status) { statuses_.push_back(status); }

    json::object body() const
    {
        json::object body{{"contacts", keyed(contacts_)}, {"statusCodes", statuses_}};
        if (!errors_.empty()) body["errors"] = keyed(errors_);
        return body;
    }

private:
    using Entries = std::vector<std::pair<std::size_t, json::value>>;

    static json::value keyed(const Entries& entries)
    {
        json::array list;
        json::object map;
        for (const auto& [index, value] : entries) {
            if (index == list.size()) list.push_back(value);
            map[std::to_string(index)] = value;
        }
        if (list.size() == entries.size()) return list;
        return map;
    }

    Entries contacts_;
    Entries errors_;
    json::array statuses_;
};

}  // namespace

void Contacts::add_to(Routes& routes)
{
    using http::Method;
    const auto add = [&](Method method, std::string_view pattern, auto handler) {
        routes.add(method, pattern, std::move(handler));
    };
    add(Method::get, "/api/contacts", [this](const Call& call, const Params&) { return list(call); });
    add(Method::post, "/api/contacts/new", [this](const Call& call, const Params&) { return create(call); });
    add(Method::get, "/api/contacts/{id}", [this](const Call&, const Params& params) { return get(params); });
    for (const auto method : {Method::put, Method::patch}) {
        add(method, "/api/contacts/{id}/edit",
            [this](const Call& call, const Params& params) { return edit(call, params); });
        const Write write = method == Method::put ? Write::put : Write::patch;
        add(method, "/api/contacts/batch/edit",
            [this, write](const Call& call, const Params&) { return batch(call, write); });
    }
    add(Method::delete_, "/api/contacts/{id}/delete",
        [this](const Call&, const Params& params) { return remove(params); });
    add(Method::post, "/api/contacts/batch/new",
        [this](const Call& call, const Params&) { return batch(call, std::nullopt); });
    add(Method::delete_, "/api/contacts/batch/delete",
        [this](const Call& call, const Params&) { return remove_batch(call); });
    add(Method::post, "/api/contacts/{id}/dnc/{channel}/add",
        [this](const Call& call, const Params& params) { return mark(call, params); });
    add(Method::post, "/api/contacts/{id}/dnc/{channel}/remove",
        [this](const Call&, const Params& params) { return unmark(params); });
}

Contact* Contacts::find(const Params& params)
{
    std::int64_t id = 0;
    const std::string& text = params["id"];
    std::from_chars(text.data(), text.data() + text.size(), id);
    return state_.find(id);
}

std::expected<Draft, Problem> Contacts::read(const json::object& body, const FaultDecision& faults) const
{
    Draft draft;
    const bool drops = faults.kind() == FaultKind::drop_attributes;
    for (const auto& field : state_.fields()) {
        const auto* sent = field->published ? body.if_contains(field->alias) : nullptr;
        const auto& dropped = drops ? faults.rule->attributes : std::vector<std::string>{};
        if (!sent || (drops && (dropped.empty() || std::ranges::count(dropped, field->alias) > 0))) continue;
        auto value = clean_value(*field, *sent);
        if (!value) return std::unexpected(std::move(value.error()));
        if (field->alias == "email" && value->is_string()) draft.email = std::string(value->get_string());
        draft.values.emplace_back(field->id, std::move(*value));
    }
    if (const auto* owner = body.if_contains("owner"); owner && !owner->is_null() && *owner != 1)
        return std::unexpected(not_valid("owner"));
    if (const auto* tags = body.if_contains("tags"); tags && tags->is_array())
        for (const auto& tag : tags->get_array())
            if (tag.is_string() && !tag.get_string().empty()) draft.tags.emplace_back(tag.get_string());
    if (const auto* marks = body.if_contains("doNotContact"); marks && marks->is_array())
        for (const auto& mark : marks->get_array())
            if (mark.is_object()) draft.marks.push_back(read_mark(mark.get_object()));
    if (const auto* overwrite = body.if_contains("overwriteWithBlank"))
        draft.overwrite_blank = *overwrite == true || *overwrite == 1 || *overwrite == "1" || *overwrite == "true";
    std::ranges::transform(draft.email, draft.email.begin(), [](unsigned char c) { return std::tolower(c); });
    return draft;
}

std::optional<Problem> Contacts::refusal(const Draft& draft) const
{
    const auto rule = plan_.rejects("mautic", draft.email);
    if (!rule) return std::nullopt;
    Problem problem = refused("email", draft.email + " is invalid.");
    problem.status = rule->status;
    problem.verbatim = rule->body;
    return problem;
}

std::expected<Written, Problem> Contacts::upsert(const json::object& body, const FaultDecision& faults)
{
    const auto draft = read(body, faults);
    if (!draft) return std::unexpected(draft.error());
    if (auto problem = refusal(*draft)) return std::unexpected(std::move(*problem));
    Written written{.contact = state_.match(draft->values)};
    if (!written.contact) {
        if (state_.options.refuses_overlap && state_.overtaken(draft->email)) {
            Problem problem = refused("email", "The value must be unique.");
            problem.status = 422;
            return std::unexpected(std::move(problem));
        }
        written.contact = &state_.create();
        written.created = true;
    }
    written.blanked = apply(*written.contact, *draft, Write::post);
    if (written.created) {
        ++state_.counts.created;
        written.blanked.clear();
    } else {
        ++state_.counts.updated;
        written.contact->modified = state_.now;
    }
    return written;
}

std::expected<Written, Problem> Contacts::edit_one(Contact* contact, const json::object& body, Write write,
                                                   const FaultDecision& faults)
{
    const auto draft = read(body, faults);
    if (!draft) return std::unexpected(draft.error());
    if (auto problem = refusal(*draft)) return std::unexpected(std::move(*problem));
    Written written{.contact = contact};
    if (!contact) {
        written.contact = &state_.create();
        written.created = true;
        ++state_.counts.created;
    } else if (Contact* other = state_.match(draft->values); other && other != contact) {
        absorb(*contact, *other);
    }
    written.blanked = apply(*written.contact, *draft, write);
    if (!written.created) {
        ++state_.counts.updated;
        contact->modified = state_.now;
    }
    return written;
}

void Contacts::absorb(Contact& contact, Contact& other)
{
    for (const auto& [id, value] : other.values)
        if (const Field* field = state_.find_field(id); field && !contact.value(id))
            state_.set_value(contact, *field, value);
    for (const auto tag : other.tags)
        if (std::ranges::count(contact.tags, tag) == 0) contact.tags.push_back(tag);
    contact.points += other.points;
    state_.erase(other);
}

Blanked Contacts::apply(Contact& contact, const Draft& draft, Write write)
{
    Blanked blanked;
    const bool overwrites = draft.overwrite_blank || write == Write::put;
    for (const auto& field : state_.fields()) {
        const auto sent = std::ranges::find(draft.values, field->id, [](const auto& entry) { return entry.first; });
        const bool absent = sent == draft.values.end();
        if (absent && write == Write::put && field->alias == "points") blanked[field->id] = {};
        if (absent && (!overwrites || write == Write::patch || field->alias == "points")) continue;
        json::value value = absent ? json::value(nullptr) : sent->second;
        if (value.is_null() && !overwrites) continue;
        if (write != Write::put && !counts_as_sent(value)) continue;
        if (value.is_null()) blanked[field->id] = {.lost = contact.value(field->id) != nullptr};
        state_.set_value(contact, *field, std::move(value));
    }
    apply_extras(contact, draft);
    ++contact.writes;
    return blanked;
}

void Contacts::apply_extras(Contact& contact, const Draft& draft)
{
    for (const auto& name : draft.tags) {
        const bool takes = name.starts_with('-');
        const std::int64_t tag = state_.tag(takes ? name.substr(1) : name);
        std::erase(contact.tags, tag);
        if (!takes) contact.tags.push_back(tag);
    }
    for (const auto& mark : draft.marks) {
        ++state_.counts.consent_writes;
        std::erase_if(contact.do_not_contact, [&](const auto& each) { return each.channel == mark.channel; });
        if (mark.reason == 0) continue;
        contact.do_not_contact.push_back(mark);
        contact.do_not_contact.back().id = state_.next_mark++;
        contact.do_not_contact.back().added = state_.now;
    }
}

http::ServerResponse Contacts::create(const Call& call)
{
    const auto body = read_body(call.request);
    if (!body) return reply(body.error());
    if (!body->is_object()) return reply(crashed(500));
    const auto written = upsert(body->get_object(), call.faults);
    if (!written) return signed_reply(written.error());
    auto response =
        reply(written->created ? 201 : 200,
              json::object{{"contact", render(state_, *written->contact, written->view(), written->blanked)}});
    if (written->created) response.headers.add("Location", "/api/contacts/" + std::to_string(written->contact->id));
    return response;
}

http::ServerResponse Contacts::edit(const Call& call, const Params& params)
{
    const Write write = call.request.method == http::Method::put ? Write::put : Write::patch;
    Contact* contact = find(params);
    if (!contact && write == Write::patch) return signed_reply(not_found());
    const auto body = read_body(call.request);
    if (!body) return reply(body.error());
    if (!body->is_object()) return reply(crashed(500));
    const auto written = edit_one(contact, body->get_object(), write, call.faults);
    if (!written) return signed_reply(written.error());
    auto response =
        reply(written->created ? 201 : 200,
              json::object{{"contact", render(state_, *written->contact, written->view(), written->blanked)}});
    if (written->created) response.headers.add("Location", "/api/contacts/" + std::to_string(written->contact->id));
    return response;
}

http::ServerResponse Contacts::get(const Params& params)
{
    const Contact* contact = find(params);
    if (!contact) return signed_reply(not_found());
    return reply(200, json::object{{"contact", render(state_, *contact, View::fetched)}});
}

http::ServerResponse Contacts::remove(const Params& params)
{
    Contact* contact = find(params);
    if (!contact) return signed_reply(not_found());
    json::object row = render(state_, *contact, View::fetched);
    row["id"] = nullptr;
    row["fields"].as_object()["all"].as_object()["id"] = nullptr;
    row["tags"] = json::array{};
    for (auto& mark : row["doNotContact"].as_array()) mark.as_object()["id"] = nullptr;
    state_.erase(*contact);
    return reply(200, json::object{{"contact", std::move(row)}});
}

http::ServerResponse Contacts::list(const Call& call) const
{
    const auto found = search_contacts(state_, call.request);
    const std::size_t start = query_number(call.request, "start", 0);
    const std::size_t limit = query_number(call.request, "limit", 30);
    const View view = query_number(call.request, "minimal", 0) != 0 ? View::minimal : View::fetched;
    json::object rows;
    for (std::size_t i = start; i < found.size() && i - start < limit; ++i)
        rows[std::to_string(found[i]->id)] = render(state_, *found[i], view);
    return reply(200, json::object{{"total", std::to_string(found.size())}, {"contacts", std::move(rows)}});
}

http::ServerResponse Contacts::mark(const Call& call, const Params& params)
{
    Contact* contact = find(params);
    if (!contact) return signed_reply(not_found());
    const auto body = read_body(call.request);
    if (!body || !body->is_object()) return reply(crashed(400));
    Draft draft;
    draft.marks.push_back(read_mark(body->get_object()));
    draft.marks.back().channel = params["channel"];
    if (draft.marks.back().reason < 1 || draft.marks.back().reason > 3)
        return signed_reply({.status = 400, .message = "Invalid reason code given"});
    apply_extras(*contact, draft);
    return reply(200, json::object{{"contact", render(state_, *contact, View::noted)}});
}

http::ServerResponse Contacts::unmark(const Params& params)
{
    Contact* contact = find(params);
    if (!contact) return signed_reply(not_found());
    Draft draft;
    draft.marks.push_back({.channel = params["channel"], .reason = 0, .comments = {}});
    apply_extras(*contact, draft);
    return reply(200, json::object{{"contact", render(state_, *contact, View::noted)}});
}

http::ServerResponse Contacts::batch(const Call& call, std::optional<Write> edit)
{
    const auto body = read_body(call.request);
    if (!body) return reply(body.error());
    // Mautic expects a list of objects and fails over anything else.
    const auto is_object = [](const json::value& item) { return item.is_object(); };
    if (!body->is_array() || !std::ranges::all_of(body->get_array(), is_object)) return reply(crashed(500));
    const json::array& items = body->get_array();
    if (items.size() > state_.options.batch_limit)
        return signed_reply({.status = 500,
                             .message = "A max of " + std::to_string(state_.options.batch_limit) +
                                        " entities are supported at a time."});
    BatchAnswer answer;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const json::object& item = items[i].get_object();
        const auto* id = edit ? item.if_contains("id") : nullptr;
        Contact* contact = id && id->is_int64() ? state_.find(id->get_int64()) : nullptr;
        std::expected<Written, Problem> written = std::unexpected(
            Problem{.status = 404, .message = "Item was not found.", .shape = Problem::Shape::item, .type = "api"});
        if (!edit)
            written = upsert(item, call.faults);
        else if (contact)
            written = edit_one(contact, item, *edit, call.faults);
        answer.status(written ? (written->created ? 201 : 200) : written.error().status);
        if (written)
            answer.add(i, render(state_, *written->contact, written->view(), written->blanked));
        else
            answer.fail(i, written.error());
    }
    return reply(edit ? 200 : 201, answer.body());
}

http::ServerResponse Contacts::remove_batch(const Call& call)
{
    BatchAnswer answer;
    const auto ids = split(call.request.query_value("ids").value_or(""), ',');
    for (std::size_t i = 0; i < ids.size(); ++i) {
        std::int64_t id = 0;
        std::from_chars(ids[i].data(), ids[i].data() + ids[i].size(), id);
        Contact* contact = state_.find(id);
        answer.status(contact ? 200 : 404);
        if (!contact) {
            answer.fail(
                i, {.status = 404, .message = "Item was not found.", .shape = Problem::Shape::item, .type = "api"});
            continue;
        }
        json::object row = render(state_, *contact, View::fetched);
        row["id"] = nullptr;
        state_.erase(*contact);
        answer.add(i, std::move(row));
    }
    return reply(200, answer.body());
}

}  // namespace crmsync::simulator::mautic
