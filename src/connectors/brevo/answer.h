#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/connector_state.h"
#include "domain/field_mapping.h"
#include "domain/outcome.h"
#include "http/client.h"

namespace crmsync::brevo {

/// The body of an error: {"code": ..., "message": ..., "metadata": {"duplicate_identifiers": [...]}}.
struct Complaint {
    std::string code;
    std::string message;
    std::vector<std::string> duplicates;
};
/// Nothing when the body is none of Brevo's.
std::optional<Complaint> parse_complaint(std::string_view body);

/// What the answer to a call about a contact acknowledges: 204, or another 2xx with the contact's id. Nothing when it
/// acknowledges nothing.
std::optional<Upserted> acknowledgement(const http::Response& response, const std::string& email);

/// Brevo's rows over the table of classify.h. `contact` may be null for calls about no contact.
Outcome failure(const http::Response& response, const MappedContact* contact, std::string_view api_key);

/// Whether the e-mail address that a PUT would give belongs to another contact already.
bool is_address_taken(const http::Response& response);
/// Whether Brevo, and not some proxy, says that there is no such contact or list.
bool is_not_found(const http::Response& response);

/// From the x-sib-ratelimit-* headers, one per window they tell of.
std::vector<LimitReport> limits_of(const http::Headers& headers);

}  // namespace crmsync::brevo
