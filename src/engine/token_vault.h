#pragma once

#include "base/clock.h"
#include "base/seal.h"
#include "connectors/oauth.h"
#include "store/store.h"

namespace crmsync {

/// The vault of a process that has a store: what it keeps there is sealed, so a database or its backup gives no token
/// away. What cannot be opened (the key was lost or changed) counts as absent, with a warning in the log; connectors
/// then start again from the credentials a person configured.
class StoreTokenVault final : public TokenVault {
public:
    /// Both outlive this.
    StoreTokenVault(Store& store, Clock& clock, Seal seal) : store_(store), clock_(clock), seal_(seal) {}

    Task<Result<Kept>> read(Crm crm) override;
    Task<Result<bool>> take_turn(Crm crm, std::int64_t version, Duration lease) override;
    Task<Result<bool>> keep(Crm crm, std::int64_t version, std::string text) override;
    Task<Status> give_up_turn(Crm crm, std::int64_t version) override;

private:
    Store& store_;
    Clock& clock_;
    Seal seal_;
};

}  // namespace crmsync
