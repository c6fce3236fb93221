#include "domain/connector_state.h"
#include "domain/job.h"
#include "domain/verification.h"
#include "fuzz/support/support.h"
#include "store/operation.h"

// What the database keeps as text, which other programs may write: the coordination row of a connector, the options of
// a job, a verification, an operation. Whatever it is, the engine works on.

namespace crmsync::fuzz {

namespace {

constexpr Instant now{std::chrono::seconds{1'800'000'000}};

void use(ConnectorState state)
{
    const BudgetConfig budget{.limits = {{"second", 1s, 10}, {"hour", 1h, 36'000}}};
    const Uuid contact = contacts(1).front().contact_id;
    for (int round = 0; round < 3; ++round) {
        const Instant at = now + round * 10s;
        const Grant grant = admit(state, budget, 50, round == 1, at);
        require(grant.count <= 50, "no more is granted than was wanted");
        require(grant.kind != Grant::Kind::none || !grant.why.empty(), "a refusal has a reason");
        take(state, grant, grant.count, 2min, at);
        on_outcome(state, contact, grant.kind != Grant::Kind::work, Transient{.reason = "down"}, at);
        on_outcome(state, contact, true, Throttled{.retry_after = 1h}, at);
        on_limit_report(state, {.limit = 12, .remaining = 0, .reset = 5s}, at);
        (void)reserve_operation_calls(state, budget, 5, at);
        note_fields_changed(state);
        for (const Window& window : state.windows) {
            require(window.used.size() <= 65, "a window keeps few slices");
            require(budget_left(window, at) >= 0, "nothing is left below nothing");
        }
        const ConnectorState read = parse_connector_state(to_json(state));
        require(parse_connector_state(to_json(read)) == read, "a row is read as it was written");
    }
    resume(state);
    require(admit(state, budget, 1, false, now + 48h).count == 1, "a person's \"go\" lets work flow again in the end");
}

}  // namespace

void try_input(std::string_view input)
{
    const ConnectorState state = parse_connector_state(input);
    require(parse_connector_state(to_json(state)) == state, "a row is read as it was written", to_json(state));
    use(state);

    const JobOptions options = parse_job_options(input);
    require(parse_job_options(to_json(options)) == options, "options are read as they were written");

    if (const auto run = parse_verification_run(input)) {
        const auto again = parse_verification_run(to_json(*run));
        require(again && again->started_at == run->started_at && again->actor == run->actor,
                "a verification is read as it was written", to_json(*run));
    }
    if (const auto work = parse_operation_work(input))
        require(parse_operation_work(to_json(*work)) == work, "an operation is read as it was written", to_json(*work));
    const ActionCounts counts = parse_action_counts(input);
    require(parse_action_counts(to_json(counts)) == counts, "counts are read as they were written", to_json(counts));
    if (const auto key = parse_idempotency_key(input))
        require(std::string(input).contains(to_string(key->first.crm)), "a key names its CRM");
    if (const auto id = parse_uuid(input)) require(parse_uuid(to_string(*id)) == id, "an id is read as it was written");
}

}  // namespace crmsync::fuzz
