#include "store/operation.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(OperationWork, IsRefusedWhenThisVersionDoesNotKnowIt)
{
    for (const auto* text :
         {"", "{}", R"({"kind":"paint"})", R"({"kind":"sync","crms":["zoho"],"filter":{}})",
          R"({"kind":"sync","crms":["brevo"],"filter":{"colour":"red"}})", R"({"kind":"sync"})",
          R"({"kind":"curation","filter":{},"status":"Lost"})", R"({"kind":"verify","crm":"brevo"})"})
        EXPECT_FALSE(parse_operation_work(text)) << text;
}

TEST(OperationWork, TellsItsKindAndItsCrms)
{
    const OperationWork retry =
        BulkAction{.action = Action::retry, .crms = {Crm::mautic}, .filter = {}, .options = {}, .request_id = {}};
    EXPECT_EQ(kind_of(retry), "retry");
    EXPECT_EQ(crms_of(retry), std::vector{Crm::mautic});
    EXPECT_TRUE(goes_in_chunks(retry));
    EXPECT_EQ(kind_of(BulkCuration{}), "curation");
    EXPECT_TRUE(crms_of(BulkCuration{}).empty());
    EXPECT_EQ(kind_of(BulkVerification{}), "verify");
    EXPECT_FALSE(goes_in_chunks(BulkVerification{}));
}

TEST(ActionCounts, AreKeptAsTheyAre)
{
    const ActionCounts counts{
        .found = 9, .not_found = 0, .queued = 4, .changed = 5, .already = 2, .skipped = 1, .nothing = 3};
    EXPECT_EQ(parse_action_counts(to_json(counts)), counts);
    EXPECT_EQ(parse_action_counts("{}"), ActionCounts{});
    EXPECT_EQ(parse_action_counts(R"({"found":"many"})"), ActionCounts{});
}

}  // namespace
}  // namespace crmsync
