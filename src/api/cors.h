#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace crmsync::api {

/// Cross-origin requests of browsers (fetch.spec.whatwg.org): only from the origins listed, which is none by default.
/// Tokens go in a header, so credentials in the protocol's sense (cookies) are never asked for.
class Cors {
public:
    /// "https://app.example.com", as browsers write them: no path, no slash at the end.
    explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

    /// The answer to a browser that asks before it calls; nothing when this is no such question of a listed origin.
    std::optional<http::ServerResponse> preflight(const http::ServerRequest& request) const;
    /// What lets a listed origin's page read the answer to that request.
    void allow(const std::optional<std::string>& origin, http::ServerResponse& response) const;
    /// The request's origin, when it is listed.
    std::optional<std::string> origin_of(const http::ServerRequest& request) const;

private:
    std::vector<std::string> origins_;
};

}  // namespace crmsync::api
