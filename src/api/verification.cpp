#include "api/verification.h"

#include <boost/json.hpp>

#include "api/json.h"
#include "api/operations.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::size_t examples_max = 20;

json::value run_json(const std::optional<VerificationRun>& run)
{
    return run ? json::parse(crmsync::to_json(*run)) : json::value(nullptr);
}

json::array examples_json(const VerificationSummary& summary)
{
    json::array examples;
    for (const auto& example : summary.examples) {
        json::object one{{"contact_id", to_string(example.contact_id)}, {"email", example.email}};
        for (auto& [name, value] : to_json(example.verification).as_object()) one[name] = value;
        examples.push_back(std::move(one));
    }
    return examples;
}

/// Why nothing of this CRM can be verified here; nothing when it can.
std::optional<std::string> obstacle(const ConnectorInfo& info)
{
    if (!info.configured()) return info.not_configured;
    const Status can = can_verify(*info.traits);
    return can ? std::nullopt : std::optional(can.error().message);
}

}  // namespace

Task<Reply> start_verification(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    VerifyOptions options;
    options.share = static_cast<double>(input.integer("sample_percent", 1, 100).value_or(100)) / 100;
    options.repair = input.boolean("repair").value_or(false);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    if (const auto why = obstacle(call.services.engine.connector(*crm))) co_return refuse(409, *why);
    options.actor = call.who.actor();
    const auto begun = co_await call.services.engine.verify(*crm, std::move(options));
    if (!begun) co_return refuse(begun.error().code == ErrorCode::conflict ? 409 : 503, begun.error().message);
    co_return accepted({{"crm", to_string(*crm)}, {"message", "The verification has begun"}}, *begun);
}

Task<Reply> verification(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    const auto summary = co_await call.store().verification_summary(*crm, examples_max);
    if (!summary) co_return refuse(summary.error());
    const auto running = co_await call.services.engine.verification(*crm);
    const auto why = obstacle(call.services.engine.connector(*crm));
    json::object counts = to_json(summary->counts);
    counts["unverified"] = summary->unverified;
    co_return json_response(200, {{"crm", to_string(*crm)},
                                  {"can_be_verified", !why},
                                  {"reason", why.value_or("")},
                                  {"counts", std::move(counts)},
                                  {"opted_out", summary->opted_out},
                                  {"running", run_json(running)},
                                  {"last_run", run_json(summary->last_run)},
                                  {"examples", examples_json(*summary)}});
}

}  // namespace crmsync::api
