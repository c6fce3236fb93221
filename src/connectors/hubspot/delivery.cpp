#include "connectors/hubspot/delivery.h"

#include <algorithm>

#include "connectors/call.h"
#include "connectors/classify.h"
#include "connectors/json_text.h"
#include "domain/normalise.h"

namespace crmsync::hubspot {

namespace {

constexpr std::string_view batch_path = "/crm/v3/objects/contacts/batch/";
/// HubSpot documents no limit for bodies; this many bytes of values are taken.
constexpr std::size_t body_max = 2'500'000;

Outcome unanswered()
{
    return Transient{.scope = Transient::Scope::contact,
                     .code = "unanswered",
                     .reason = "HubSpot API error: the answer says nothing about this contact"};
}

}  // namespace

Delivery::Delivery(Session& session, const Schema* schema, std::optional<std::int64_t> list_id,
                   std::span<const MappedContact> contacts, Exchange& exchange)
    : session_(session), list_id_(list_id), exchange_(exchange)
{
    items_.reserve(contacts.size());
    for (const MappedContact& contact : contacts)
        items_.push_back({.contact = &contact,
                          .trace_id = std::to_string(items_.size()),
                          .properties = properties_of(contact, schema),
                          .record = {},
                          .outcome = {}});
}

Task<std::variant<PerItem, WholeCall, Accepted>> Delivery::run()
{
    co_await look_up_moved();
    // A record that is gone, or an address that is another record's, turns an update into an upsert, and the other way
    // round: each may happen once.
    for (const Kind kind : {Kind::upsert, Kind::update, Kind::upsert, Kind::update}) {
        co_await write(kind);
        if (whole_) co_return WholeCall{*std::move(whole_)};
    }
    const auto status = exchange_.http_status;
    co_await add_to_list();
    exchange_.http_status = status;
    PerItem answer;
    for (Item& item : items_) answer.outcomes.push_back(item.outcome ? *std::move(item.outcome) : unanswered());
    co_return answer;
}

Delivery::Items Delivery::open(Kind kind)
{
    Items found;
    for (Item& item : items_)
        if (!item.outcome && (kind == Kind::update) == !item.record.empty()) found.push_back(&item);
    return found;
}

Secrets Delivery::addresses() const
{
    Secrets all;
    for (const Item& item : items_) all.push_back(item.contact->email);
    return all;
}

/// Reads the records of contacts that were not last sent under the address they have now.
Task<> Delivery::look_up_moved()
{
    Items moved;
    std::vector<std::string> records;
    for (Item& item : items_) {
        if (!is_record_id(item.contact->remote_id.value_or("")) || item.contact->second_id == item.contact->email)
            continue;
        moved.push_back(&item);
        records.push_back(*item.contact->remote_id);
    }
    if (moved.empty()) co_return;
    const std::vector<std::string> wanted{"email", "hs_additional_emails", "hs_email_optout"};
    const auto answer = co_await session_.call(http::Method::post, std::string(batch_path) + "read",
                                               read_body(records, false, wanted), exchange_);
    const bool read = answer && (answer->status == 200 || answer->status == 207);
    const auto known = read ? parse_batch(answer->body) : std::nullopt;
    // Unread, one of them might have opted out.
    if (!known) {
        const Outcome outcome = session_.failed(answer, addresses());
        for (Item* item : moved) item->outcome = outcome;
        co_return;
    }
    for (Item* item : moved) decide_moved(*item, *known);
}

void Delivery::decide_moved(Item& item, const BatchAnswer& known)
{
    const auto has_address = [&](const BatchAnswer::Result& record) { return record.has_address(item.contact->email); };
    if (std::ranges::any_of(known.results, has_address)) return;
    const auto record = std::ranges::find(known.results, *item.contact->remote_id, &BatchAnswer::Result::id);
    if (record == known.results.end()) {
        if (!known.denies(*item.contact->remote_id)) item.outcome = unanswered();
        return;
    }
    if (record->opted_out) {
        item.outcome = Rejected{.code = "opted_out",
                                .reason =
                                    "The contact has opted out at HubSpot, and a new address there would lift "
                                    "that: change the address at HubSpot, or skip the contact"};
        return;
    }
    item.record = record->id;
    item.gives_address = true;
}

Task<> Delivery::write(Kind kind)
{
    for (Items& items : split_by_size(open(kind)))
        // What HubSpot names is taken out, and the rest sent once more: cheaper than to bisect.
        for (int round = 0; round < 2 && !items.empty() && !whole_; ++round)
            items = co_await write_once(kind, std::move(items));
}

std::vector<Delivery::Items> Delivery::split_by_size(const Items& items)
{
    std::vector<Items> parts;
    std::size_t size = 0;
    for (Item* item : items) {
        if (parts.empty() || size + item->properties.members.size() > body_max) {
            parts.emplace_back();
            size = 0;
        }
        parts.back().push_back(item);
        size += item->properties.members.size();
    }
    return parts;
}

/// The items to send again, without those that were named.
Task<Delivery::Items> Delivery::write_once(Kind kind, Items items)
{
    if (co_await is_cancelled()) {
        refuse_all(items, stopped());
        co_return Items{};
    }
    std::vector<Input> inputs;
    for (const Item* item : items)
        inputs.push_back({.trace_id = item->trace_id,
                          .email = item->contact->email,
                          .record = item->record,
                          .gives_address = item->gives_address,
                          .members = item->properties.members});
    const bool upserts = kind == Kind::upsert;
    const auto answer =
        co_await session_.call(http::Method::post, std::string(batch_path) + (upserts ? "upsert" : "update"),
                               upserts ? upsert_body(inputs) : update_body(inputs), exchange_);
    const bool done = answer && (answer->status == 200 || answer->status == 207);
    const auto batch = done ? parse_batch(answer->body) : std::nullopt;
    if (batch && !(batch->results.empty() && batch->errors.empty())) {
        read_answer(*batch, kind, items);
        co_return Items{};
    }
    const Outcome outcome = session_.failed(answer, addresses());
    const auto complaint = std::holds_alternative<Rejected>(outcome) ? parse_complaint(answer->body) : std::nullopt;
    if (complaint) {
        Items rest = refuse_named(*complaint, kind, items);
        if (rest.size() < items.size()) co_return rest;
    }
    const bool tells_more = complaint && (!complaint->values.empty() || complaint->category == "CONFLICT" ||
                                          complaint->category == "OBJECT_NOT_FOUND");
    if (tells_more && items.size() == 1)
        refuse(*items.front(), *complaint, kind);
    else
        refuse_all(items, outcome);
    co_return Items{};
}

void Delivery::read_answer(const BatchAnswer& answer, Kind kind, const Items& items)
{
    for (const BatchAnswer::Result& result : answer.results) {
        const auto its = [&](const Item* item) {
            if (!result.trace_id.empty()) return item->trace_id == result.trace_id;
            return kind == Kind::update ? item->record == result.id : result.has_address(item->contact->email);
        };
        const auto item = std::ranges::find_if(items, its);
        if (item != items.end() && !(*item)->outcome) acknowledge(**item, result);
    }
    const Complaint* unmatched = nullptr;
    for (const Complaint& error : answer.errors)
        if (refuse_named(error, kind, items).size() == items.size()) unmatched = &error;
    // An error that names nobody is about the one contact, if there is only one, of which nothing is said.
    Items silent;
    const auto is_silent = [&](const Item* item) {
        return !item->outcome && (kind == Kind::update) == !item->record.empty();
    };
    std::ranges::copy_if(items, std::back_inserter(silent), is_silent);
    if (unmatched && silent.size() == 1)
        refuse(*silent.front(), *unmatched, kind);
    else
        for (Item* item : silent) item->outcome = unanswered();
}

void Delivery::acknowledge(Item& item, const BatchAnswer::Result& result) const
{
    const bool created = result.created.value_or(false);
    Upserted upserted{.change = created ? Upserted::Change::created : Upserted::Change::updated,
                      .remote_id = result.id,
                      .second_id = item.contact->email,
                      .warnings = std::move(item.properties.warnings)};
    if (!result.email.empty() && normalise_email(result.email) != Normalised(item.contact->email))
        upserted.warnings.push_back("At HubSpot this is another address of record " + result.id +
                                    ", which keeps its primary one");
    if (item.took_over)
        upserted.warnings.emplace_back(
            "HubSpot already had a contact with the new address, which was updated; the one with the former address "
            "stays as it was");
    item.outcome = std::move(upserted);
}

/// Marks those that the complaint names. What is left: the others.
Delivery::Items Delivery::refuse_named(const Complaint& complaint, Kind kind, const Items& items)
{
    Items rest;
    for (Item* item : items) {
        const std::string& id = kind == Kind::update ? item->record : item->contact->email;
        const auto same = [&](const std::string& named) { return http::same_name(named, id); };
        const auto& trace_ids = complaint.trace_ids;
        const bool named = trace_ids.empty() ? std::ranges::any_of(complaint.ids, same)
                                             : std::ranges::find(trace_ids, item->trace_id) != trace_ids.end();
        if (!named)
            rest.push_back(item);
        else if (!item->outcome)
            refuse(*item, complaint, kind);
    }
    return rest;
}

void Delivery::refuse(Item& item, const Complaint& complaint, Kind kind)
{
    const bool is_gone = kind == Kind::update && complaint.category == "OBJECT_NOT_FOUND";
    const auto existing = complaint.existing_record();
    if (is_gone || (existing && item.gives_address)) {
        item.took_over = !is_gone;
        item.record.clear();
        item.gives_address = false;
    } else if (existing && kind == Kind::upsert) {
        item.record = *existing;
    } else {
        item.outcome = item_failure(complaint, *item.contact, session_.context());
    }
}

/// All meet the same. Where that is a refusal of several, the engine finds out whose fault it is.
void Delivery::refuse_all(const Items& items, const Outcome& outcome)
{
    if (items.size() > 1 && std::holds_alternative<Rejected>(outcome)) {
        whole_ = outcome;
        return;
    }
    for (Item* item : items) item->outcome = outcome;
}

Task<> Delivery::add_to_list()
{
    if (!list_id_ || co_await is_cancelled()) co_return;
    std::vector<Upserted*> written;
    std::string body = "[";
    for (Item& item : items_) {
        auto* upserted = item.outcome ? std::get_if<Upserted>(&*item.outcome) : nullptr;
        if (!upserted) continue;
        if (!written.empty()) body += ',';
        append_json(body, upserted->remote_id);
        written.push_back(upserted);
    }
    if (written.empty()) co_return;
    const std::string list = std::to_string(*list_id_);
    const auto answer =
        co_await session_.call(http::Method::put, "/crm/v3/lists/" + list + "/memberships/add", body + "]", exchange_);
    if (answer && answer->status == 200) co_return;
    const std::string why(reason_of(session_.failed(answer, addresses())));
    const std::string warning = "Not added to list " + list + ": " + why;
    for (Upserted* upserted : written) upserted->warnings.push_back(warning);
}

}  // namespace crmsync::hubspot
