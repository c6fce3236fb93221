#pragma once

#include <optional>
#include <string>

#include "connectors/hubspot/schema.h"
#include "connectors/hubspot/session.h"

namespace crmsync::hubspot {

/// What `setup` and the first send find out about an account: its properties, its midnight, its list. One look-up at a
/// time (see Turn).
class AccountLookup {
public:
    struct Findings {
        std::optional<Schema> schema;         ///< Nothing: it cannot be read, and values go unchecked.
        std::optional<std::int64_t> list_id;  ///< Nothing: there is none, or none that takes members.
        std::string list_problem;             ///< Why there is no list, though one is configured.
        std::string contact_pages;            ///< What goes before a contact's id; "": not known.
    };
    /// A failure, or nothing.
    using Obstacle = std::optional<Outcome>;

    AccountLookup(Session& session, const HubSpotSettings& settings, const FieldMapping& mapping)
        : session_(session), settings_(settings), mapping_(mapping)
    {
    }

    /// Fills `report` and, unless something is in the way, `findings`.
    Task<Obstacle> run(bool create, Findings& findings, SetupReport& report, Exchange& exchange);

private:
    Task<Obstacle> read_schema(Findings& findings, SetupReport& report, Exchange& exchange);
    Task<bool> create_missing(const std::vector<FieldRule>& missing, SetupReport& report, Exchange& exchange);
    Task<bool> create_group(SetupReport& report, Exchange& exchange);
    Task<> read_details(Findings& findings, Exchange& exchange);
    Task<> check_list(Findings& findings, SetupReport& report, Exchange& exchange);

    Session& session_;
    const HubSpotSettings& settings_;
    const FieldMapping& mapping_;
};

}  // namespace crmsync::hubspot
