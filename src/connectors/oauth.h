#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "domain/crm.h"
#include "http/client.h"

namespace crmsync {

/// Where the tokens of a connector live between processes and on all machines: one text per CRM, kept encrypted, whose
/// version rises with every change, and whose turn only one process at a time has. For use from one event loop.
class TokenVault {
public:
    struct Kept {
        std::int64_t version = 0;         ///< 0: nothing was ever kept.
        std::optional<std::string> text;  ///< Nothing when there is none, or none that can be decrypted.
    };

    virtual ~TokenVault() = default;
    virtual Task<Result<Kept>> read(Crm crm) = 0;
    /// Takes the turn to change the text for as long as `lease`, unless another has it or the version has moved: then
    /// false.
    virtual Task<Result<bool>> take_turn(Crm crm, std::int64_t version, Duration lease) = 0;
    /// Keeps the text and ends the turn. False when the version has moved: somebody else's text is there.
    virtual Task<Result<bool>> keep(Crm crm, std::int64_t version, std::string text) = 0;
    /// Ends the turn with nothing to keep.
    virtual Task<Status> give_up_turn(Crm crm, std::int64_t version) = 0;
};

struct OAuthOptions {
    Crm crm = Crm::brevo;
    std::string token_url;
    std::string client_id;
    std::string client_secret;
    /// The first one, as a person was given it, for the grant refresh_token; nothing: the grant client_credentials.
    /// Once the vendor hands out another, that one is kept and used, until a person configures a new first one.
    std::optional<std::string> refresh_token = {};
    std::map<std::string, std::string> extra_fields = {};  ///< Of the form, beside those of the grant.
    std::string remedy;  ///< What a person does when the credentials are refused: "check HUBSPOT_CLIENT_ID and ...".
    Duration timeout = 10s;  ///< Of one request for a token.
    http::Outbound outbound = {};
    std::vector<http::ClientWatcher*> watchers = {};  ///< Are told of every request; outlive the tokens.
};

/// The access token of one connector (OAuth 2, RFC 6749), renewed in time and once for all who ask: concurrent callers
/// share one request, processes take turns through the vault. A caller that is cancelled does not stop the request, for
/// the refresh token it spends may be good for one use only. Runs on one event loop.
///
/// Errors: `denied` (the vendor refuses the credentials; the message has the vendor's words and the remedy),
/// `unavailable` and `timeout` (no usable answer, or the vault cannot be reached), `cancelled`. None holds a token or a
/// secret. `classify` knows them all.
class OAuth {
public:
    /// `vault` may be null: then nothing outlives this object, and a refresh token that is good for one use only is
    /// lost with it. Else it outlives this.
    static Result<std::unique_ptr<OAuth>> create(const Executor& executor, Clock& clock, TokenVault* vault,
                                                 OAuthOptions options);
    ~OAuth();

    /// A token that is good for a minute more, by our clock.
    Task<Result<std::string>> token();
    /// After a 401: a token other than `refused`. Makes no request when somebody renewed it meanwhile.
    Task<Result<std::string>> renew(std::string refused);
    /// Makes requests in flight fail with `cancelled`.
    void close();

private:
    class Core;
    explicit OAuth(std::unique_ptr<Core> core);
    std::unique_ptr<Core> core_;
};

}  // namespace crmsync
