#pragma once

#include <memory>
#include <string>

#include "connectors/connector.h"
#include "connectors/mautic/answer.h"
#include "connectors/mautic/settings.h"
#include "connectors/oauth.h"
#include "http/client.h"

namespace crmsync::mautic {

/// Authenticated calls to one installation. A token that is refused is renewed once, for Mautic did nothing before
/// that. For one event loop.
class Session {
public:
    static Result<std::unique_ptr<Session>> open(const MauticSettings& settings, const ConnectorContext& context);

    /// `target` below "/api". Adds to the exchange what the call cost and told.
    Task<Result<http::Response>> call(http::Method method, std::string target, std::string body, Exchange& exchange);
    Exchange new_exchange();
    /// What it means that the call did not acknowledge anything. `contact` may be null; `addresses` are those of all
    /// contacts it was about.
    Outcome classified(const Result<http::Response>& answer, const MappedContact* contact,
                       std::span<const std::string> addresses = {}) const;
    const Caller& caller() const { return caller_; }
    void close();

private:
    Session(const MauticSettings& settings, const ConnectorContext& context, std::unique_ptr<http::Client> client,
            std::unique_ptr<OAuth> oauth);

    Task<Result<http::Response>> attempt(const http::Request& request, const std::string& authorization,
                                         Exchange& exchange);

    Clock& clock_;
    Caller caller_;
    std::string basic_;  // The header line; empty with OAuth.
    Duration timeout_;
    std::unique_ptr<http::Client> client_;
    std::unique_ptr<OAuth> oauth_;
    std::string request_prefix_;
    std::uint64_t requests_ = 0;
};

}  // namespace crmsync::mautic
