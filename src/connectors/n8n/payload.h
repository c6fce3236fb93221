#pragma once

#include <span>
#include <string>
#include <string_view>

#include "domain/field_mapping.h"

namespace crmsync::n8n {

/// Whether a body has a member of this name by itself; no mapped field may take its place.
bool is_reserved(std::string_view name);

/// The contact as an object: contact_id, idempotency_key, timestamp, email and the mapped fields; null empties one.
/// JSON as JavaScript writes it, so that a workflow can check the signature on JSON.stringify of the body.
std::string contact_body(const MappedContact& contact, std::string_view timestamp);
/// The contacts as an array.
std::string batch_body(std::span<const MappedContact> contacts, std::string_view timestamp);

/// What a call is known by: the contact's own key, or one made of those of all contacts, the same for the same contacts
/// in the same order.
std::string call_key(std::span<const MappedContact> contacts, bool as_batch);

}  // namespace crmsync::n8n
