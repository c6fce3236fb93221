#pragma once

#include <optional>
#include <string>

#include "api/call.h"

namespace crmsync::api {

/// What a request shows of who sends it.
struct Credential {
    std::string token;
    bool is_cookie = false;  ///< A browser sent it by itself, whichever page made it.
};

/// The bearer token; without one, the cookie that `open_session` gave for one.
std::optional<Credential> credential_of(const http::Headers& headers);

/// False for a change that another site may have made a browser send: by cookie, without the header that only a page
/// of ours can fill, from `GET /session`.
bool is_deliberate(const Credential& credential, const http::ServerRequest& request);

/// The token of this request becomes a cookie that scripts cannot read. It is the session: nothing is kept here.
Task<Reply> open_session(Call call);
/// Who is signed in, and what changes by cookie must carry.
Task<Reply> read_session(Call call);
Task<Reply> close_session(Call call);

}  // namespace crmsync::api
