#include "api/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/contacts.h"
#include "api/json.h"
#include "api/operations.h"
#include "domain/selection.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

struct Words {
    std::string_view request;
    Action action;
    std::string_view done;
};
constexpr std::array words{Words{"select", Action::select, "Selected"},
                           Words{"unselect", Action::unselect, "Unselected"}, Words{"skip", Action::skip, "Skipped"}};

struct Selection {
    std::vector<Uuid> ids;
    ContactFilter filter;  ///< Instead of ids.
    std::optional<std::int64_t> expected_count;
    std::vector<std::string> crm_names;
    std::string action;
};

Reply nothing_selected(const Selection& selection, std::string_view message)
{
    return json_response(200, {{"updated_count", 0},
                               {"queued_count", 0},
                               {"not_found_count", 0},
                               {"crms", json::array(selection.crm_names.begin(), selection.crm_names.end())},
                               {"action", selection.action},
                               {"message", message}});
}

/// In CRM order, each once; what is no CRM goes to `unknown`.
std::vector<Crm> known_crms(const std::vector<std::string>& names, std::string& unknown)
{
    PerCrm<bool> named;
    for (const auto& name : names) {
        if (const auto crm = parse_crm(name))
            named[*crm] = true;
        else
            unknown += (unknown.empty() ? "" : ", ") + name;
    }
    std::vector<Crm> crms;
    for (const Crm crm : all_crms)
        if (named[crm]) crms.push_back(crm);
    return crms;
}

Task<Reply> apply(const Call& call, Selection selection, Action action, std::vector<Crm> crms)
{
    if (selection.ids.empty())
        co_return co_await operate(call,
                                   BulkAction{.action = action,
                                              .crms = std::move(crms),
                                              .filter = std::move(selection.filter),
                                              .options = {},
                                              .request_id = call.request_id},
                                   selection.expected_count);
    const Lane lane = selection.ids.size() <= hand_lane_max_ids ? Lane::hand : Lane::bulk;
    ActionRequest request{.action = action,
                          .crms = crms,
                          .target = std::move(selection.ids),
                          .lane = lane,
                          .options = options_of(call, lane),
                          .error_code = {},
                          .actor = call.who.actor(),
                          .request_id = call.request_id,
                          .preview = false,
                          .now = call.now()};
    const auto counts = co_await call.store().act(std::move(request));
    if (!counts) co_return refuse(counts.error());
    if (counts->found == 0) co_return refuse(404, "No contacts found with provided IDs");
    co_return json_response(200, selection_result(action, crms, *counts));
}

}  // namespace

json::object selection_result(Action action, const std::vector<Crm>& crms, const ActionCounts& counts)
{
    json::array names;
    for (const Crm crm : crms) names.emplace_back(to_string(crm));
    const auto word = std::ranges::find(words, action, &Words::action);
    return {{"updated_count", counts.found},
            {"queued_count", counts.queued},
            {"not_found_count", counts.not_found},
            {"crms", std::move(names)},
            {"action", word->request},
            {"message", fmt::format("{} {} contacts for {} CRM(s), {} queued for processing", word->done, counts.found,
                                    crms.size(), counts.queued)}};
}

Task<Reply> select_contacts(Call call)
{
    auto input = Input::body(call.request);
    Selection selection{.ids = input.uuids("contact_ids", contact_ids_max).value_or(std::vector<Uuid>{}),
                        .filter = read_filter(input),
                        .expected_count = read_expected_count(input),
                        .crm_names = input.texts("crms", 100).value_or(std::vector<std::string>{}),
                        .action = input.text("action").value_or("select")};
    const bool filtered = !is_empty(selection.filter);
    if (filtered && input.has("contact_ids")) input.wrong("contact_ids", "does not go with filter fields");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    if (selection.ids.empty() && !filtered) co_return nothing_selected(selection, "No contact IDs provided");
    if (selection.crm_names.empty()) co_return nothing_selected(selection, "No CRMs specified");
    std::string unknown;
    auto crms = known_crms(selection.crm_names, unknown);
    if (!unknown.empty())
        co_return refuse(400, fmt::format("Invalid CRM names: {}. Valid: brevo, hubspot, mautic, n8n", unknown));
    for (const auto& word : words)
        if (word.request == selection.action)
            co_return co_await apply(call, std::move(selection), word.action, std::move(crms));
    co_return refuse(Problems{{"action", "action must be 'select', 'unselect' or 'skip'"}});
}

}  // namespace crmsync::api
