#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/hubspot/schema.h"
#include "domain/field_mapping.h"

namespace crmsync::hubspot {

/// A contact's fields as HubSpot's properties.
struct Properties {
    std::string members;                ///< "\"firstname\":\"Ann\",...": every value a text, as HubSpot keeps them.
    std::vector<std::string> warnings;  ///< What was left out, and why.
};
/// Without a schema every value goes as it is. Consent never does.
Properties properties_of(const MappedContact& contact, const Schema* schema);

/// One contact of a batch. The trace id, unique in the batch, makes HubSpot judge each input for itself and leads its
/// answer back.
struct Input {
    std::string_view trace_id;
    std::string_view email;
    std::string_view record;  ///< Empty: the contact with that address, or a new one.
    bool gives_address = false;
    std::string_view members;
};
/// The body of batch/upsert. The address identifies; it is no property there, for that would make a secondary address
/// the primary one.
std::string upsert_body(std::span<const Input> inputs);
/// The body of batch/update, by record.
std::string update_body(std::span<const Input> inputs);
/// The body of batch/read: records, or addresses when `by_address`.
/// The body that deletes one contact for good.
std::string erase_body(const std::string& id, bool by_address);
std::string read_body(std::span<const std::string> ids, bool by_address, std::span<const std::string> properties);

}  // namespace crmsync::hubspot
