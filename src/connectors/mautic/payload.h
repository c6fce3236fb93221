#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/mautic/fields.h"

namespace crmsync::mautic {

/// What goes out with every contact.
struct PayloadRules {
    std::optional<Fit> fit;  ///< Nothing: the installation was not looked at; fields go by the mapping's names.
    std::vector<std::string> tags;
};

/// A contact in Mautic's terms.
struct Item {
    std::string body;
    std::vector<std::string> cleared = {};  ///< Aliases of fields to be emptied: contacts/new cannot do that.
    std::vector<std::string> warnings = {};
    /// Field and alias of what was sent, and what Mautic must hold afterwards.
    std::vector<std::pair<std::string, std::string>> sent = {};
};

/// The body of POST /contacts/new. Never says a word about who may be contacted, and never asks to overwrite with
/// blanks: Mautic would then empty every field that is not sent.
Item make_item(const MappedContact& contact, const PayloadRules& rules);

/// The body of POST /contacts/batch/new, from those of single contacts.
std::string batch_body(std::span<const std::string_view> bodies);

/// One member of PATCH /contacts/batch/edit that empties these fields and leaves the others alone.
std::string clearing_body(std::int64_t id, std::span<const std::string> aliases);

/// Why this address must not be sent: Mautic would make another one of it. Empty: it may.
std::string_view address_obstacle(std::string_view email);

}  // namespace crmsync::mautic
