#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/connector_state.h"
#include "domain/field_mapping.h"
#include "domain/outcome.h"
#include "http/client.h"

namespace crmsync::mautic {

/// One entry of "errors": {"code", "message", "details": {"email": ["..."]}, "type"}.
struct Complaint {
    int code = 0;
    std::string type;
    std::string message;
    std::vector<std::string> fields;  ///< That the details blame.
};
/// The first of "errors", or the older "error". Nothing when the body has neither.
std::optional<Complaint> parse_complaint(std::string_view body);

/// A contact as an answer shows it. Mautic's empty texts and nulls are left out.
struct KnownContact {
    std::int64_t id = 0;
    std::string email;
    std::vector<std::pair<std::string, std::string>> values;  ///< By alias, as text.
    bool opted_out = false;

    const std::string* value(std::string_view alias) const;
};

/// What became of one contact of a call.
struct Told {
    int status = 0;  ///< 0: the answer does not mention it.
    std::optional<Complaint> complaint = {};
    std::optional<KnownContact> contact = {};  ///< Found by its address.
};

/// The answer to POST /contacts/new or to an edit.
std::optional<KnownContact> parse_contact(std::string_view body);
/// The answer to POST /contacts/batch/new. The truth is in "statusCodes" and "errors", which are keyed by the position
/// in the request, as a list or as an object; "contacts" leaves failed ones out, so that they are found by their
/// addresses. Nothing when the body is no such answer.
std::optional<std::vector<Told>> parse_batch(std::string_view body, std::span<const std::string> emails);
/// The contacts of a GET /contacts. Nothing when the body is no such answer.
std::optional<std::vector<KnownContact>> parse_list(std::string_view body);

/// Who called: decides what a person can do about a refusal, and what its words must not repeat.
struct Caller {
    enum class Login { oauth, basic } login = Login::oauth;
    std::vector<std::string> secrets = {};
};

/// What an answer means that is no acknowledgement. `contact` may be null; `addresses` are those of all contacts the
/// call was about.
Outcome failure(const http::Response& response, const MappedContact* contact, std::span<const std::string> addresses,
                const Caller& caller, Instant now);
/// The same for one contact inside the answer to a batch.
Outcome failure(const Told& told, const MappedContact& contact, const Caller& caller);

/// The limit in "A max of 200 entities are supported at a time."; such a batch was not looked at.
std::optional<std::size_t> batch_limit_in(const http::Response& response);
/// Whether the answer is Mautic's own report of a crash, which one contact of a batch may have caused.
bool is_crash(const http::Response& response);
/// Whether Mautic, and not some proxy, says that there is no such thing.
bool is_not_found(const http::Response& response);

/// From the X-RateLimit-* headers, which are there when the installation limits calls.
std::vector<LimitReport> limits_of(const http::Headers& headers, Instant now);

/// Whether two addresses are the same to Mautic.
bool same_address(std::string_view a, std::string_view b);

}  // namespace crmsync::mautic
