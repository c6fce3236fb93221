#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/uuid.h"
#include "domain/crm.h"
#include "domain/status.h"

namespace crmsync {

/// Contacts that meet all of these; without any, all contacts.
struct ContactFilter {
    std::optional<CurationStatus> curation_status;
    std::optional<ProcessingStatus> processing_status;
    PerCrm<std::optional<SyncStatus>> sync_status;
    PerCrm<std::optional<ProcessingStatus>> crm_processing_status;
    std::optional<EmailType> email_type;
    std::optional<Uuid> domain_id;
    std::optional<Uuid> page_id;
    std::optional<std::string> search;          ///< In the address or the name; as the two below.
    std::optional<std::string> email_contains;  ///< Without regard to case; % and _ are plain characters.
    std::optional<std::string> name_contains;
    std::optional<bool> has_gmail;
    bool operator==(const ContactFilter&) const = default;
};

/// Flat, by the names that the API has for its fields.
std::string to_json(const ContactFilter& filter);
/// Never a wider filter than was written: `invalid` for what this version does not know.
Result<ContactFilter> parse_contact_filter(std::string_view json);

}  // namespace crmsync
