#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "connectors/connector.h"
#include "connectors/oauth.h"
#include "store/store.h"

namespace crmsync::app {

/// What is sent to a CRM, with the changes of the configuration; empty when this version has no connector for it.
FieldMapping mapping_of(const Config& config, Crm crm);
/// Those of the CRMs that take a phone number from one contact alone.
std::vector<Crm> taking_phones_once(const Config& config, std::vector<Crm> crms);

/// The connector of a CRM, as configured. `denied` when its credentials are missing, `not_found` when this version
/// has none for that CRM, `invalid` when its factory refuses a setting; the message goes into logs and error columns.
/// `vault` may be null where `needs_vault` says no. `watchers` are told of its calls, and outlive it.
Result<std::unique_ptr<Connector>> make_connector(const Config& config, Crm crm, const Executor& executor, Clock& clock,
                                                  TokenVault* vault, std::vector<std::string>& warnings,
                                                  const std::vector<http::ClientWatcher*>& watchers = {});

/// The same for looking at payloads: it has placeholders where credentials are missing, and must not be sent with.
Result<std::unique_ptr<Connector>> make_preview_connector(const Config& config, Crm crm, const Executor& executor,
                                                          Clock& clock, std::vector<std::string>& warnings);

struct Connectors {
    std::vector<std::unique_ptr<Connector>> made;  ///< In CRM order.
    PerCrm<std::string> off;                       ///< Why there is none; empty where there is one.
    std::vector<std::string> warnings;
};
/// Who is told of the calls of each connector; they outlive it.
using Watchers = PerCrm<std::vector<http::ClientWatcher*>>;
/// All that can be made. A CRM that is off never keeps the others from working.
Connectors make_connectors(const Config& config, const Executor& executor, Clock& clock, TokenVault* vault,
                           const Watchers& watchers);

/// Whether the connector spends refresh tokens, which may be good for one use only: what it gets for them must be kept
/// where all processes find it.
bool needs_vault(const Config& config, Crm crm);
/// The vault in that store. Fails when the key that seals tokens cannot be had.
Result<std::unique_ptr<TokenVault>> make_vault(const Config& config, Store& store, Clock& clock);

}  // namespace crmsync::app
