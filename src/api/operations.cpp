#include "api/operations.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/contacts.h"
#include "api/json.h"
#include "api/selection.h"
#include "api/sync.h"
#include "engine/operation_runner.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

/// How long a caller waits for the result itself.
constexpr Duration patience = 2s;
constexpr std::string_view path = "/api/v3/operations/";

json::object counts_of(const Operation& operation)
{
    const ActionCounts& counts = operation.counts;
    if (std::holds_alternative<BulkCuration>(operation.work)) return {{"updated_count", counts.found}};
    return {{"updated_count", counts.changed},
            {"queued_count", counts.queued},
            {"already_queued_count", counts.already},
            {"skipped_count", counts.skipped}};
}

/// The answer that the call would have got had it waited.
json::object result_of(const Operation& operation)
{
    return std::visit(
        Overloaded{[&](const BulkAction& work) {
                       if (work.action == Action::sync) return sync_result(work.crms.front(), operation.counts);
                       if (work.action == Action::retry) return retry_result(operation.counts, false);
                       return selection_result(work.action, work.crms, operation.counts);
                   },
                   [&](const BulkCuration& work) { return curation_result(operation.counts.found, work.status); },
                   [&](const BulkVerification&) {
                       return operation.findings ? json::parse(crmsync::to_json(*operation.findings)).as_object()
                                                 : json::object{};
                   }},
        operation.work);
}

json::value filter_of(const OperationWork& work)
{
    const ContactFilter* filter = nullptr;
    if (const auto* action = std::get_if<BulkAction>(&work)) filter = &action->filter;
    if (const auto* curation = std::get_if<BulkCuration>(&work)) filter = &curation->filter;
    return filter ? json::parse(crmsync::to_json(*filter)) : json::value(nullptr);
}

/// Whom it is about: of a retry, those alone that it would queue.
CountQuery met_by(const OperationWork& work)
{
    if (const auto* curation = std::get_if<BulkCuration>(&work)) return {.filter = curation->filter};
    const auto& action = std::get<BulkAction>(work);
    if (action.action != Action::retry) return {.filter = action.filter};
    return {.filter = action.filter, .to_retry_at = action.crms, .error_code = action.error_code};
}

/// Nothing when it may go on.
std::optional<ErrorAnswer> brake(std::int64_t met, std::optional<std::int64_t> expected, std::size_t confirm_above)
{
    if (expected ? met <= *expected : confirm_above == 0 || std::cmp_less_equal(met, confirm_above))
        return std::nullopt;
    const std::string than =
        expected ? fmt::format("the {} expected", *expected)
                 : fmt::format("the {} that need no confirmation (CRMSYNC_CONFIRM_ABOVE)", confirm_above);
    return ErrorAnswer{
        .status = 409,
        .detail = json::string(
            fmt::format("This meets {0} contacts, more than {1}. To go on, send \"expected_count\": {0}", met, than)),
        .more = {{"count", met}}};
}

std::expected<Operation, ErrorAnswer> not_found_or(Result<Operation> operation)
{
    if (operation) return *std::move(operation);
    if (operation.error().code == ErrorCode::not_found) return refuse(404, "Operation not found");
    return refuse(operation.error());
}

}  // namespace

json::object to_json(const Operation& operation)
{
    json::array crms;
    for (const Crm crm : crms_of(operation.work)) crms.emplace_back(to_string(crm));
    const bool is_interrupted = operation.is_running() && !operation.is_held;
    const bool has_counts = goes_in_chunks(operation.work);
    json::object out{{"id", to_string(operation.id)},
                     {"kind", kind_of(operation.work)},
                     {"crms", std::move(crms)},
                     {"filter", filter_of(operation.work)},
                     {"actor", operation.actor},
                     {"state", is_interrupted ? "interrupted" : to_string(operation.state)},
                     {"done", operation.done},
                     {"total", nullptr},
                     {"total_is_estimate", operation.total_is_estimate},
                     {"counts", has_counts ? counts_of(operation) : result_of(operation)},
                     {"result", nullptr},
                     {"error", operation.error},
                     {"started_at", to_rfc3339(operation.started_at)},
                     {"finished_at", to_json(operation.finished_at)}};
    if (operation.total) out["total"] = *operation.total;
    if (operation.state == OperationState::done) out["result"] = result_of(operation);
    return out;
}

std::optional<std::int64_t> read_expected_count(Input& input)
{
    constexpr std::int64_t count_max = 1'000'000'000'000;
    return input.integer("expected_count", 0, count_max);
}

http::ServerResponse accepted(json::object body, const Uuid& operation_id)
{
    body["operation_id"] = to_string(operation_id);
    auto response = json_response(202, body);
    response.headers.add("Location", std::string(path) + to_string(operation_id));
    return response;
}

Task<Reply> operate(const Call& call, OperationWork work, std::optional<std::int64_t> expected_count)
{
    const CountQuery met = met_by(work);
    const auto count = co_await call.store().count_contacts(met);
    if (!count) co_return refuse(count.error());
    if (auto refused = brake(*count, expected_count, call.services.confirm_above))
        co_return std::unexpected(*std::move(refused));
    // A retry passes by those it has nothing to do for.
    const auto total = met.to_retry_at.empty() ? count : co_await call.store().count_contacts({.filter = met.filter});
    if (!total) co_return refuse(total.error());

    NewOperation begun{.hold = new_hold(random_uuid7(call.now()), call.services.clock),
                       .work = std::move(work),
                       .actor = call.who.actor(),
                       .total = *total,
                       .now = call.now()};
    const auto operation = co_await call.services.engine.operate(std::move(begun), patience);
    if (!operation) co_return refuse(operation.error());
    switch (operation->state) {
        case OperationState::done:
            co_return json_response(200, result_of(*operation));
        case OperationState::failed:
            co_return refuse(500, "Internal error");
        case OperationState::running:
        case OperationState::cancelled:
            break;
    }
    co_return accepted({{"state", to_string(operation->state)},
                        {"done", operation->done},
                        {"total", *total},
                        {"updated_count", operation->counts.found},
                        {"queued_count", operation->counts.queued},
                        {"message", fmt::format("{} of {} contacts are done; {}", operation->done, *total,
                                                operation->is_running() ? "the rest follows" : "cancelled")}},
                       operation->id);
}

Task<Reply> list_operations(Call call)
{
    auto input = Input::query(call.request);
    OperationQuery query{.state = {}, .before = {}, .now = call.now()};
    query.state = input.choice("state", all_operation_states, parse_operation_state);
    query.limit = static_cast<std::size_t>(input.integer("limit", 1, operations_max).value_or(50));
    query.before = input.uuid("before");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto operations = co_await call.store().operations(query);
    if (!operations) co_return refuse(operations.error());
    json::array list;
    for (const Operation& operation : *operations) list.emplace_back(to_json(operation));
    co_return json_response(200, list);
}

Task<Reply> read_operation(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    const auto operation = not_found_or(co_await call.store().operation(*id, call.now()));
    if (!operation) co_return std::unexpected(operation.error());
    co_return json_response(200, to_json(*operation));
}

Task<Reply> cancel_operation(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    const auto operation = not_found_or(co_await call.store().cancel_operation(*id, call.who.actor(), call.now()));
    if (!operation) co_return std::unexpected(operation.error());
    if (operation->state != OperationState::cancelled)
        co_return refuse(409, fmt::format("The operation has ended: {}", to_string(operation->state)));
    call.services.engine.events().publish(OperationChanged{*operation});
    co_return json_response(200, to_json(*operation));
}

}  // namespace crmsync::api
