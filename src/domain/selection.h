#pragma once

#include <optional>
#include <string_view>

#include "domain/job.h"
#include "domain/status.h"

namespace crmsync {

/// What a person asks of a contact at a CRM. `select`, `unselect` and `skip` are the person's word about the contact;
/// `sync` and `retry` ask for work now.
enum class Action { select, unselect, skip, sync, retry };
inline constexpr std::array all_actions{Action::select, Action::unselect, Action::skip, Action::sync, Action::retry};

constexpr std::string_view to_string(Action action)
{
    switch (action) {
        case Action::select:
            return "select";
        case Action::unselect:
            return "unselect";
        case Action::skip:
            return "skip";
        case Action::sync:
            return "sync";
        case Action::retry:
            return "retry";
    }
    __builtin_unreachable();
}

/// What an action does to a job in a state.
enum class Effect {
    queue,    ///< Queued, due now, retry_count 0, error cleared, generation + 1.
    idle,     ///< Idle, cleared likewise, generation + 1.
    skip,     ///< Skipped, generation + 1.
    already,  ///< Nothing: queued or running already.
    skipped,  ///< Nothing: a person said never; only `select` lifts that.
    nothing,  ///< Nothing to do.
};

/// What the error column of a job that a person skipped shows.
inline constexpr std::string_view skip_reason = "Skipped by request";

/// The only table. A contact without a job counts as idle. A live lease is no obstacle: the state changes at once, the
/// generation moves, and the answer of the call in flight goes to history and remote id alone; the job is not claimed
/// again before that lease is freed. Both stores' SQL is checked against this table by the conformance suite.
Effect effect_of(Action action, JobState state);
/// The origin a queued job gets.
Origin origin_of(Action action);

/// What a write of another program to the status columns means (product contract, 3.2). `sync` and `processing` are
/// the new values, each present only when that column was changed by the write; a processing status of null is the
/// inner nullopt. The sync status decides when both changed. Nothing: the write contradicts the job; put it back.
std::optional<Action> interpret_write(std::optional<SyncStatus> sync,
                                      std::optional<std::optional<ProcessingStatus>> processing);

}  // namespace crmsync
