#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/mautic/fields.h"
#include "connectors/mautic/schema.h"
#include "connectors/mautic/session.h"

namespace crmsync::mautic {

/// How much of a contact a list shows.
enum class Detail {
    fields,  ///< Cheaper: without marks, tags and the like.
    all,
};

/// Adds the contacts whose `column` ("id", "email") has one of these values, by as few calls as fit into URLs.
Task<Obstacle> find_contacts(Session& session, std::string_view column, std::span<const std::string> values,
                             Detail detail, std::vector<KnownContact>& found, Exchange& exchange);

/// What Mautic holds of these contacts: by id where one is known, else by address; of doubles the newest. Without `fit`
/// fields are looked for by the mapping's names.
Task<Obstacle> look_up_contacts(Session& session, std::span<const Lookup> lookups, const FieldMapping& mapping,
                                const std::optional<Fit>& fit, ReadBack& out);

/// Mautic's text of a value in the form in which we map it.
std::string as_mapped(std::string_view held, FieldType type);

/// Whether the text is an id of Mautic's.
bool is_id(std::string_view text);

}  // namespace crmsync::mautic
