#include "api/preview.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api/contacts.h"
#include "api/json.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::size_t preview_ids_max = 100;

/// The payload as the connector writes it, warnings, and what would keep it from being sent.
json::object preview_of(const Contact& contact, const Job* job, Crm crm, const EngineView& engine,
                        const std::vector<std::string>& without, bool with_fields, Instant now)
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
        payload.second_id = job->second_id;
    }
    boost::system::error_code failure;
    result["would_send"] = true;
    result["payload"] = json::parse(engine.payload(crm, payload), failure);
    result["warnings"] = json::array(payload.warnings.begin(), payload.warnings.end());
    result["refusal"] = nullptr;
    if (with_fields) result["fields"] = to_json(explain(traits.mapping, payload, without));
    const bool acknowledged = job && job->fingerprint;
    result["unchanged_since_last_sync"] = acknowledged && same_payload(*job->fingerprint, payload.fingerprint);
    result["changes"] = to_json(acknowledged ? differences(*job->fingerprint, payload) : std::nullopt);
    return result;
}

Task<Result<json::array>> preview_all(const Call& call, Crm crm, std::vector<Uuid> ids,
                                      const std::vector<std::string>& without, bool with_fields)
{
    const auto contacts = co_await call.store().contacts_by_id(std::move(ids));
    if (!contacts) co_return std::unexpected(contacts.error());
    json::array previews;
    for (const auto& contact : *contacts) {
        const auto jobs = co_await call.store().jobs_of(contact.id, 0);
        if (!jobs) co_return std::unexpected(jobs.error());
        const auto job = std::ranges::find(jobs->jobs, crm, [](const Job& one) { return one.key.crm; });
        previews.emplace_back(preview_of(contact, job == jobs->jobs.end() ? nullptr : &*job, crm, call.services.engine,
                                         without, with_fields, call.now()));
    }
    co_return previews;
}

/// Who of many would meet at the CRM; nothing of them is mapped.
Task<Reply> forecast_of(const Call& call, Crm crm, Input& input)
{
    auto ids = input.uuids("contact_ids", contact_ids_max);
    auto filter = read_filter(input);
    const bool all = input.boolean("all").value_or(false);
    const int ways = int{ids.has_value()} + int{!is_empty(filter)} + int{all};
    if (ways != 1) input.wrong("contact_ids", "or filter fields, or all: true, is required; one of them");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto& connector = call.services.engine.connector(crm);
    const auto forecast = co_await call.store().forecast(ids ? Target(std::move(*ids)) : Target(std::move(filter)));
    if (!forecast) co_return refuse(forecast.error());
    const bool with_phones = has_unique_phone(connector.mapping);
    co_return json_response(200, {{"crm", to_string(crm)}, {"forecast", to_json(*forecast, with_phones)}});
}

}  // namespace

Task<Reply> preview(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    if (input.boolean("forecast").value_or(false)) co_return co_await forecast_of(call, *crm, input);
    const auto ids = input.uuids("contact_ids", preview_ids_max);
    if (!ids && (!input.has("contact_ids") || input.is_null("contact_ids"))) input.wrong("contact_ids", "is required");
    const bool with_fields = input.boolean("explain").value_or(false);
    const auto& connector = call.services.engine.connector(*crm);
    const auto without = read_left_out(input, connector.mapping);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    if (!connector.traits) co_return refuse(409, connector.not_configured);

    auto previews = co_await preview_all(call, *crm, *ids, without, with_fields);
    if (!previews) co_return refuse(previews.error());
    const auto found = previews->size();
    const auto& traits = *connector.traits;
    co_return json_response(200, {{"crm", to_string(*crm)},
                                  {"previews", std::move(*previews)},
                                  {"not_found_count", ids->size() - found},
                                  {"delivery", describe_delivery(traits.batch_max, traits.operations)}});
}

}  // namespace crmsync::api
