#include "api/forget.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api/input.h"
#include "api/json.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::int64_t offset_max = 1'000'000'000;

using Remote = ForgottenAddress::Remote;

/// What to look for at one CRM: everything that is known of the person, else the address.
std::vector<Lookup> lookups_of(const ForgottenAddress& address, Crm crm)
{
    std::vector<Lookup> lookups;
    for (const Remote& remote : address.remotes)
        if (remote.crm == crm && (remote.remote_id || !address.email.empty()))
            lookups.push_back(
                {.email = address_of(address.email), .remote_id = remote.remote_id, .second_id = remote.second_id});
    if (lookups.empty() && !address.email.empty()) lookups.push_back({.email = address_of(address.email)});
    return lookups;
}

std::string_view word_for(const std::optional<bool>& existed)
{
    if (!existed) return "gone";
    return *existed ? "deleted" : "absent";
}

struct Ending {
    std::string_view result;
    std::string message = {};
};

Task<Ending> erase(const ForgottenAddress& address, Crm crm, const RemoteErasers& erasers)
{
    if (std::string obstacle = erasers.obstacle(crm); !obstacle.empty())
        co_return Ending{"impossible", std::move(obstacle)};
    Ending ending{"absent"};
    for (Lookup& lookup : lookups_of(address, crm)) {
        const auto erased = co_await erasers.erase(crm, std::move(lookup));
        if (!erased) co_return Ending{"failed", erased.error().message};
        if (erased->existed != false) ending.result = word_for(erased->existed);
    }
    co_return ending;
}

Task<json::array> erase_everywhere(const ForgottenAddress& address, const RemoteErasers* erasers, std::size_t& failed)
{
    json::array list;
    for (const Crm crm : all_crms) {
        const auto here = [crm](const Remote& remote) { return remote.crm == crm; };
        const bool known = std::ranges::any_of(address.remotes, here);
        const bool in_flight = std::ranges::any_of(
            address.remotes, [&](const Remote& remote) { return here(remote) && remote.in_flight; });
        Ending ending{"kept"};
        if (erasers && (known || erasers->obstacle(crm).empty()))
            ending = co_await erase(address, crm, *erasers);
        else if (!known)
            continue;
        failed += ending.result == "failed" || (known && ending.result == "impossible") ? 1 : 0;
        list.push_back({{"crm", to_string(crm)},
                        {"result", ending.result},
                        {"message", ending.message},
                        {"in_flight", in_flight}});
    }
    co_return list;
}

std::vector<std::string> read_emails(Input& input)
{
    auto emails = input.texts("emails", suppress_max).value_or(std::vector<std::string>());
    if (emails.empty()) input.wrong("emails", "is required");
    return emails;
}

}  // namespace

Task<Result<json::object>> forget(Store& store, ForgetRequest request, const RemoteErasers* erasers)
{
    const auto forgotten = co_await store.forget(std::move(request));
    if (!forgotten) co_return std::unexpected(forgotten.error());
    std::size_t failed = 0;
    json::array addresses;
    for (const ForgottenAddress& address : forgotten->addresses) {
        auto crms = co_await erase_everywhere(address, erasers, failed);
        addresses.push_back({{"email", address.email}, {"deleted", address.contacts}, {"crms", std::move(crms)}});
    }
    co_return json::object{{"deleted_count", forgotten->deleted},
                           {"suppressed_count", forgotten->suppressed},
                           {"not_found_count", forgotten->not_found},
                           {"failed_count", failed},
                           {"addresses", std::move(addresses)}};
}

std::string cannot_erase(Crm crm)
{
    return std::string(display_name(crm)) + " cannot be asked to delete a contact; see to it there";
}

std::string obstacle_to_erase(const ConnectorInfo& info, Crm crm)
{
    if (!info.traits) return info.not_configured;
    return info.traits->erases ? "" : cannot_erase(crm);
}

json::object to_json(const Suppression& entry)
{
    return {{"hash", entry.hash}, {"at", to_rfc3339(entry.at)}, {"actor", entry.actor}, {"reason", entry.reason}};
}

Task<Reply> forget_contacts(Call call)
{
    auto input = Input::body(call.request);
    ForgetRequest request{.actor = call.who.actor(), .now = call.now()};
    request.ids = input.uuids("contact_ids", forget_max).value_or(std::vector<Uuid>());
    request.emails = input.texts("emails", forget_max).value_or(std::vector<std::string>());
    request.reason = input.text("reason").value_or("forgotten");
    const bool remote = input.boolean("remote").value_or(false);
    if (request.ids.empty() && request.emails.empty()) input.wrong("emails", "or contact_ids must name somebody");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    EngineView& engine = call.services.engine;
    const RemoteErasers erasers{.obstacle = [&](Crm crm) { return obstacle_to_erase(engine.connector(crm), crm); },
                                .erase = [&](Crm crm, Lookup lookup) { return engine.erase(crm, std::move(lookup)); }};
    const auto done = co_await forget(call.store(), std::move(request), remote ? &erasers : nullptr);
    if (!done) co_return refuse(done.error());
    co_return json_response(200, *done);
}

Task<Reply> list_suppressed(Call call)
{
    auto input = Input::query(call.request);
    const auto limit = input.integer("limit", 1, static_cast<std::int64_t>(suppressions_max)).value_or(100);
    const auto offset = input.integer("offset", 0, offset_max).value_or(0);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto list =
        co_await call.store().suppressions(static_cast<std::size_t>(limit), static_cast<std::size_t>(offset));
    if (!list) co_return refuse(list.error());
    json::array entries;
    for (const Suppression& entry : *list) entries.emplace_back(to_json(entry));
    co_return json_response(200, entries);
}

Task<Reply> suppress(Call call)
{
    auto input = Input::body(call.request);
    auto emails = read_emails(input);
    auto reason = input.text("reason").value_or("");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto added =
        co_await call.store().suppress(std::move(emails), std::move(reason), call.who.actor(), call.now());
    if (!added) co_return refuse(added.error());
    co_return json_response(200, {{"suppressed_count", *added}});
}

Task<Reply> unsuppress(Call call)
{
    auto input = Input::body(call.request);
    auto emails = read_emails(input);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto removed = co_await call.store().unsuppress(std::move(emails), call.who.actor(), call.now());
    if (!removed) co_return refuse(removed.error());
    co_return json_response(200, {{"removed_count", *removed}});
}

}  // namespace crmsync::api
