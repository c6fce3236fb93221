#include "api/sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/contacts.h"
#include "api/json.h"
#include "domain/field_mapping.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::size_t fields_max = 100;
constexpr std::size_t preview_ids_max = 100;

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
            .options = {},
            .error_code = {},
            .actor = call.who.actor(),
            .preview = false,
            .now = call.now()};
}

std::string count_words(std::size_t count) { return fmt::format("{} {}", count, count == 1 ? "contact" : "contacts"); }

Task<Reply> sync(const Call& call, Crm crm, Target target, bool only_changed)
{
    auto request = request_for(call, Action::sync, crm, std::move(target));
    request.options.only_changed = only_changed;
    const auto counts = co_await call.store().act(std::move(request));
    if (!counts) co_return refuse(counts.error());
    co_return json_response(
        200, {{"queued_count", counts->queued},
              {"already_queued_count", counts->already},
              {"skipped_count", counts->skipped},
              {"not_found_count", counts->not_found},
              {"message", fmt::format("Queued {} for {} sync", count_words(counts->queued), display_name(crm))}});
}

/// Optional fields of the CRM that are not to be sent.
std::vector<std::string> read_left_out(Input& input, const FieldMapping& mapping)
{
    auto names = input.texts("without_fields", fields_max).value_or(std::vector<std::string>{});
    if (auto why_not = check_left_out(names, mapping); !why_not.empty()) input.wrong("without_fields", why_not);
    return names;
}

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

/// The payload as the connector writes it, warnings, and what would keep it from being sent.
json::object preview_of(const Contact& contact, const Job* job, Crm crm, const EngineView& engine,
                        const std::vector<std::string>& without, Instant now)
{
    json::object result{{"contact_id", crmsync::to_string(contact.id)}};
    const auto& traits = *engine.connector(crm).traits;
    const auto mapped =
        map_contact(contact.fields, {contact.id, crm}, job ? job->generation : 0, traits.mapping, without, now);
    if (const auto* refusal = std::get_if<Refusal>(&mapped)) {
        result["would_send"] = false;
        result["payload"] = nullptr;
        result["warnings"] = json::array();
        result["refusal"] = {{"field", refusal->field}, {"code", refusal->code}, {"reason", refusal->reason}};
        return result;
    }
    auto payload = std::get<MappedContact>(mapped);
    if (job) {
        payload.remote_id = job->remote_id;
        payload.numeric_id = job->numeric_id;
    }
    boost::system::error_code failure;
    result["would_send"] = true;
    result["payload"] = json::parse(engine.payload(crm, payload), failure);
    result["warnings"] = json::array(payload.warnings.begin(), payload.warnings.end());
    result["refusal"] = nullptr;
    result["unchanged_since_last_sync"] = job && job->fingerprint == payload.fingerprint;
    return result;
}

Task<Result<json::array>> preview_all(const Call& call, Crm crm, std::vector<Uuid> ids,
                                      const std::vector<std::string>& without)
{
    const auto contacts = co_await call.store().contacts_by_id(std::move(ids));
    if (!contacts) co_return std::unexpected(contacts.error());
    json::array previews;
    for (const auto& contact : *contacts) {
        const auto jobs = co_await call.store().jobs_of(contact.id, 0);
        if (!jobs) co_return std::unexpected(jobs.error());
        const auto job = std::ranges::find(jobs->jobs, crm, [](const Job& one) { return one.key.crm; });
        previews.emplace_back(preview_of(contact, job == jobs->jobs.end() ? nullptr : &*job, crm, call.services.engine,
                                         without, call.now()));
    }
    co_return previews;
}

}  // namespace

Task<Reply> sync_batch(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    auto ids = input.uuids("contact_ids", contact_ids_max);
    if (!input.has("contact_ids") || input.is_null("contact_ids")) input.wrong("contact_ids", "is required");
    const bool only_changed = input.boolean("only_changed").value_or(false);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    co_return co_await sync(call, *crm, std::move(*ids), only_changed);
}

Task<Reply> sync_filtered(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    auto filter = read_filter(input);
    const bool only_changed = input.boolean("only_changed").value_or(false);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    co_return co_await sync(call, *crm, std::move(filter), only_changed);
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
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    auto request = request_for(call, Action::retry, *crm, std::move(*target));
    request.lane = Lane::hand;
    request.error_code = std::move(cause);
    request.options.without_fields = std::move(without);
    request.preview = preview_only;
    const auto counts = co_await call.store().act(std::move(request));
    if (!counts) co_return refuse(counts.error());
    const auto message = preview_only ? fmt::format("{} would be tried again", count_words(counts->queued))
                                      : fmt::format("Queued {} for another try", count_words(counts->queued));
    co_return json_response(200, {{"queued_count", counts->queued},
                                  {"already_queued_count", counts->already},
                                  {"skipped_count", counts->skipped},
                                  {"not_found_count", counts->not_found},
                                  {"preview", preview_only},
                                  {"message", message}});
}

Task<Reply> preview(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    const auto ids = input.uuids("contact_ids", preview_ids_max);
    if (!ids && (!input.has("contact_ids") || input.is_null("contact_ids"))) input.wrong("contact_ids", "is required");
    const auto& connector = call.services.engine.connector(*crm);
    const auto without = read_left_out(input, connector.mapping);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    if (!connector.traits) co_return refuse(409, connector.not_configured);

    auto previews = co_await preview_all(call, *crm, *ids, without);
    if (!previews) co_return refuse(previews.error());
    const auto found = previews->size();
    co_return json_response(
        200, {{"crm", to_string(*crm)}, {"previews", std::move(*previews)}, {"not_found_count", ids->size() - found}});
}

}  // namespace crmsync::api
