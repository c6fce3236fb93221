#include "base/uuid.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(Uuid, RoundTripsThroughText)
{
    const auto id = parse_uuid("0193A5B6-c7d8-7e9f-8a0b-1c2d3e4f5061");
    ASSERT_TRUE(id);
    EXPECT_EQ(to_string(*id), "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061");
    EXPECT_EQ(parse_uuid("0193a5b6c7d87e9f8a0b1c2d3e4f5061"), id);
}

TEST(Uuid, RefusesWhatIsNone)
{
    for (const auto* text :
         {"", "0193a5b6", "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f506g", "0193a5b6+c7d8-7e9f-8a0b-1c2d3e4f5061"})
        EXPECT_FALSE(parse_uuid(text)) << text;
}

TEST(Uuid, Version7SortsByTime)
{
    const Instant now{std::chrono::seconds{1'700'000'000}};
    const auto early = make_uuid7(now, ~0ULL, ~0ULL);
    const auto late = make_uuid7(now + std::chrono::milliseconds{1}, 0, 0);
    EXPECT_LT(early, late);
    EXPECT_EQ(to_string(early)[14], '7');
    EXPECT_EQ(to_string(late)[19], '8');
}

}  // namespace
}  // namespace crmsync
