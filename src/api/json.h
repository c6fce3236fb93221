#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <utility>

#include "api/input.h"
#include "domain/contact.h"
#include "domain/field_mapping.h"
#include "domain/fingerprint.h"
#include "domain/job.h"
#include "store/store.h"

namespace crmsync::api {

/// All columns of `contacts`, named as there; times as RFC 3339 in UTC.
boost::json::object to_json(const Contact& contact);
boost::json::object to_json(const Job& job);
boost::json::object to_json(const Attempt& attempt);
boost::json::value to_json(const std::optional<KnownVerification>& known);
boost::json::object to_json(const Readings& readings);
/// `detail` as the object it holds.
boost::json::object to_json(const AuditEntry& entry);
/// "retries_exhausted", or "rejected": how a job with this error failed.
std::string_view failure_class(std::string_view error);
/// With what people are told of such failures.
boost::json::object to_json(const FailureCause& cause);
/// `with_phones`: the CRM takes a phone number once; else "same_phone" is null.
boost::json::object to_json(const Forecast& forecast, bool with_phones);
/// What each rule made of a contact; null where it sends nothing.
boost::json::array to_json(const std::vector<Explanation>& lines);
/// Null: what was acknowledged tells of no fields.
boost::json::value to_json(const std::optional<std::vector<FieldDifference>>& differences);
boost::json::value to_json(const std::optional<Instant>& at);
boost::json::value to_json(const std::optional<std::string>& text);

/// As boost::json::serialize, but for numbers with a fraction: 2.5 and 0.0, not 2.5E0 and 0E0.
std::string to_text(const boost::json::value& value);
http::ServerResponse json_response(int status, const boost::json::value& value);

/// Reads what a POST may set. Columns of `required` must be there.
ContactFields read_new_contact(Input& input, const std::vector<std::string>& required);
/// Reads what a PUT may set; null erases.
ContactChange read_contact_change(Input& input);
/// The filter fields of lists and actions.
ContactFilter read_filter(Input& input);
bool is_empty(const ContactFilter& filter);
/// "without_fields": optional fields of the CRM that are not to be sent.
std::vector<std::string> read_left_out(Input& input, const FieldMapping& mapping);

/// "brevo_sync_status" and the like.
std::string column(Crm crm, std::string_view name);

}  // namespace crmsync::api
