#include "domain/status.h"

namespace crmsync {

namespace {

template <class Enum, std::size_t N>
std::optional<Enum> find_by_name(const std::array<Enum, N>& all, std::string_view text)
{
    for (const Enum value : all)
        if (to_string(value) == text) return value;
    return std::nullopt;
}

}  // namespace

std::string_view to_string(SyncStatus status)
{
    switch (status) {
        case SyncStatus::new_:
            return "New";
        case SyncStatus::selected:
            return "Selected";
        case SyncStatus::queued:
            return "Queued";
        case SyncStatus::processing:
            return "Processing";
        case SyncStatus::complete:
            return "Complete";
        case SyncStatus::error:
            return "Error";
        case SyncStatus::skipped:
            return "Skipped";
    }
    __builtin_unreachable();
}

std::string_view to_string(ProcessingStatus status)
{
    switch (status) {
        case ProcessingStatus::queued:
            return "Queued";
        case ProcessingStatus::processing:
            return "Processing";
        case ProcessingStatus::complete:
            return "Complete";
        case ProcessingStatus::error:
            return "Error";
    }
    __builtin_unreachable();
}

std::string_view to_string(CurationStatus status)
{
    switch (status) {
        case CurationStatus::new_:
            return "New";
        case CurationStatus::queued:
            return "Queued";
        case CurationStatus::processing:
            return "Processing";
        case CurationStatus::complete:
            return "Complete";
        case CurationStatus::error:
            return "Error";
        case CurationStatus::skipped:
            return "Skipped";
    }
    __builtin_unreachable();
}

std::string_view to_string(EmailType type)
{
    switch (type) {
        case EmailType::service:
            return "SERVICE";
        case EmailType::corporate:
            return "CORPORATE";
        case EmailType::free:
            return "FREE";
        case EmailType::unknown:
            return "UNKNOWN";
    }
    __builtin_unreachable();
}

std::string_view to_string(JobState state)
{
    switch (state) {
        case JobState::idle:
            return "idle";
        case JobState::queued:
            return "queued";
        case JobState::running:
            return "running";
        case JobState::retrying:
            return "retrying";
        case JobState::completed:
            return "completed";
        case JobState::failed:
            return "failed";
        case JobState::skipped:
            return "skipped";
    }
    __builtin_unreachable();
}

std::string_view to_string(Origin origin)
{
    switch (origin) {
        case Origin::selection:
            return "selection";
        case Origin::request:
            return "request";
    }
    __builtin_unreachable();
}

std::optional<SyncStatus> parse_sync_status(std::string_view text) { return find_by_name(all_sync_statuses, text); }
std::optional<ProcessingStatus> parse_processing_status(std::string_view text)
{
    return find_by_name(all_processing_statuses, text);
}
std::optional<CurationStatus> parse_curation_status(std::string_view text)
{
    return find_by_name(all_curation_statuses, text);
}
std::optional<EmailType> parse_email_type(std::string_view text) { return find_by_name(all_email_types, text); }
std::optional<JobState> parse_job_state(std::string_view text) { return find_by_name(all_job_states, text); }
std::optional<Origin> parse_origin(std::string_view text) { return find_by_name(all_origins, text); }

Published publish(JobState state, Origin origin)
{
    switch (state) {
        case JobState::idle:
            return {SyncStatus::new_, std::nullopt};
        case JobState::queued:
            return {origin == Origin::selection ? SyncStatus::selected : SyncStatus::queued, ProcessingStatus::queued};
        case JobState::running:
            return {SyncStatus::processing, ProcessingStatus::processing};
        case JobState::retrying:
            return {SyncStatus::queued, ProcessingStatus::error};
        case JobState::completed:
            return {SyncStatus::complete, ProcessingStatus::complete};
        case JobState::failed:
            return {SyncStatus::error, ProcessingStatus::error};
        case JobState::skipped:
            return {SyncStatus::skipped, std::nullopt};
    }
    __builtin_unreachable();
}

}  // namespace crmsync
