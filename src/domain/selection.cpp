#include "domain/selection.h"

namespace crmsync {

namespace {

Effect effect_of_sync(JobState state)
{
    switch (state) {
        case JobState::idle:
        case JobState::retrying:
        case JobState::completed:
        case JobState::failed:
            return Effect::queue;
        case JobState::queued:
        case JobState::running:
            return Effect::already;
        case JobState::skipped:
            return Effect::skipped;
    }
    __builtin_unreachable();
}

Effect effect_of_retry(JobState state)
{
    switch (state) {
        case JobState::retrying:
        case JobState::failed:
            return Effect::queue;
        case JobState::queued:
        case JobState::running:
            return Effect::already;
        case JobState::skipped:
            return Effect::skipped;
        case JobState::idle:
        case JobState::completed:
            return Effect::nothing;
    }
    __builtin_unreachable();
}

}  // namespace

Effect effect_of(Action action, JobState state)
{
    switch (action) {
        case Action::select:
            return Effect::queue;
        case Action::unselect:
            return state == JobState::idle ? Effect::nothing : Effect::idle;
        case Action::skip:
            return state == JobState::skipped ? Effect::nothing : Effect::skip;
        case Action::sync:
            return effect_of_sync(state);
        case Action::retry:
            return effect_of_retry(state);
    }
    __builtin_unreachable();
}

Origin origin_of(Action action) { return action == Action::select ? Origin::selection : Origin::request; }

std::optional<Action> interpret_write(std::optional<SyncStatus> sync,
                                      std::optional<std::optional<ProcessingStatus>> processing)
{
    if (sync) {
        switch (*sync) {
            case SyncStatus::selected:
                return Action::select;
            case SyncStatus::queued:
                return Action::sync;
            case SyncStatus::new_:
                return Action::unselect;
            case SyncStatus::skipped:
                return Action::skip;
            case SyncStatus::processing:
            case SyncStatus::complete:
            case SyncStatus::error:
                return std::nullopt;
        }
    }
    if (processing && *processing == ProcessingStatus::queued) return Action::retry;
    return std::nullopt;
}

}  // namespace crmsync
