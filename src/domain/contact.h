#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/crm.h"
#include "domain/status.h"

namespace crmsync {

/// What a person or a crawler knows of a contact: the columns of `contacts` that can be written from outside.
struct ContactFields {
    std::string email;  ///< As entered; any text. `address_of` gives the form that identifies.
    std::optional<std::string> name;
    std::optional<std::string> phone_number;
    std::optional<EmailType> email_type;
    std::optional<bool> has_gmail;
    std::optional<std::string> context;
    std::optional<std::string> source_url;
    std::optional<Uuid> domain_id;
    std::optional<Uuid> page_id;
    std::optional<Uuid> source_job_id;

    bool operator==(const ContactFields&) const = default;
};

/// The columns of one CRM, as published on the contact.
struct CrmColumns {
    SyncStatus sync_status = SyncStatus::new_;
    std::optional<ProcessingStatus> processing_status;
    std::optional<std::string> processing_error;
    std::optional<std::string> remote_id;
    bool changed_since_sync = false;  ///< No column: of the job (`Job::changed`).

    bool operator==(const CrmColumns&) const = default;
};

/// One row of `contacts`.
struct Contact {
    Uuid id;
    Instant created_at{};
    Instant updated_at{};  ///< Moved by changes to `fields` alone, never by the engine.
    ContactFields fields;
    CurationStatus curation_status = CurationStatus::new_;
    std::optional<ProcessingStatus> processing_status;
    std::optional<std::string> processing_error;
    PerCrm<CrmColumns> crm;
    int retry_count = 0;
    std::optional<Instant> last_retry_at;
    std::optional<Instant> next_retry_at;
    std::optional<std::string> last_failed_crm;
};

/// The e-mail address in the form that tells whether two contacts are one: without spaces around it, its ASCII letters
/// lower-cased. Both stores' indexes compute the same (`lower(trim(email))`, in the C collation).
std::string address_of(std::string_view email);

}  // namespace crmsync
