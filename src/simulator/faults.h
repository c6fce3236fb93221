#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "http/server.h"

namespace crmsync::simulator {

namespace json = boost::json;

/// What goes wrong. The CRM's state changes under `none`, `reset_after`, `never_after`, `reject` (for the other
/// contacts) and `drop_attributes` only.
enum class FaultKind {
    none,             ///< Latency alone.
    respond,          ///< That status, body and header fields.
    rate_limited,     ///< 429 as this CRM words it.
    unauthorized,     ///< 401 as this CRM words it.
    ip_unauthorized,  ///< The CRM's refusal of a caller's address, where it has one; else like unauthorized.
    reset_before,     ///< The connection is reset, nothing was done.
    reset_after,      ///< The request takes effect, then the connection is reset: the answer is lost.
    close_before,     ///< The connection is closed without an answer, nothing was done.
    never,            ///< No answer, nothing was done.
    never_after,      ///< No answer, but the request takes effect.
    reject,           ///< The contact is refused as invalid; in a bulk call this one alone, if the CRM can say so.
    drop_attributes,  ///< The named attributes (none named: all) are silently not stored.
};

std::string_view to_string(FaultKind kind);

/// Which requests are hit, and by what. All conditions must hold.
struct FaultRule {
    std::string crm;                     ///< Empty: any.
    std::optional<http::Method> method;  ///< None: any.
    std::string path;                    ///< A prefix of the path below the CRM's base.
    std::string email;        ///< A part of an address in the path or the body; for `reject`, of the contact's.
    double share = 1;         ///< Of what matches otherwise.
    std::uint64_t seed = 0;   ///< The same seed hits the same ones.
    bool by_contact = false;  ///< The share is of contacts, always the same ones, instead of requests.
    std::uint64_t skip = 0;   ///< Matches let through first.
    std::uint64_t times = UINT64_MAX;  ///< Hits until the rule is spent.

    FaultKind kind = FaultKind::none;
    Duration latency{};
    int status = 500;
    std::string body;
    http::Headers headers;
    int retry_after_s = 1;                ///< For rate_limited.
    std::vector<std::string> attributes;  ///< For drop_attributes.
};

/// Reads [{"match": {"crm", "method", "path", "email", "share", "seed", "by": "request" | "contact"}, "skip", "times",
/// "effect": {"kind", "latency_ms", "status", "body", "headers", "retry_after_s", "attributes"}}]. Unknown members are
/// refused, for a misspelt rule is a test that tests nothing.
Result<std::vector<FaultRule>> parse_faults(const json::value& rules);

/// What one request meets.
struct FaultDecision {
    Duration latency{};                     ///< Of all matching rules together.
    std::shared_ptr<const FaultRule> rule;  ///< The first matching one with another effect; may be null.

    FaultKind kind() const { return rule ? rule->kind : FaultKind::none; }
};

/// The faults in force, shared by all simulated CRMs. For one event loop.
class FaultPlan {
public:
    void set(std::vector<FaultRule> rules);
    bool empty() const { return rules_.empty(); }

    FaultDecision decide(std::string_view crm, std::string_view path, const http::ServerRequest& request);
    /// The `reject` rule this contact meets, or null. `email` in lower case.
    std::shared_ptr<const FaultRule> rejects(std::string_view crm, std::string_view email);
    /// How often each rule has hit, in order.
    json::array hits() const;

private:
    struct Active {
        std::shared_ptr<const FaultRule> rule;
        std::uint64_t matches = 0;
        std::uint64_t hits = 0;
    };
    static bool take(Active& active, std::string_view email);

    std::vector<Active> rules_;
};

}  // namespace crmsync::simulator
