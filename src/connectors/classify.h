#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/crm.h"
#include "domain/outcome.h"
#include "http/client.h"

namespace crmsync {

/// What must not be repeated: keys, addresses. Views that live as long as the call they are handed to.
using Secrets = std::vector<std::string_view>;

/// A CRM's words made fit for errors: one line of at most 300 characters; every occurrence of a `secret` (keys,
/// addresses; ASCII letters in either case) is blotted out, of one with less than 8 characters only where it is a word
/// of its own.
std::string told(std::string_view message, const Secrets& secrets);
/// "Brevo API error: email is not valid": the error column's words for what a CRM said, as `told` has them.
std::string api_error(Crm crm, std::string_view message, const Secrets& secrets);

/// A CRM's word as the code of an outcome: at most 60 letters, digits and underscores. What is no such word gives "".
std::string short_code(std::string_view word);

/// What an answer means at any CRM that has no row of its own for it: 401 and 403 unauthorized; 408, 425, 5xx and
/// redirects transient; 429 throttled; other 4xx rejected. A 2xx is a success only to who can read it: here it is
/// transient. `code` and `reason` are the CRM's own where it told them; a code that is none becomes "http_503".
Outcome classify(const http::Response& response, std::string code, std::string reason);

/// What it means that no answer came, or none that could be read, or that an access token was refused (`denied`).
/// `secrets` as above.
Outcome classify(const Error& error, Crm crm, const Secrets& secrets);

/// The Retry-After header: seconds, or a date, which is read against the answer's own Date.
std::optional<Duration> retry_after_of(const http::Headers& headers);

}  // namespace crmsync
