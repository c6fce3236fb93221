#pragma once

#include <string>
#include <utility>

#include "api/auth.h"
#include "api/engine_view.h"
#include "api/errors.h"
#include "base/clock.h"
#include "http/router.h"
#include "http/server.h"
#include "store/store.h"

namespace crmsync::api {

class Scraper;

/// What handlers work with; all of it outlives them.
struct Services {
    Store& store;
    EngineView& engine;
    Clock& clock;
    Executor executor;  ///< The API's loop.
    bool has_docs = true;
    Scraper* scraper = nullptr;
    std::size_t confirm_above = 0;  ///< CRMSYNC_CONFIRM_ABOVE; 0: never asks.
};

/// One request on its way through a handler.
struct Call {
    http::ServerRequest request;
    http::PathParameters path;
    Identity who;
    Services& services;
    std::string request_id;  ///< The caller's, or made here; goes to logs, audit, and jobs of the hand lane.

    Store& store() const { return services.store; }
    Instant now() const { return services.clock.now(); }
};

/// What jobs keep of the call: its request's id, where a person picked them; of thousands it would be a burden, and the
/// audit has it.
JobOptions options_of(const Call& call, Lane lane);
/// The `{crm}` of the path; 404 when there is none of that name.
std::expected<Crm, ErrorAnswer> crm_of(const Call& call);
/// The `{id}` of the path; 422 when it is malformed.
std::expected<Uuid, ErrorAnswer> id_of(const Call& call);

}  // namespace crmsync::api
