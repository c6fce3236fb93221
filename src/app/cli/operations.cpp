#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "api/operations.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/operate.h"

namespace crmsync::app {

namespace {

struct ListOptions {
    std::string state;
    std::size_t limit = 50;
};

void define_list(CLI::App& app, ListOptions& options)
{
    app.add_option("--state", options.state, "running, done, cancelled, failed");
    app.add_option("--limit", options.limit, "At most so many, the newest")->check(CLI::Range(1, 200));
}

std::string names_of(const std::vector<Crm>& crms)
{
    std::vector<std::string_view> names;
    for (const Crm crm : crms) names.push_back(to_string(crm));
    return fmt::format("{}", fmt::join(names, ","));
}

/// Nobody works at it at the moment: a server will take it up.
bool is_interrupted(const Operation& operation) { return operation.is_running() && !operation.is_held; }

std::string state_of(const Operation& operation)
{
    return std::string(is_interrupted(operation) ? "interrupted" : to_string(operation.state));
}

int list(Session& session, const ListOptions& options)
{
    const OperationQuery query{
        .state = parse_operation_state(options.state), .limit = options.limit, .now = session.clock.now()};
    if (!options.state.empty() && !query.state)
        return wrong_usage(session, "--state is one of running, done, cancelled, failed");
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const auto operations = co_await store.operations(query);
        if (!operations) co_return std::unexpected(operations.error());
        boost::json::array rows;
        Table table{{"ID", "KIND", "CRM", "STATE", "DONE", "WHO", "STARTED"}, {}};
        for (const Operation& one : *operations) {
            rows.emplace_back(api::to_json(one));
            table.rows.push_back({to_string(one.id), std::string(kind_of(one.work)), names_of(crms_of(one.work)),
                                  state_of(one), progress_of(one), one.actor, to_rfc3339(one.started_at)});
        }
        if (session.console.json())
            session.console.value(rows);
        else
            session.console.table(table);
        co_return exit_fine;
    });
}

struct OneOptions {
    std::string id;
    bool cancel = false;
};

void define_one(CLI::App& app, OneOptions& options)
{
    app.add_option("id", options.id, "As `crmsync operations` shows it")->required();
    app.add_flag("--cancel", options.cancel, "End it after the step under way; what was done stays");
}

void describe(Session& session, const Operation& operation)
{
    session.console.line(fmt::format("{} {}: {}, {}", kind_of(operation.work), names_of(crms_of(operation.work)),
                                     state_of(operation), progress_of(operation)));
    if (!operation.error.empty()) session.console.line(operation.error);
    if (is_interrupted(operation)) session.console.note("Its process ended; a running server goes on with it");
}

int one(Session& session, const OneOptions& options)
{
    const Result<Uuid> id = parse_uuid(options.id);
    if (!id) return wrong_usage(session, "id must be a UUID; crmsync operations shows it");
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Instant now = session.clock.now();
        const auto operation =
            options.cancel ? co_await store.cancel_operation(*id, actor(), now) : co_await store.operation(*id, now);
        if (!operation) co_return std::unexpected(operation.error());
        if (options.cancel && operation->state != OperationState::cancelled)
            co_return fail(ErrorCode::conflict,
                           fmt::format("the operation has ended: {}", to_string(operation->state)));
        if (session.console.json())
            session.console.value(api::to_json(*operation));
        else
            describe(session, *operation);
        co_return operation->state == OperationState::failed ? exit_error : exit_fine;
    });
}

}  // namespace

void add_operation_commands(Menu& menu)
{
    add_command<ListOptions>(menu.app, menu, "operations", "Work over many contacts: under way and ended",
                             "  crmsync operations\n"
                             "  crmsync operations --state running --json",
                             define_list, list);
    add_command<OneOptions>(menu.app, menu, "operation", "How far one of them is; or cancel it",
                            "  crmsync operation 0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061\n"
                            "  crmsync operation 0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061 --cancel",
                            define_one, one);
}

}  // namespace crmsync::app
