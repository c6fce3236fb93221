#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace crmsync {

/// The CRM acknowledged the contact.
struct Upserted {
    enum class Change { created, updated, unknown } change = Change::unknown;
    std::string remote_id;  ///< Published in {crm}_contact_id; "": the CRM told none.
    /// By what else the CRM knows the contact: Brevo's numeric id; at HubSpot, where the remote id is the record's, the
    /// address it was written under. Kept with the job, when told. "": what was kept may be wrong now.
    std::optional<std::string> second_id = {};
    std::vector<std::string> warnings = {};
};

/// The CRM asked us to slow down. Costs nobody an attempt; pauses the connector.
struct Throttled {
    std::optional<Duration> retry_after = {};  ///< As the CRM said; none: the engine's own guess.
    std::string reason = {};
};

/// The same request may succeed later.
struct Transient {
    /// Whether it speaks against the CRM as a whole (time-out, 5xx, refused connection) or against this contact alone.
    enum class Scope { crm, contact } scope = Scope::crm;
    std::string code = {};    ///< Short and stable, for grouping: "timeout", "http_503", "425".
    std::string reason = {};  ///< For people, as the error column shows it.
};

/// The same request can never succeed.
struct Rejected {
    std::string code = {};  ///< Short and stable: the CRM's own code or ours.
    std::string reason = {};
    /// The CRM's name of the optional field that is to blame, when leaving it out would make the request good. The
    /// engine then sends again without it and notes a warning.
    std::optional<std::string> repairable_field = {};
};

/// No request of this connection can succeed until a person acts: wrong key, missing right, address not allowed.
struct Unauthorized {
    std::string code = {};
    std::string reason = {};
};

/// How an attempt ended. Connectors report it; what follows is decided in `transition.h`.
using Outcome = std::variant<Upserted, Throttled, Transient, Rejected, Unauthorized>;

/// "upserted", "throttled", ...: the words of history, metrics and API.
std::string_view outcome_name(const Outcome& outcome);
/// The reason in words; empty for Upserted.
std::string_view reason_of(const Outcome& outcome);
/// The short code for grouping; "throttled" for Throttled, empty for Upserted.
std::string_view code_of(const Outcome& outcome);

}  // namespace crmsync
