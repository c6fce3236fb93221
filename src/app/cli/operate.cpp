#include "app/cli/operate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <memory>

#include "engine/operation_runner.h"

namespace crmsync::app {

namespace {

constexpr Duration look_every = 500ms;

/// Whether the person at the terminal types the number.
bool types_it(std::int64_t number)
{
    std::cerr << fmt::format("This meets {} contacts. Type {} to go on: ", grouped(number), number) << std::flush;
    std::string line;
    return std::getline(std::cin, line) && line == std::to_string(number);
}

Consent refuse(Session& session, int code, std::string_view why)
{
    session.console.error(why);
    return {.given = false, .code = code};
}

/// One operation of this process, from its beginning to its end.
class OneOperation {
public:
    OneOperation(Session& session, Store& store, const Executor& executor)
        : session_(session), store_(store), signals_(executor, SIGINT, SIGTERM), progress_("contacts")
    {
        signals_.async_wait([interrupted = interrupted_](const boost::system::error_code& error, int) {
            if (!error) *interrupted = true;
        });
    }

    Task<Result<Operation>> run(NewOperation begun)
    {
        const OperationHold hold = begun.hold;
        const auto first = co_await store_.begin_operation(std::move(begun));
        if (!first) co_return first;
        auto last = co_await work_off(store_, session_.clock, hold, [this](const Operation& operation) {
            show(operation);
            return !*interrupted_;
        });
        if (last && last->is_running()) last = co_await cancel(hold.id);
        if (!last && last.error().code == ErrorCode::conflict) last = co_await follow(hold.id);
        if (!last)
            session_.console.note(fmt::format("A server goes on with it: crmsync operation {}", to_string(hold.id)));
        signals_.cancel();
        co_return last;
    }

private:
    Task<Result<Operation>> follow(Uuid id)
    {
        for (;;) {
            if (*interrupted_) co_return co_await cancel(id);
            auto operation = co_await store_.operation(id, session_.clock.now());
            if (!operation || !operation->is_running()) co_return operation;
            show(*operation);
            co_await sleep_for(session_.clock, look_every);
        }
    }
    Task<Result<Operation>> cancel(Uuid id) { return store_.cancel_operation(id, actor(), session_.clock.now()); }

    void show(const Operation& operation)
    {
        progress_.show(static_cast<std::uint64_t>(operation.done),
                       static_cast<std::uint64_t>(operation.total.value_or(0)),
                       session_.clock.monotonic().time_since_epoch() / 1ms);
    }

    Session& session_;
    Store& store_;
    asio::signal_set signals_;
    Progress progress_;
    // A signal may be on its way to the handler when this has ended.
    std::shared_ptr<bool> interrupted_ = std::make_shared<bool>(false);
};

}  // namespace

void define_size(CLI::App& app, SizeOptions& options)
{
    auto* expect = app.add_option("--expect", options.expect,
                                  "Contacts that the filter meets at most; needed above CRMSYNC_CONFIRM_ABOVE");
    expect->check(CLI::NonNegativeNumber);
    app.add_flag("--yes", options.yes, "However many there are")->excludes(expect);
}

Consent consent_to(Session& session, std::int64_t met, const SizeOptions& options)
{
    if (options.yes) return {.given = true};
    const std::size_t unasked = session.config.confirm_above;
    if (options.expect) {
        if (met <= *options.expect) return {.given = true};
        return refuse(session, exit_error,
                      fmt::format("this meets {} contacts, more than the {} expected; nothing was changed. To go on: "
                                  "--expect {}",
                                  grouped(met), grouped(*options.expect), met));
    }
    if (unasked == 0 || std::cmp_less_equal(met, unasked)) return {.given = true};
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0)
        return refuse(session, exit_usage,
                      fmt::format("this meets {} contacts, more than the {} that need no confirmation "
                                  "(CRMSYNC_CONFIRM_ABOVE). To go on: --expect {}, or --yes",
                                  grouped(met), grouped(static_cast<std::int64_t>(unasked)), met));
    if (types_it(met)) return {.given = true};
    return refuse(session, exit_error, "nothing was changed");
}

Task<Result<Operation>> operate(Session& session, Store& store, Executor executor, OperationWork work,
                                std::int64_t total)
{
    OneOperation one(session, store, executor);
    const Instant now = session.clock.now();
    co_return co_await one.run({.hold = new_hold(random_uuid7(now), session.clock),
                                .work = std::move(work),
                                .actor = actor(),
                                .total = total,
                                .now = now});
}

std::string progress_of(const Operation& operation)
{
    if (!operation.total) return fmt::format("{} contacts", grouped(operation.done));
    return fmt::format("{} of {}{} contacts", grouped(operation.done), operation.total_is_estimate ? "about " : "",
                       grouped(*operation.total));
}

}  // namespace crmsync::app
