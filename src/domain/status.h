#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace crmsync {

/// The person-facing status of a contact at one CRM.
enum class SyncStatus { new_, selected, queued, processing, complete, error, skipped };
/// The system's status of a contact at one CRM, and of its curation.
enum class ProcessingStatus { queued, processing, complete, error };
/// What a person decided about the contact itself.
enum class CurationStatus { new_, queued, processing, complete, error, skipped };
enum class EmailType { service, corporate, free, unknown };

/// Where a job stands. The only truth; the status columns of `contacts` publish it (see `publish`).
///
///     idle --select/sync--> queued --claim--> running --+--> completed
///      ^                     ^  ^------handed back------+--> retrying --claim--> running
///      |unselect             |select/sync/retry         +--> failed
///      +--- any              +--- any                   (skip, from any) --> skipped
enum class JobState { idle, queued, running, retrying, completed, failed, skipped };
/// Why a queued job is queued: a person selected the contact, or asked for a sync or a manual retry.
enum class Origin { selection, request };

inline constexpr std::array all_sync_statuses{SyncStatus::new_,       SyncStatus::selected, SyncStatus::queued,
                                              SyncStatus::processing, SyncStatus::complete, SyncStatus::error,
                                              SyncStatus::skipped};
inline constexpr std::array all_processing_statuses{ProcessingStatus::queued, ProcessingStatus::processing,
                                                    ProcessingStatus::complete, ProcessingStatus::error};
inline constexpr std::array all_curation_statuses{CurationStatus::new_,       CurationStatus::queued,
                                                  CurationStatus::processing, CurationStatus::complete,
                                                  CurationStatus::error,      CurationStatus::skipped};
inline constexpr std::array all_email_types{EmailType::service, EmailType::corporate, EmailType::free,
                                            EmailType::unknown};
inline constexpr std::array all_job_states{JobState::idle,      JobState::queued, JobState::running, JobState::retrying,
                                           JobState::completed, JobState::failed, JobState::skipped};
inline constexpr std::array all_origins{Origin::selection, Origin::request};

std::string_view to_string(SyncStatus status);
std::string_view to_string(ProcessingStatus status);
std::string_view to_string(CurationStatus status);
std::string_view to_string(EmailType type);
std::string_view to_string(JobState state);
std::string_view to_string(Origin origin);

std::optional<SyncStatus> parse_sync_status(std::string_view text);
std::optional<ProcessingStatus> parse_processing_status(std::string_view text);
std::optional<CurationStatus> parse_curation_status(std::string_view text);
std::optional<EmailType> parse_email_type(std::string_view text);
std::optional<JobState> parse_job_state(std::string_view text);
std::optional<Origin> parse_origin(std::string_view text);

struct Published {
    SyncStatus sync = SyncStatus::new_;
    std::optional<ProcessingStatus> processing;
    bool operator==(const Published&) const = default;
};

/// The only table from job to published columns (product contract, 3.2). `origin` matters for queued jobs alone.
/// The error column shows the job's error for retrying, failed and skipped jobs and for queued and running ones that
/// carry one (a running job keeps the error it had; a job handed back shows the reason); else it is null.
Published publish(JobState state, Origin origin);

}  // namespace crmsync
