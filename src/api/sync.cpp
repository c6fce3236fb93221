#include "api/sync.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/contacts.h"
#include "api/json.h"
#include "api/operations.h"
#include "domain/field_mapping.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

Lane lane_of(const Target& target)
{
    const auto* ids = std::get_if<std::vector<Uuid>>(&target);
    return ids && ids->size() <= hand_lane_max_ids ? Lane::hand : Lane::bulk;
}

ActionRequest request_for(const Call& call, Action action, Crm crm, Target target)
{
    const Lane lane = lane_of(target);
    return {.action = action,
            .crms = {crm},
            .target = std::move(target),
            .lane = lane,
            .options = options_of(call, lane),
            .error_code = {},
            .actor = call.who.actor(),
            .request_id = call.request_id,
            .preview = false,
            .now = call.now()};
}

std::string count_words(std::size_t count) { return fmt::format("{} {}", count, count == 1 ? "contact" : "contacts"); }

/// What a retry is about: exactly one of ids, a filter, a cause and "all"; a cause may narrow the others.
std::optional<Target> read_retry_target(Input& input)
{
    auto ids = input.uuids("contact_ids", contact_ids_max);
    auto filter = read_filter(input);
    const bool all = input.boolean("all").value_or(false);
    const bool filtered = !is_empty(filter);
    const bool by_cause = input.has("cause") && !input.is_null("cause");
    const int ways = (ids ? 1 : 0) + (filtered ? 1 : 0) + (all ? 1 : 0);
    if (ways > 1) input.wrong("contact_ids", "goes neither with filter fields nor with all");
    if (ways == 0 && !by_cause) input.wrong("contact_ids", "is required, or filter fields, a cause, or all: true");
    if (ids) return Target(std::move(*ids));
    return Target(std::move(filter));
}

/// An action by a filter goes as an operation, whose size must be confirmed; one by ids is done at once.
Task<Reply> answer(const Call& call, ActionRequest request, std::optional<std::int64_t> expected_count)
{
    if (auto* filter = std::get_if<ContactFilter>(&request.target); filter && !request.preview)
        co_return co_await operate(call,
                                   BulkAction{.action = request.action,
                                              .crms = std::move(request.crms),
                                              .filter = std::move(*filter),
                                              .lane = request.lane,
                                              .options = std::move(request.options),
                                              .error_code = std::move(request.error_code),
                                              .request_id = std::move(request.request_id)},
                                   expected_count);
    const Crm crm = request.crms.front();
    const bool preview_only = request.preview;
    const bool is_retry = request.action == Action::retry;
    const auto counts = co_await call.store().act(std::move(request));
    if (!counts) co_return refuse(counts.error());
    co_return json_response(200, is_retry ? retry_result(*counts, preview_only) : sync_result(crm, *counts));
}

}  // namespace

json::object sync_result(Crm crm, const ActionCounts& counts)
{
    return {{"queued_count", counts.queued},
            {"already_queued_count", counts.already},
            {"skipped_count", counts.skipped},
            {"not_found_count", counts.not_found},
            {"message", fmt::format("Queued {} for {} sync", count_words(counts.queued), display_name(crm))}};
}

json::object retry_result(const ActionCounts& counts, bool preview_only)
{
    const auto message = preview_only ? fmt::format("{} would be tried again", count_words(counts.queued))
                                      : fmt::format("Queued {} for another try", count_words(counts.queued));
    return {{"queued_count", counts.queued},   {"already_queued_count", counts.already},
            {"skipped_count", counts.skipped}, {"not_found_count", counts.not_found},
            {"preview", preview_only},         {"message", message}};
}

Task<Reply> sync_batch(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    auto ids = input.uuids("contact_ids", contact_ids_max);
    if (!input.has("contact_ids") || input.is_null("contact_ids")) input.wrong("contact_ids", "is required");
    const bool only_changed = input.boolean("only_changed").value_or(false);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    auto request = request_for(call, Action::sync, *crm, std::move(*ids));
    request.options.only_changed = only_changed;
    co_return co_await answer(call, std::move(request), std::nullopt);
}

Task<Reply> sync_filtered(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    auto filter = read_filter(input);
    const bool only_changed = input.boolean("only_changed").value_or(false);
    const auto expected_count = read_expected_count(input);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    auto request = request_for(call, Action::sync, *crm, std::move(filter));
    request.options.only_changed = only_changed;
    co_return co_await answer(call, std::move(request), expected_count);
}

Task<Reply> retry(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    auto target = read_retry_target(input);
    auto cause = input.text("cause");
    auto without = read_left_out(input, call.services.engine.connector(*crm).mapping);
    const bool preview_only = input.boolean("preview").value_or(false);
    const auto expected_count = read_expected_count(input);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    auto request = request_for(call, Action::retry, *crm, std::move(*target));
    request.lane = Lane::hand;
    request.error_code = std::move(cause);
    request.options.without_fields = std::move(without);
    request.preview = preview_only;
    co_return co_await answer(call, std::move(request), expected_count);
}

}  // namespace crmsync::api
