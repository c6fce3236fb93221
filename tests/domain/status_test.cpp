#include "domain/status.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

struct PublishCase {
    JobState state;
    Origin origin;
    std::string_view sync;
    std::string_view processing;  // "": null.
};

constexpr PublishCase pairs[] = {
    {JobState::idle, Origin::selection, "New", ""},
    {JobState::idle, Origin::request, "New", ""},
    {JobState::queued, Origin::selection, "Selected", "Queued"},
    {JobState::queued, Origin::request, "Queued", "Queued"},
    {JobState::running, Origin::selection, "Processing", "Processing"},
    {JobState::running, Origin::request, "Processing", "Processing"},
    {JobState::retrying, Origin::selection, "Queued", "Error"},
    {JobState::retrying, Origin::request, "Queued", "Error"},
    {JobState::completed, Origin::selection, "Complete", "Complete"},
    {JobState::completed, Origin::request, "Complete", "Complete"},
    {JobState::failed, Origin::selection, "Error", "Error"},
    {JobState::failed, Origin::request, "Error", "Error"},
    {JobState::skipped, Origin::selection, "Skipped", ""},
    {JobState::skipped, Origin::request, "Skipped", ""},
};
static_assert(std::size(pairs) == all_job_states.size() * all_origins.size());

TEST(Publish, AgreesWithTheTable)
{
    for (const PublishCase& c : pairs) {
        const Published published = publish(c.state, c.origin);
        EXPECT_EQ(to_string(published.sync), c.sync) << to_string(c.state);
        EXPECT_EQ(published.processing ? to_string(*published.processing) : "", c.processing) << to_string(c.state);
    }
}

template <class Enum, std::size_t N, class Parse>
void expect_names_come_back(const std::array<Enum, N>& all, Parse parse)
{
    for (const Enum value : all) EXPECT_EQ(parse(to_string(value)), value) << to_string(value);
    EXPECT_EQ(parse("nothing of the kind"), std::nullopt);
    EXPECT_EQ(parse(""), std::nullopt);
}

TEST(StatusNames, AreReadAsWritten)
{
    expect_names_come_back(all_sync_statuses, parse_sync_status);
    expect_names_come_back(all_processing_statuses, parse_processing_status);
    expect_names_come_back(all_curation_statuses, parse_curation_status);
    expect_names_come_back(all_email_types, parse_email_type);
    expect_names_come_back(all_job_states, parse_job_state);
    expect_names_come_back(all_origins, parse_origin);
}

}  // namespace
}  // namespace crmsync
