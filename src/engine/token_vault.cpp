#include "engine/token_vault.h"

#include "base/log.h"

namespace crmsync {

Task<Result<TokenVault::Kept>> StoreTokenVault::read(Crm crm)
{
    const auto token = co_await store_.token(crm);
    if (!token) co_return std::unexpected(token.error());
    Kept kept{.version = token->version, .text = std::nullopt};
    if (token->text.empty()) co_return kept;
    kept.text = seal_.open(token->text, to_string(crm));
    if (!kept.text)
        log::warn(
            "the kept {} access token was sealed with another key: it is not used (is CRMSYNC_KEY the same on all "
            "machines?)",
            display_name(crm));
    co_return kept;
}

Task<Result<bool>> StoreTokenVault::take_turn(Crm crm, std::int64_t version, Duration lease)
{
    return store_.take_token_turn(crm, version, lease, clock_.now());
}

Task<Result<bool>> StoreTokenVault::keep(Crm crm, std::int64_t version, std::string text)
{
    return store_.keep_token(crm, version, seal_.seal(text, to_string(crm)));
}

Task<Status> StoreTokenVault::give_up_turn(Crm crm, std::int64_t version)
{
    return store_.give_up_token_turn(crm, version);
}

}  // namespace crmsync
