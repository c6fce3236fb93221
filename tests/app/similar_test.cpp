#include "app/similar.h"

#include <gmock/gmock.h>

namespace crmsync::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Similar, CountsTheLettersThatDiffer)
{
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("status", "status"), 0u);
    EXPECT_EQ(edit_distance("statsu", "status"), 2u);
    EXPECT_EQ(edit_distance("selct", "select"), 1u);
}

TEST(Similar, FindsWhatWasMeant)
{
    const std::vector<std::string_view> known{"serve", "select", "unselect", "status", "setup", "failed", "n8n"};
    EXPECT_THAT(similar("selct", known), ElementsAre("select", "unselect"));
    EXPECT_THAT(similar("statsu", known), ElementsAre("status"));
    EXPECT_THAT(similar("se", known), ElementsAre("serve", "select", "setup"));
    EXPECT_THAT(similar("fail", known), ElementsAre("failed"));
    EXPECT_THAT(similar("frobnicate", known), IsEmpty());
    EXPECT_THAT(similar("x", known), IsEmpty());
}

}  // namespace
}  // namespace crmsync::app
