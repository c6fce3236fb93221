#include "store/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(Forecasts, PutRowsOfOneGroupTogether)
{
    Uuid one, two;
    one.bytes[0] = 1;
    two.bytes[0] = 2;
    Forecast::Meeting meeting;
    add(meeting, {"a@b.co", 3, 2, 5, one});
    add(meeting, {"a@b.co", 3, 2, 5, two});
    add(meeting, {"c@b.co", 2, 2, 5, one});
    EXPECT_EQ(meeting.groups, 2);
    EXPECT_EQ(meeting.contacts, 5);
    ASSERT_EQ(meeting.examples.size(), 2u);
    EXPECT_EQ(meeting.examples[0].contacts, 3);
    EXPECT_THAT(meeting.examples[0].examples, testing::ElementsAre(one, two));
    EXPECT_EQ(meeting.examples[1].shared, "c@b.co");
}

TEST(Forecasts, LookThroughTheTargetOnce)
{
    for (const std::string& sql :
         {same_address_sql("SELECT 1 FROM contacts"), same_phone_sql("SELECT 1 FROM contacts")}) {
        EXPECT_EQ(sql.find("FROM contacts"), sql.rfind("FROM contacts"));
        EXPECT_EQ(sql.find('{'), std::string::npos);
    }
}

}  // namespace
}  // namespace crmsync
