#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "app/cli/session.h"
#include "store/store.h"

namespace crmsync::app {

/// How a command says that it means so many contacts.
struct SizeOptions {
    std::optional<std::int64_t> expect;
    bool yes = false;
};
void define_size(CLI::App& app, SizeOptions& options);

/// What a person or the command line says to the size of an action by filter.
struct Consent {
    bool given = false;
    int code = 0;  ///< The exit code when it is not.
};
/// Says why when consent is not given. Asks on a terminal when more contacts are met than CRMSYNC_CONFIRM_ABOVE.
Consent consent_to(Session& session, std::int64_t met, const SizeOptions& options);

/// Does it here to its end, with a bar; SIGINT and SIGTERM cancel it after the chunk under way. Should a server have
/// taken it up meanwhile, follows it there. What goes in chunks alone.
Task<Result<Operation>> operate(Session& session, Store& store, Executor executor, OperationWork work,
                                std::int64_t total);

/// "12,345 of 200,000 contacts"
std::string progress_of(const Operation& operation);

}  // namespace crmsync::app
