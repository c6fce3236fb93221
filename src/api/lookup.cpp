#include "api/lookup.h"

#include <boost/json.hpp>
#include <unordered_set>

#include "api/contacts.h"
#include "api/json.h"
#include "domain/normalise.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

/// The first of each address.
std::vector<std::string> distinct(std::vector<std::string> emails)
{
    std::unordered_set<std::string> seen;
    std::erase_if(emails, [&](const std::string& email) { return !seen.insert(address_of(email)).second; });
    return emails;
}

json::object to_json(const LookedUp& looked_up)
{
    json::array found;
    for (const auto& one : looked_up.found)
        found.push_back({{"email", one.email}, {"contact_id", crmsync::to_string(one.contact_id)}});
    json::array invalid;
    for (const auto& one : looked_up.invalid) invalid.push_back({{"email", one.email}, {"reason", one.reason}});
    return {{"found", std::move(found)},
            {"not_found", json::array(looked_up.not_found.begin(), looked_up.not_found.end())},
            {"invalid", std::move(invalid)}};
}

}  // namespace

Task<Result<LookedUp>> look_up(Store& store, std::vector<std::string> emails)
{
    emails = distinct(std::move(emails));
    const auto contacts = co_await store.find_by_address(emails);
    if (!contacts) co_return std::unexpected(contacts.error());
    LookedUp result;
    for (std::size_t i = 0; i < emails.size(); ++i) {
        const bool empty = address_of(emails[i]).empty();
        const auto& id = (*contacts)[i];
        if (id && !empty)
            result.found.push_back({.email = emails[i], .contact_id = *id});
        else if (const auto usable = normalise_email(emails[i]); usable)
            result.not_found.push_back(emails[i]);
        else
            result.invalid.push_back({.email = emails[i], .reason = empty ? "is empty" : usable.error()});
    }
    co_return result;
}

Task<Reply> look_up_contacts(Call call)
{
    auto input = Input::body(call.request);
    if (!input.has("emails") || input.is_null("emails")) input.wrong("emails", "is required");
    auto emails = input.texts("emails", contact_ids_max).value_or(std::vector<std::string>());
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto looked_up = co_await look_up(call.store(), std::move(emails));
    if (!looked_up) co_return refuse(looked_up.error());
    co_return json_response(200, to_json(*looked_up));
}

}  // namespace crmsync::api
