#include <algorithm>
#include <boost/json.hpp>

#include "connectors/n8n/answer.h"
#include "connectors/n8n/api.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"

// What a workflow of n8n answers, which may be anything, and what n8n's own API tells of workflows and executions.

namespace crmsync::fuzz {

namespace {

/// The results per contact that the answer holds, where it has a list of them.
const boost::json::array* results_in(const boost::json::value& answer)
{
    const boost::json::value* root = &answer;
    if (const auto* items = root->if_array()) {
        if (items->empty()) return nullptr;
        root = &items->front();
    }
    const auto* object = root->if_object();
    const auto* results = object ? object->if_contains("results") : nullptr;
    return results ? results->if_array() : nullptr;
}

/// Whether the answer says of that contact anything at all.
bool names(const boost::json::array& results, const MappedContact& contact)
{
    return std::ranges::any_of(results, [&](const boost::json::value& each) {
        const auto* object = each.if_object();
        const auto* id = object ? object->if_contains("contact_id") : nullptr;
        return id && id->is_string() && id->get_string() == to_string(contact.contact_id);
    });
}

void check_item(const Outcome& outcome, const http::Response& response, const MappedContact& contact)
{
    check_outcome(outcome);
    if (!std::holds_alternative<Upserted>(outcome)) return;
    require(response.status >= 200 && response.status <= 299, "only a success acknowledges");
    boost::system::error_code error;
    const auto answer = boost::json::parse(response.body, error);
    if (const auto* results = error ? nullptr : results_in(answer))
        require(names(*results, contact), "a contact that is not named was not delivered", response.body);
}

void try_answer(const http::Response& response, std::size_t count, bool gone_for_long)
{
    const auto sent = contacts(count);
    Secrets secrets{canary_key};
    for (const MappedContact& contact : sent) secrets.push_back(contact.email);
    const auto answer = n8n::read_answer(response, sent, gone_for_long, secrets);
    require(!std::holds_alternative<Accepted>(answer), "a webhook takes no imports");
    if (const auto* whole = std::get_if<WholeCall>(&answer)) {
        check_outcome(whole->outcome);
        require(!std::holds_alternative<Upserted>(whole->outcome), "each contact is acknowledged by itself");
    }
    const auto* items = std::get_if<PerItem>(&answer);
    if (!items) return;
    require(items->outcomes.size() == sent.size(), "every contact has an outcome");
    for (std::size_t i = 0; i < sent.size(); ++i) check_item(items->outcomes[i], response, sent[i]);
}

void try_api(const http::Response& response)
{
    if (const auto page = n8n::read_workflows(response.body, "contacts"))
        for (const auto& workflow : page->workflows)
            for (const std::string& obstacle : n8n::obstacles_of(workflow, n8n::Auth::bearer))
                require(is_utf8(obstacle) && obstacle.size() <= 2000, "an obstacle is told in words", obstacle);
    if (const auto page = n8n::read_failures(response.body))
        for (const LateFailure& failure : page->failures)
            require(is_utf8(failure.reason) && failure.reason.size() <= 2000, "a reason is told in words",
                    failure.reason);
}

}  // namespace

void try_input(std::string_view input)
{
    const http::Response response = answer_of(input);
    try_answer(response, 1, false);
    try_answer(response, 2, true);
    try_api(response);
}

}  // namespace crmsync::fuzz
