#pragma once

#include <map>
#include <optional>
#include <string>

#include "simulator/crm.h"
#include "simulator/mautic/reply.h"
#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// Who may call: OAuth tokens and Basic authentication, and the switches of both.
class Access {
public:
    explicit Access(const State& state) : state_(state) { reset(); }

    /// POST /oauth/v2/token.
    http::ServerResponse token(const Call& call);
    /// Nothing: welcome. Answers the caller's key for the rate limit in `key`.
    std::optional<http::ServerResponse> refuse(const http::ServerRequest& request, std::string& key) const;
    /// Nobody may: the API is off, and the token endpoint with it.
    std::optional<http::ServerResponse> refuse_all() const;

    void reset();
    /// Ends every access token, as an operator who revokes them or a wiped cache does.
    void revoke() { tokens_.clear(); }
    std::size_t issued() const { return issued_; }

private:
    std::optional<http::ServerResponse> refuse_basic(std::string_view credentials) const;
    http::ServerResponse issue(bool with_refresh_token);
    http::ServerResponse refresh(const std::string& token);

    const State& state_;
    std::map<std::string, Monotonic, std::less<>> tokens_;  // Until when.
    std::map<std::string, Monotonic, std::less<>> refresh_tokens_;
    std::size_t issued_ = 0;
};

/// 401 "The access token provided is invalid."
http::ServerResponse invalid_token();

}  // namespace crmsync::simulator::mautic
