#pragma once

#include "domain/selection.h"
#include "store/sqlite/database.h"
#include "store/sqlite/tally.h"
#include "store/store.h"

// Changes of jobs together with what they publish on `contacts`: nothing else in this folder writes either.
namespace crmsync::sqlite {

/// What decisions about a job need to know of it.
struct JobRow {
    std::int64_t rowid = 0;
    JobState state = JobState::idle;
    Origin origin = Origin::selection;
    std::optional<std::string> error;
    std::optional<std::string> error_code;
    bool dismissed = false;
    std::optional<std::string> reading;
    bool changed = false;
};
/// What a job with these counts as. `detail`: of a failed one its error code, of a completed one its reading. `marked`:
/// of a failed one that it is dismissed, of a completed one that its contact has changed.
Counted counted(JobState state, Origin origin, const std::optional<std::string>& detail = {}, bool marked = false);
Counted counted(const JobRow& job);

std::optional<JobRow> find_job(Connection& db, const JobKey& key);
bool contact_exists(Connection& db, const Uuid& id);

/// A person's decision and when it came.
struct Decision {
    Action action = Action::select;
    Lane lane = Lane::hand;
    JobOptions options;
    Instant now{};
};
/// Does what `effect_of` says to a job that may not exist yet, and publishes it. The contact must exist.
Effect decide_job(Connection& db, const JobKey& key, const std::optional<JobRow>& job, const Decision& decision,
                  Tally& tally);

/// Writes the pair and the error column as the job has them.
void publish_job(Connection& db, const JobKey& key, JobState state, Origin origin,
                 const std::optional<std::string>& error);

/// The shared retry columns show this failure.
struct SharedFailure {
    Crm crm = Crm::brevo;
    int retry_count = 0;
    std::optional<Instant> at;
    std::optional<Instant> next_retry_at;
};
void show_failure(Connection& db, const Uuid& contact_id, const SharedFailure& failure);
/// The CRM's failure, when it is the one shown, gives way to the latest unresolved one of another, if any.
void release_failure(Connection& db, const JobKey& key);
/// Shows the latest unresolved failure, whatever the columns hold.
void restore_failure(Connection& db, const Uuid& contact_id);

std::int64_t write_audit(Connection& db, const AuditEntry& entry);

/// Takes a lease back: a running job becomes what it was before the claim, with the reason; a decided one keeps its
/// state.
void take_back(Connection& db, std::int64_t job_rowid, std::string_view reason, Tally& tally);

ConnectorState load_connector(Connection& db, Crm crm);
void save_connector(Connection& db, Crm crm, const ConnectorState& state);

}  // namespace crmsync::sqlite
