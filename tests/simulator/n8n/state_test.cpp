#include "simulator/n8n/state.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::n8n {
namespace {

TEST(N8nState, PrunesTheOldestExecutions)
{
    State state{{}};
    for (int i = 0; i < 10'001; ++i) state.start(0, {}, {});
    EXPECT_EQ(state.executions.size(), 10'000u);
    EXPECT_EQ(state.executions.front().id, 2);
}

TEST(N8nState, KeepsWithoutAKeyAsOftenAsAsked)
{
    State state{{}};
    const json::object contact{{"email", "A@example.org"}};
    EXPECT_TRUE(state.keep(contact, ""));
    EXPECT_TRUE(state.keep(contact, ""));
    EXPECT_TRUE(state.keep(contact, "k"));
    EXPECT_FALSE(state.keep(contact, "k"));
    EXPECT_EQ(state.find("a@EXAMPLE.org")->writes, 3u);
    EXPECT_EQ(address_of({{"email", 7}}), "");
}

}  // namespace
}  // namespace crmsync::simulator::n8n
