#include "store/operation.h"

#include <algorithm>
#include <boost/json.hpp>

#include "domain/crm.h"

namespace crmsync {

namespace json = boost::json;

namespace {

constexpr std::string_view curation_kind = "curation";
constexpr std::string_view verify_kind = "verify";

json::array names_of(const std::vector<Crm>& crms)
{
    json::array names;
    for (const Crm crm : crms) names.emplace_back(to_string(crm));
    return names;
}

std::optional<Action> parse_action(std::string_view text)
{
    const auto found = std::ranges::find_if(all_actions, [&](Action action) { return to_string(action) == text; });
    return found == all_actions.end() ? std::nullopt : std::optional(*found);
}

std::string text_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value ? std::string(value->as_string()) : std::string();
}

Result<BulkAction> parse_action_work(const json::object& in, Action action)
{
    auto filter = parse_contact_filter(json::serialize(in.at("filter")));
    if (!filter) return std::unexpected(filter.error());
    BulkAction work{.action = action, .crms = {}, .filter = *std::move(filter), .options = {}, .request_id = {}};
    for (const json::value& name : in.at("crms").as_array()) {
        const auto crm = parse_crm(std::string_view(name.as_string()));
        if (!crm) return fail(ErrorCode::invalid, "an operation for a CRM that this version does not know");
        work.crms.push_back(*crm);
    }
    work.lane = text_of(in, "lane") == "hand" ? Lane::hand : Lane::bulk;
    work.options = parse_job_options(text_of(in, "options"));
    if (in.contains("error_code")) work.error_code = text_of(in, "error_code");
    work.request_id = text_of(in, "request_id");
    return work;
}

Result<BulkCuration> parse_curation_work(const json::object& in)
{
    auto filter = parse_contact_filter(json::serialize(in.at("filter")));
    if (!filter) return std::unexpected(filter.error());
    const auto status = parse_curation_status(text_of(in, "status"));
    if (!status) return fail(ErrorCode::invalid, "a curation status that this version does not know");
    return BulkCuration{*std::move(filter), *status};
}

Result<BulkVerification> parse_verification_work(const json::object& in)
{
    const auto crm = parse_crm(text_of(in, "crm"));
    if (!crm) return fail(ErrorCode::invalid, "an operation for a CRM that this version does not know");
    return BulkVerification{*crm, in.at("share").to_number<double>(), in.at("repair").as_bool()};
}

Result<OperationWork> parse_work(const json::object& in)
{
    const std::string kind = text_of(in, "kind");
    if (kind == curation_kind) return parse_curation_work(in);
    if (kind == verify_kind) return parse_verification_work(in);
    if (const auto action = parse_action(kind)) return parse_action_work(in, *action);
    return fail(ErrorCode::invalid, "an operation of a kind that this version does not know");
}

}  // namespace

ActionCounts& ActionCounts::operator+=(const ActionCounts& more)
{
    found += more.found;
    not_found += more.not_found;
    queued += more.queued;
    changed += more.changed;
    already += more.already;
    skipped += more.skipped;
    nothing += more.nothing;
    return *this;
}

std::string_view kind_of(const OperationWork& work)
{
    return std::visit(Overloaded{[](const BulkAction& action) { return to_string(action.action); },
                                 [](const BulkCuration&) { return curation_kind; },
                                 [](const BulkVerification&) { return verify_kind; }},
                      work);
}

std::vector<Crm> crms_of(const OperationWork& work)
{
    return std::visit(Overloaded{[](const BulkAction& action) { return action.crms; },
                                 [](const BulkCuration&) { return std::vector<Crm>{}; },
                                 [](const BulkVerification& verification) { return std::vector{verification.crm}; }},
                      work);
}

bool goes_in_chunks(const OperationWork& work) { return !std::holds_alternative<BulkVerification>(work); }

std::optional<OperationState> parse_operation_state(std::string_view text)
{
    for (const OperationState state : all_operation_states)
        if (to_string(state) == text) return state;
    return std::nullopt;
}

std::string to_json(const OperationWork& work)
{
    json::object out{{"kind", kind_of(work)}};
    std::visit(Overloaded{[&](const BulkAction& action) {
                              out["crms"] = names_of(action.crms);
                              out["filter"] = json::parse(to_json(action.filter));
                              out["lane"] = action.lane == Lane::hand ? "hand" : "bulk";
                              if (const auto options = to_json(action.options); !options.empty())
                                  out["options"] = options;
                              if (action.error_code) out["error_code"] = *action.error_code;
                              if (!action.request_id.empty()) out["request_id"] = action.request_id;
                          },
                          [&](const BulkCuration& curation) {
                              out["filter"] = json::parse(to_json(curation.filter));
                              out["status"] = to_string(curation.status);
                          },
                          [&](const BulkVerification& verification) {
                              out["crm"] = to_string(verification.crm);
                              out["share"] = verification.share;
                              out["repair"] = verification.repair;
                          }},
               work);
    return json::serialize(out);
}

Result<OperationWork> parse_operation_work(std::string_view text)
{
    try {
        return parse_work(json::parse(text).as_object());
    } catch (const std::exception&) {
        return fail(ErrorCode::invalid, "not an operation");
    }
}

std::string to_json(const ActionCounts& counts)
{
    return json::serialize(json::object{{"found", counts.found},
                                        {"queued", counts.queued},
                                        {"changed", counts.changed},
                                        {"already", counts.already},
                                        {"skipped", counts.skipped},
                                        {"nothing", counts.nothing}});
}

ActionCounts parse_action_counts(std::string_view text)
{
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    const json::object* in = error ? nullptr : value.if_object();
    ActionCounts counts;
    if (!in) return counts;
    for (const auto& [name, count] : {std::pair<std::string_view, std::size_t*>{"found", &counts.found},
                                      {"queued", &counts.queued},
                                      {"changed", &counts.changed},
                                      {"already", &counts.already},
                                      {"skipped", &counts.skipped},
                                      {"nothing", &counts.nothing}})
        if (const json::value* held = in->if_contains(name)) *count = held->to_number<std::size_t>(error);
    return counts;
}

std::string outcome_text(const Operation& operation)
{
    if (goes_in_chunks(operation.work)) return to_json(operation.counts);
    return operation.findings ? to_json(*operation.findings) : "{}";
}

void read_outcome(Operation& operation, std::string_view text)
{
    if (goes_in_chunks(operation.work))
        operation.counts = parse_action_counts(text);
    else if (text != "{}")
        operation.findings = parse_verification_run(text);
}

std::string audit_action(const OperationWork& work) { return std::string(kind_of(work)); }

std::string audit_detail(const OperationWork& work)
{
    json::object detail{{"by", "filter"}};
    if (const auto* action = std::get_if<BulkAction>(&work)) {
        detail["crms"] = names_of(action->crms);
        if (action->error_code) detail["error_code"] = *action->error_code;
        if (!action->request_id.empty()) detail["request_id"] = action->request_id;
    }
    if (const auto* curation = std::get_if<BulkCuration>(&work)) detail["status"] = to_string(curation->status);
    return json::serialize(detail);
}

}  // namespace crmsync
