#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/classify.h"
#include "domain/connector_state.h"
#include "domain/field_mapping.h"
#include "domain/outcome.h"
#include "http/client.h"

namespace crmsync::hubspot {

/// An error, as a call or an input of a batch gets it. Every part may be missing.
struct Complaint {
    struct Value {
        std::string property;
        std::string code;  ///< "INVALID_OPTION"
        std::string message;
    };
    std::string category;  ///< "VALIDATION_ERROR"
    std::string message;
    std::string policy;                  ///< Of a 429: "DAILY", "TEN_SECONDLY_ROLLING", "SECONDLY".
    std::vector<std::string> trace_ids;  ///< The inputs it is about,
    std::vector<std::string> ids;        ///< or their ids.
    std::vector<std::string> scopes;     ///< Those that would be needed.
    std::vector<std::string> expired;    ///< When a token expired, as RFC 3339.
    std::vector<Value> values;           ///< The values that are refused, from the message.

    /// The record that has the address already, from the message of a conflict.
    std::optional<std::string> existing_record() const;
};
/// Nothing when the body is none of HubSpot's.
std::optional<Complaint> parse_complaint(std::string_view body);

/// What a batch call answered, in whatever order.
struct BatchAnswer {
    struct Result {
        std::string trace_id;
        std::string id;               ///< Of the record; digits, never empty.
        std::optional<bool> created;  ///< Only upserts tell.
        std::string email;            ///< The primary address, where it is told.
        std::vector<std::string> other_emails;
        bool opted_out = false;
        std::vector<std::pair<std::string, std::string>> properties;  ///< Those with a value.

        /// As its primary address or another.
        bool has_address(std::string_view address) const;
    };
    std::vector<Result> results;
    std::vector<Complaint> errors;

    /// Whether it says that there is no record with that id, or address. A record that is merely not in the results may
    /// exist.
    bool denies(std::string_view id) const;
};
/// Nothing when the body is no such answer.
std::optional<BatchAnswer> parse_batch(std::string_view body);

/// Whether a text can be the id of a record. Others would make HubSpot refuse the call.
bool is_record_id(std::string_view id);

/// The account, from GET /account-info/v3/details.
struct Account {
    std::string name;           ///< "12345678 (US/Eastern)"
    std::string contact_pages;  ///< What goes before a contact's id.
    Duration utc_offset{};
};
std::optional<Account> parse_account(std::string_view body);

/// What failures are read by: where the account's midnight lies, and what must not be repeated.
struct Context {
    Instant now{};
    Duration utc_offset{};
    std::string_view remedy;  ///< When the credentials are refused.
    Secrets secrets;
};

/// What a call that failed means for all its contacts: HubSpot's rows over the table of classify.h.
Outcome failure(const http::Response& response, const Context& context);
/// What the error of one input means for its contact.
Outcome item_failure(const Complaint& complaint, const MappedContact& contact, const Context& context);

/// Whether a token that was good has expired, and a new one would help.
bool is_expired(const http::Response& response);
/// Until the account's midnight, when its day begins again.
Duration until_midnight(Instant now, Duration utc_offset);
/// From the X-HubSpot-RateLimit-* headers.
std::vector<LimitReport> limits_of(const http::Headers& headers, const Context& context);

}  // namespace crmsync::hubspot
