#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/connector.h"
#include "connectors/hubspot/answer.h"
#include "connectors/hubspot/settings.h"
#include "connectors/oauth.h"
#include "http/client.h"

namespace crmsync::hubspot {

/// Calls of one account: the access token that goes with them, what they cost, and what their failures mean.
class Session {
public:
    static Result<std::unique_ptr<Session>> create(const HubSpotSettings& settings, const ConnectorContext& context);

    /// One call, or two when an OAuth token has expired: then it is renewed and the call made again, once. Books calls,
    /// time, status and limits in `exchange`. Errors as http::Client has them, and as OAuth has them.
    Task<Result<http::Response>> call(http::Method method, std::string target, std::string body, Exchange& exchange);
    /// What it means that a call failed. `addresses` are not to be repeated.
    Outcome failed(const Result<http::Response>& answer, Secrets addresses = {}) const;
    Context context(Secrets addresses = {}) const;

    Exchange new_exchange();
    void set_utc_offset(Duration offset) { utc_offset_ = offset; }
    void close();

private:
    Session(const HubSpotSettings& settings, const ConnectorContext& context, std::unique_ptr<http::Client> client,
            std::unique_ptr<OAuth> oauth);

    Task<Result<http::Response>> attempt(http::Request request, const std::string& token, Exchange& exchange);

    const HubSpotSettings& settings_;
    Clock& clock_;
    std::unique_ptr<http::Client> client_;
    std::unique_ptr<OAuth> oauth_;  // Null: the private app's token.
    std::string remedy_;
    Duration utc_offset_{};  // Of the account's time zone, once it is known.
    std::string request_prefix_;
    std::uint64_t requests_ = 0;
};

}  // namespace crmsync::hubspot
