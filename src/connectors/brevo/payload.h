#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "connectors/brevo/attributes.h"
#include "domain/field_mapping.h"

namespace crmsync::brevo {

/// What goes out with every contact.
struct PayloadRules {
    Fit fit;
    std::optional<std::int64_t> list_id;
};

/// Appends the members of "attributes", each after a comma unless it is the first.
void append_attributes(std::string& out, const MappedContact& contact, const Fit& fit);

/// The body of POST /contacts, which creates or updates. Says nothing of subscriptions: an update then leaves them.
std::string upsert_body(const MappedContact& contact, const PayloadRules& rules);

/// The body of PUT /contacts/{identifier} that gives the contact its new address along with the rest.
std::string change_address_body(const MappedContact& contact, const PayloadRules& rules);

}  // namespace crmsync::brevo
