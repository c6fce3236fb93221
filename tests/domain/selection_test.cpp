#include "domain/selection.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

// ---- effect_of -----------------------------------------------------------------------------------------------------

struct EffectRow {
    JobState state;
    Effect select, unselect, skip, sync, retry;
};

constexpr EffectRow effects[] = {
    {JobState::idle, Effect::queue, Effect::nothing, Effect::skip, Effect::queue, Effect::nothing},
    {JobState::queued, Effect::queue, Effect::idle, Effect::skip, Effect::already, Effect::already},
    {JobState::running, Effect::queue, Effect::idle, Effect::skip, Effect::already, Effect::already},
    {JobState::retrying, Effect::queue, Effect::idle, Effect::skip, Effect::queue, Effect::queue},
    {JobState::completed, Effect::queue, Effect::idle, Effect::skip, Effect::queue, Effect::nothing},
    {JobState::failed, Effect::queue, Effect::idle, Effect::skip, Effect::queue, Effect::queue},
    {JobState::skipped, Effect::queue, Effect::idle, Effect::nothing, Effect::skipped, Effect::skipped},
};
static_assert(std::size(effects) == all_job_states.size());

TEST(EffectOf, AgreesWithTheTable)
{
    for (const EffectRow& row : effects) {
        EXPECT_EQ(effect_of(Action::select, row.state), row.select) << to_string(row.state);
        EXPECT_EQ(effect_of(Action::unselect, row.state), row.unselect) << to_string(row.state);
        EXPECT_EQ(effect_of(Action::skip, row.state), row.skip) << to_string(row.state);
        EXPECT_EQ(effect_of(Action::sync, row.state), row.sync) << to_string(row.state);
        EXPECT_EQ(effect_of(Action::retry, row.state), row.retry) << to_string(row.state);
    }
}

TEST(OriginOf, TellsASelectionFromARequest)
{
    for (const Action action : all_actions)
        EXPECT_EQ(origin_of(action), action == Action::select ? Origin::selection : Origin::request);
}

// ---- interpret_write -----------------------------------------------------------------------------------------------

struct WriteCase {
    std::optional<SyncStatus> sync;
    std::optional<std::optional<ProcessingStatus>> processing;
    std::optional<Action> expected;
};

constexpr std::optional<std::optional<ProcessingStatus>> to_null{std::in_place, std::nullopt};
constexpr std::optional<std::optional<ProcessingStatus>> to_queued{std::in_place, ProcessingStatus::queued};

const WriteCase writes[] = {
    {SyncStatus::selected, std::nullopt, Action::select},
    {SyncStatus::selected, to_queued, Action::select},
    {SyncStatus::queued, std::nullopt, Action::sync},
    {SyncStatus::new_, to_null, Action::unselect},
    {SyncStatus::skipped, std::nullopt, Action::skip},
    {SyncStatus::complete, std::nullopt, std::nullopt},
    {SyncStatus::error, std::nullopt, std::nullopt},
    {SyncStatus::processing, std::nullopt, std::nullopt},
    {std::nullopt, to_queued, Action::retry},
    {std::nullopt, to_null, std::nullopt},
    {std::nullopt, {{ProcessingStatus::processing}}, std::nullopt},
    {std::nullopt, {{ProcessingStatus::complete}}, std::nullopt},
    {std::nullopt, {{ProcessingStatus::error}}, std::nullopt},
    {std::nullopt, std::nullopt, std::nullopt},
};

TEST(InterpretWrite, AgreesWithTheTable)
{
    for (const WriteCase& write : writes)
        EXPECT_EQ(interpret_write(write.sync, write.processing), write.expected)
            << (write.sync ? to_string(*write.sync) : "-");
}

TEST(InterpretWrite, PutsBackAStatusThatOnlyTheEngineMaySet)
{
    EXPECT_EQ(interpret_write(SyncStatus::complete, to_queued), std::nullopt) << "The sync status decides.";
}

}  // namespace
}  // namespace crmsync
