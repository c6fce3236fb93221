#pragma once

#include <map>
#include <optional>
#include <string>

#include "simulator/crm.h"
#include "simulator/hubspot/reply.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// Who may call: a private app's token, or the access tokens that OAuth hands out for a while.
class OAuth {
public:
    explicit OAuth(State& state) : state_(state) {}
    /// The token endpoint, which needs no authentication.
    void add_to(Routes& routes);
    static bool is_token_endpoint(std::string_view path) { return path.starts_with("/oauth/"); }

    enum class Caller { private_app, oauth_app };
    std::expected<Caller, Problem> authenticate(const http::ServerRequest& request) const;
    void clear();

private:
    http::ServerResponse issue(const Call& call);

    State& state_;
    std::map<std::string, Instant, std::less<>> expiry_;  ///< Of the access tokens handed out.
    std::string refresh_token_;                           ///< The one in force, once it rotated.
    int issued_ = 0;
};

Problem no_credentials();

}  // namespace crmsync::simulator::hubspot
