#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/console.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "connectors/oauth.h"
#include "store/store.h"

namespace crmsync::app {

/// sysexits.h has 64 for wrong usage.
enum ExitCode : int { exit_fine = 0, exit_error = 1, exit_rejects = 2, exit_usage = 64 };

/// What a command has at hand.
struct Session {
    Config& config;
    Console& console;
    Clock& clock;
    std::vector<Problem> problems;  ///< Of the configuration; then `config` is empty.
    bool rehearsal = false;         ///< Work on the rehearsal's database.
    std::string program;            ///< As the user called it, for hints.
};

/// Prints the error and returns the exit code it stands for.
int report(Session& session, const Error& error);
/// Prints what is wrong with the command line; returns exit_usage.
int wrong_usage(Session& session, std::string_view message);

/// "cli:<operating-system user>".
std::string actor();

/// The database a command works on: the configured one, or the rehearsal's.
std::string database_of(const Session& session);

/// A token for the API. Without a subject it names the user of this terminal.
Result<std::string> mint(Session& session, std::string_view subject, Role role, std::chrono::seconds lifetime);

/// Runs `work` with the vault that the connector of this CRM needs, or null when it needs none: only then the database
/// is opened.
Task<Status> with_vault(Session& session, Crm crm, Executor executor, std::function<Task<Status>(TokenVault*)> work);

using StoreWork = std::function<Task<Result<int>>(Store&, Executor)>;
/// Opens the database beside whatever server runs on it, runs `work`, and closes. An embedded database that is missing
/// or older is brought up to date first. Returns what `work` did, or why the database could not be opened.
Task<Result<int>> on_store(Session& session, Executor executor, const StoreWork& work);
/// The same on a loop of its own, to its end. Prints errors, and which database is meant where the rehearsal's may be.
/// Returns the exit code.
int with_store(Session& session, const StoreWork& work);

/// Runs a coroutine on a loop of its own to its end. For work that needs no store.
int run_loop(const std::function<Task<int>(Executor)>& work);

}  // namespace crmsync::app
