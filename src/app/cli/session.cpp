#include "app/cli/session.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <filesystem>

#include "app/connectors.h"
#include "app/rehearsal.h"
#include "app/store_config.h"
#include "store/migrate.h"

namespace crmsync::app {

namespace {

/// An embedded database belongs to this program alone, so any command may make it or bring it up to date.
Status prepare_embedded(const Config& config, const std::string& url)
{
    if (!is_embedded(url)) return {};
    if (Status made = make_state_dir(config); !made) return made;
    const Result<MigrationReport> migrated = migrate(url, false);
    if (!migrated) return std::unexpected(migrated.error());
    return {};
}

/// Where `serve` rehearses, its contacts and keys are not in the configured database, which other commands work on.
void tell_which_database(Session& session)
{
    if (session.rehearsal) return session.console.note("REHEARSAL: sample contacts and a simulated CRM");
    if (!session.config.is_rehearsal()) return;
    const std::string file = rehearsal_database(session.config).substr(std::string_view("sqlite:").size());
    if (std::filesystem::exists(file))
        session.console.note(fmt::format("Works on {}; the rehearsal has a database of its own: add --rehearsal",
                                         session.config.database_url));
}

}  // namespace

int report(Session& session, const Error& error)
{
    session.console.error(error.field.empty() ? error.message : fmt::format("{}: {}", error.field, error.message));
    return exit_error;
}

int wrong_usage(Session& session, std::string_view message)
{
    session.console.error(message);
    return exit_usage;
}

std::string actor()
{
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    ::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found);
    return found ? fmt::format("cli:{}", found->pw_name) : fmt::format("cli:{}", ::getuid());
}

std::string database_of(const Session& session)
{
    return session.rehearsal ? rehearsal_database(session.config) : session.config.database_url;
}

int run_loop(const std::function<Task<int>(Executor)>& work)
{
    asio::io_context loop(1);
    int code = exit_error;
    asio::co_spawn(loop, work(loop.get_executor()), [&code](const std::exception_ptr& error, int result) {
        if (error) std::rethrow_exception(error);
        code = result;
    });
    loop.run();
    return code;
}

Task<Status> with_vault(Session& session, Crm crm, Executor executor, std::function<Task<Status>(TokenVault*)> work)
{
    if (!needs_vault(session.config, crm)) co_return co_await work(nullptr);
    co_return status_of(co_await on_store(session, executor, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<std::unique_ptr<TokenVault>> vault = make_vault(session.config, store, session.clock);
        const Status done = vault ? co_await work(vault->get()) : status_of(vault);
        if (!done) co_return std::unexpected(done.error());
        co_return exit_fine;
    }));
}

Task<Result<int>> on_store(Session& session, Executor executor, const StoreWork& work)
{
    StoreConfig config = store_config(session.config, StoreUse::command);
    config.url = database_of(session);
    if (const Status ready = prepare_embedded(session.config, config.url); !ready)
        co_return std::unexpected(ready.error());
    Result<std::unique_ptr<Store>> store = co_await open_store(executor, session.clock, config);
    if (!store) co_return std::unexpected(store.error());
    Result<int> result = co_await work(**store, executor);
    co_await (*store)->close();
    co_return result;
}

int with_store(Session& session, const StoreWork& work)
{
    tell_which_database(session);
    return run_loop([&](Executor executor) -> Task<int> {
        const Result<int> result = co_await on_store(session, executor, work);
        co_return result ? *result : report(session, result.error());
    });
}

}  // namespace crmsync::app
