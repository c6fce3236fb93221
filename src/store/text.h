#pragma once

#include "base/result.h"
#include "domain/contact.h"
#include "store/api_key.h"
#include "store/store.h"

namespace crmsync {

/// Both databases hold the same texts: valid UTF-8 without NUL bytes. `invalid`, naming the field, for anything else.
Status check_storable(const ContactFields& fields);

/// The sort key's value of a contact, as both databases compute it: where a page ended.
std::string sort_value(const Contact& contact, ContactSort::By by);

/// Names of the job states that are published as this status. No job and an idle one are published alike, as New, which
/// has none here.
std::vector<std::string_view> states_shown_as(SyncStatus status);
std::vector<std::string_view> states_shown_as(ProcessingStatus status);

/// What a cursor of a list begins with: the same for the same filter and sort, on every machine.
std::string list_mark(const ContactFilter& filter, const ContactSort& sort);
Status check_storable(const NewApiKey& made);
/// What the audit says of a key's beginning and end.
inline constexpr std::string_view api_key_created = "key_create";
inline constexpr std::string_view api_key_revoked = "key_revoke";
std::string audit_detail(const ApiKey& key);

/// The action of an operation that is one. Its chunks are all of one time, that of the decision.
ActionRequest request_of(const Operation& operation);

/// `invalid`, for a cursor that is none or belongs to another list.
std::unexpected<Error> not_a_cursor();

}  // namespace crmsync
