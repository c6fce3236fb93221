#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace crmsync::simulator::n8n {

/// How a webhook node checks who calls.
enum class Auth { none, basic, header, jwt };

/// When a webhook answers, and with what.
enum class ResponseMode {
    immediately,   ///< {"message": "Workflow was started"}
    last_node,     ///< What the last node makes of the first item: contact id, address and execution id.
    respond_node,  ///< 202 with execution id, address, idempotency key and number of items.
    results,       ///< 200 with one result per contact: {"results": [{"contact_id", "status", "error"}]}.
};

/// A workflow that begins with a webhook and keeps the contacts it gets, by address.
struct Workflow {
    std::string path;  ///< Below /webhook/.
    bool active = true;
    bool needs_auth = true;  ///< By the installation's `auth`; false: its node has none.
    bool fails = false;      ///< Every execution ends in an error.
    ResponseMode mode = ResponseMode::immediately;
};

struct N8nOptions {
    Auth auth = Auth::none;
    std::string header = "Authorization";  ///< Auth::header: its name.
    std::string secret;   ///< The header's whole value, "name:password", or the JWT's signing key (HS256).
    std::string api_key;  ///< Of the public API; empty: any key that is not.
    /// What workflows check the signature of bodies with; empty: they do not.
    std::string signing_secret;
    /// Before 2.8: a wrong Basic password is a 403, ids are numbers, and an immediate answer knows no execution id.
    bool before_2_8 = false;
    bool starting = false;                             ///< Every path answers 200 and that n8n is starting up.
    bool database_ready = true;                        ///< Else 503.
    bool only_run_if = true;                           ///< False: the nodes' option of that name filters every call.
    bool executions_end = true;                        ///< False: whatever answers early crashes afterwards.
    Duration signature_age = std::chrono::minutes{5};  ///< An older signature is refused.
    std::vector<Workflow> workflows{
        {.path = "contacts"},
        {.path = "contacts-last", .mode = ResponseMode::last_node},
        {.path = "contacts-ack", .mode = ResponseMode::respond_node},
        {.path = "contacts-results", .mode = ResponseMode::results},
        {.path = "contacts-fail", .needs_auth = false, .fails = true, .mode = ResponseMode::last_node},
        {.path = "contacts-off", .active = false},
    };
};

}  // namespace crmsync::simulator::n8n
