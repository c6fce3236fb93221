#include "connectors/mautic/delivery.h"

#include <algorithm>

#include "connectors/call.h"
#include "connectors/json_read.h"
#include "connectors/mautic/lookup.h"

namespace crmsync::mautic {

namespace {

bool speaks_against_crm(const Outcome& outcome)
{
    const auto* transient = std::get_if<Transient>(&outcome);
    return std::holds_alternative<Throttled>(outcome) || std::holds_alternative<Unauthorized>(outcome) ||
           (transient && transient->scope == Transient::Scope::crm);
}

/// Mautic blames fields by their aliases; the engine leaves them out by the mapping's names.
Outcome by_our_names(Outcome outcome, const Item& item)
{
    auto* rejected = std::get_if<Rejected>(&outcome);
    if (!rejected || rejected->repairable_field) return outcome;
    for (const auto& [name, alias] : item.sent)
        if (rejected->code == "invalid_" + alias) rejected->repairable_field = name;
    return outcome;
}

/// Which of these ids a segment did not take; nothing when the answer does not tell.
std::optional<std::vector<std::int64_t>> left_out_of_segment(const Result<http::Response>& answer,
                                                             const std::vector<std::int64_t>& ids)
{
    const auto root = answer && answer->status == 200 ? parse_object(answer->body) : std::nullopt;
    if (!root || !root->contains("success")) return std::nullopt;
    const auto* details = object_of(*root, "details");
    std::vector<std::int64_t> out;
    for (const auto id : ids) {
        const auto* detail = details ? object_of(*details, std::to_string(id)) : nullptr;
        if (!detail || !truth_of(*detail, "success")) out.push_back(id);
    }
    return out;
}

}  // namespace

Delivery::Delivery(Session& session, Terms& terms, std::span<const MappedContact> contacts)
    : session_(session), terms_(terms)
{
    parcels_.reserve(contacts.size());
    for (const MappedContact& contact : contacts) {
        auto& parcel = parcels_.emplace_back(&contact, make_item(contact, terms.rules));
        if (const auto obstacle = address_obstacle(contact.email); !obstacle.empty())
            parcel.outcome = Rejected{.code = "invalid_email",
                                      .reason = "email: the address " + std::string(obstacle),
                                      .repairable_field = {}};
    }
}

Task<SendResult> Delivery::run(Exchange exchange)
{
    exchange_ = std::move(exchange);
    co_await follow_moves();
    co_await write_all();
    if (!whole_rejection_) {
        const auto status = exchange_.http_status;  // Of the call that wrote: the history shows it.
        co_await clear_fields();
        co_await add_to_segment();
        exchange_.http_status = status;
    }
    co_return result();
}

Delivery::Parcels Delivery::pending()
{
    Parcels out;
    for (Parcel& parcel : parcels_)
        if (!parcel.outcome) out.push_back(&parcel);
    return out;
}

/// A contact that Mautic knows under another address is edited there. By its new address alone it would be doubled.
Task<> Delivery::follow_moves()
{
    std::vector<std::string> ids;
    for (const Parcel* parcel : pending())
        if (parcel->contact->remote_id && is_id(*parcel->contact->remote_id))
            ids.push_back(*parcel->contact->remote_id);
    std::vector<KnownContact> known;
    auto obstacle = co_await find_contacts(session_, "id", ids, Detail::fields, known, exchange_);
    std::vector<std::pair<Parcel*, std::int64_t>> moved;
    std::vector<std::string> new_addresses;
    for (Parcel* parcel : pending()) {
        if (!parcel->contact->remote_id || !is_id(*parcel->contact->remote_id)) continue;
        if (obstacle) parcel->outcome = *obstacle;  // Unread, it might be doubled.
        const auto same = std::ranges::find_if(
            known, [&](const auto& each) { return std::to_string(each.id) == *parcel->contact->remote_id; });
        if (same == known.end() || same_address(same->email, parcel->contact->email)) continue;
        moved.emplace_back(parcel, same->id);
        new_addresses.push_back(parcel->contact->email);
    }
    if (obstacle || moved.empty()) co_return;
    std::vector<KnownContact> owners;
    obstacle = co_await find_contacts(session_, "email", new_addresses, Detail::fields, owners, exchange_);
    for (auto& [parcel, id] : moved) {
        const auto has_owner = std::ranges::any_of(
            owners, [&](const auto& owner) { return same_address(owner.email, parcel->contact->email); });
        if (obstacle)
            parcel->outcome = *obstacle;
        else if (has_owner)
            parcel->item.warnings.emplace_back(
                "Mautic already had a contact with the new address, which was updated; the one with the former "
                "address stays as it was");
        else
            co_await move(*parcel, id);
        if (parcel->outcome && speaks_against_crm(*parcel->outcome)) co_return give_up(*parcel->outcome);
    }
}

Task<> Delivery::move(Parcel& parcel, std::int64_t id)
{
    if (co_await is_cancelled()) {
        parcel.outcome = stopped();
        co_return;
    }
    const auto answer = co_await session_.call(http::Method::patch, "/contacts/" + std::to_string(id) + "/edit",
                                               parcel.item.body, exchange_);
    if (answer && is_not_found(*answer)) co_return;  // Deleted meanwhile: it is created like a new one.
    settle(parcel, answer);
}

Task<> Delivery::write_all()
{
    const Parcels parcels = pending();
    std::span<Parcel* const> rest = parcels;
    while (!rest.empty() && !whole_rejection_) {
        if (co_await is_cancelled()) co_return give_up(stopped());
        const std::size_t count = std::min(rest.size(), terms_.batch_limit);
        bool written = true;
        if (count == 1)
            co_await write_one(*rest.front());
        else
            written = co_await write_batch(rest.first(count));
        if (!written) continue;
        const Outcome last = rest[count - 1]->outcome.value_or(stopped());
        if (speaks_against_crm(last)) co_return give_up(last);
        rest = rest.subspan(count);
    }
}

Task<> Delivery::write_one(Parcel& parcel)
{
    settle(parcel, co_await session_.call(http::Method::post, "/contacts/new", parcel.item.body, exchange_));
}

Task<bool> Delivery::write_batch(std::span<Parcel* const> parcels)
{
    std::vector<std::string_view> bodies;
    std::vector<std::string> emails;
    for (const Parcel* parcel : parcels) {
        bodies.emplace_back(parcel->item.body);
        emails.push_back(parcel->contact->email);
    }
    const auto answer =
        co_await session_.call(http::Method::post, "/contacts/batch/new", batch_body(bodies), exchange_);
    const bool success = answer && (answer->status == 200 || answer->status == 201);
    if (const auto told = success ? parse_batch(answer->body, emails) : std::nullopt) {
        for (std::size_t i = 0; i < parcels.size(); ++i) settle(*parcels[i], (*told)[i]);
        co_return true;
    }
    if (const auto limit = answer ? batch_limit_in(*answer) : std::nullopt) {
        terms_.batch_limit = std::min(*limit, parcels.size() - 1);
        co_return false;
    }
    if (answer && is_crash(*answer)) {
        co_await write_one_by_one(parcels);
        co_return true;
    }
    const Outcome outcome = session_.classified(answer, nullptr, emails);
    if (const auto* rejected = std::get_if<Rejected>(&outcome)) whole_rejection_ = *rejected;
    for (Parcel* parcel : parcels) parcel->outcome = outcome;
    co_return true;
}

/// Mautic gives a whole batch up over one contact it stumbles on, and those before it are written already. The first
/// and the last go ahead; two failures in a row mean that it is Mautic that is ill.
Task<> Delivery::write_one_by_one(std::span<Parcel* const> parcels)
{
    Parcels order(parcels.begin(), parcels.end());
    std::rotate(order.begin() + 1, order.end() - 1, order.end());
    Parcel* failed = nullptr;  // The last one written, when it did.
    for (Parcel* parcel : order) {
        if (co_await is_cancelled()) co_return;
        co_await write_one(*parcel);
        const Outcome& outcome = *parcel->outcome;
        if (std::holds_alternative<Transient>(outcome) && speaks_against_crm(outcome)) {
            if (failed) co_return give_up(outcome);
            failed = parcel;
        } else if (speaks_against_crm(outcome)) {
            co_return give_up(outcome);
        } else {
            failed = nullptr;
        }
    }
    // Where the neighbours were taken, the trouble is with the contact alone.
    for (Parcel* parcel : order)
        if (auto* transient = std::get_if<Transient>(&*parcel->outcome)) transient->scope = Transient::Scope::contact;
}

/// What was not sent yet would meet the same.
void Delivery::give_up(const Outcome& outcome)
{
    for (Parcel* parcel : pending()) parcel->outcome = outcome;
}

void Delivery::acknowledge(Parcel& parcel, KnownContact stored, Upserted::Change change)
{
    Upserted upserted{.change = change, .remote_id = std::to_string(stored.id), .warnings = parcel.item.warnings};
    for (const auto& [name, alias] : parcel.item.sent)
        if (!stored.value(alias)) upserted.warnings.push_back(name + ": Mautic did not keep the value");
    parcel.stored = std::move(stored);
    parcel.outcome = std::move(upserted);
}

void Delivery::settle(Parcel& parcel, const Result<http::Response>& answer)
{
    const bool success = answer && (answer->status == 200 || answer->status == 201);
    auto stored = success ? parse_contact(answer->body) : std::nullopt;
    if (stored && same_address(stored->email, parcel.contact->email))
        acknowledge(parcel, *std::move(stored),
                    answer->status == 201 ? Upserted::Change::created : Upserted::Change::updated);
    else
        parcel.outcome = by_our_names(session_.classified(answer, parcel.contact), parcel.item);
}

void Delivery::settle(Parcel& parcel, const Told& told)
{
    const bool success = (told.status == 200 || told.status == 201) && !told.complaint && told.contact;
    if (success)
        acknowledge(parcel, *told.contact, told.status == 201 ? Upserted::Change::created : Upserted::Change::updated);
    else
        parcel.outcome = by_our_names(failure(told, *parcel.contact, session_.caller()), parcel.item);
}

/// Only an edit of what is there empties some fields and leaves the others: contacts/new would empty all that it is not
/// sent.
Task<> Delivery::clear_fields()
{
    Parcels parcels;
    std::vector<std::string> emails;
    std::string body = "[";
    for (Parcel& parcel : parcels_) {
        if (!parcel.stored) continue;
        std::vector<std::string> held;
        for (const auto& alias : parcel.item.cleared)
            if (parcel.stored->value(alias)) held.push_back(alias);
        if (held.empty()) continue;
        body += (parcels.empty() ? "" : ",") + clearing_body(parcel.stored->id, held);
        parcels.push_back(&parcel);
        emails.push_back(parcel.contact->email);
    }
    if (parcels.empty()) co_return;
    if (co_await is_cancelled()) {
        for (Parcel* parcel : parcels) parcel->outcome = stopped();
        co_return;
    }
    const auto answer = co_await session_.call(http::Method::patch, "/contacts/batch/edit", body + "]", exchange_);
    const auto told = answer && answer->status == 200 ? parse_batch(answer->body, emails) : std::nullopt;
    for (std::size_t i = 0; i < parcels.size(); ++i) {
        Parcel& parcel = *parcels[i];
        if (!told)
            parcel.outcome = session_.classified(answer, parcel.contact);
        else if ((*told)[i].status != 200 || (*told)[i].complaint)
            parcel.outcome = failure((*told)[i], *parcel.contact, session_.caller());
    }
}

Task<> Delivery::add_to_segment()
{
    const auto warn = [](Parcel& parcel, std::int64_t segment, std::string_view why) {
        if (auto* upserted = std::get_if<Upserted>(&*parcel.outcome))
            upserted->warnings.push_back("Not added to segment " + std::to_string(segment) + ": " + std::string(why));
    };
    if (terms_.missing_segment)
        for (Parcel& parcel : parcels_) warn(parcel, *terms_.missing_segment, "Mautic has no such segment");
    std::vector<std::int64_t> ids;
    std::string list;
    for (const Parcel& parcel : parcels_) {
        if (!parcel.stored || !std::holds_alternative<Upserted>(*parcel.outcome)) continue;
        ids.push_back(parcel.stored->id);
        list += (list.empty() ? "" : ",") + std::to_string(parcel.stored->id);
    }
    const auto segment = terms_.segment_id;  // That of the call: the installation may be looked at meanwhile.
    if (!segment || ids.empty() || co_await is_cancelled()) co_return;
    const auto answer =
        co_await session_.call(http::Method::post, "/segments/" + std::to_string(*segment) + "/contacts/add",
                               "{\"ids\":[" + list + "]}", exchange_);
    const auto left_out = left_out_of_segment(answer, ids);
    for (Parcel& parcel : parcels_) {
        if (!parcel.stored) continue;
        if (!left_out)
            warn(parcel, *segment, reason_of(session_.classified(answer, nullptr)));
        else if (std::ranges::find(*left_out, parcel.stored->id) != left_out->end())
            warn(parcel, *segment, "Mautic did not take it");
    }
}

SendResult Delivery::result()
{
    if (whole_rejection_) return {.answer = WholeCall{*whole_rejection_}, .exchange = std::move(exchange_)};
    PerItem items;
    for (Parcel& parcel : parcels_) items.outcomes.push_back(parcel.outcome ? *std::move(parcel.outcome) : stopped());
    return {.answer = std::move(items), .exchange = std::move(exchange_)};
}

}  // namespace crmsync::mautic
