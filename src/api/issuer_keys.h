#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/jwt.h"
#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"

namespace crmsync::api {

/// The public keys of whoever issues tokens, from a JWK set in a file or at a URL. The issuer changes them at will, so
/// they are read anew from time to time and when a token names a key that is missing. A source that fails or holds
/// nonsense is logged, and the keys stay. For one loop.
class IssuerKeys {
public:
    static constexpr Duration fresh_for = 10min;
    /// Tokens with made-up key ids make nobody ask the issuer more often.
    static constexpr Duration pause = 10s;

    /// A path, an https:// URL, or an http:// URL on this machine. A file is read at once and must be good; a URL when
    /// the first token comes, for the issuer may start later than we do. `invalid` for everything else.
    static Result<std::unique_ptr<IssuerKeys>> create(const Executor& executor, Clock& clock, std::string location,
                                                      http::ClientOptions client = {});

    std::span<const JwtKey> keys() const { return keys_; }
    /// Rises whenever the keys have changed: what older ones had verified no longer counts.
    std::uint64_t version() const { return version_; }

    /// Reads the set when it is not fresh.
    Task<> keep_fresh();
    /// Reads the set unless that was just tried, or waits for whoever is reading it.
    Task<> look_again();

private:
    IssuerKeys(const Executor& executor, Clock& clock, std::string location);
    Task<> read();
    Task<Result<std::string>> fetch();
    Status take(std::string text);
    bool tried_within(Duration duration) const;

    Clock& clock_;
    std::string location_;
    std::unique_ptr<http::Client> client_;  ///< Null for a file.
    std::string target_;
    std::vector<JwtKey> keys_;
    std::string text_;  ///< What they were read from.
    std::uint64_t version_ = 0;
    std::optional<Monotonic> tried_at_;
    bool reading_ = false;
    asio::steady_timer done_;  ///< Cancelled when a reading ends.
};

}  // namespace crmsync::api
