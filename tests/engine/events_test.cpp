#include "engine/events.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(EventBus, TellsSubscribersUntilTheyLeave)
{
    EventBus bus;
    int seen = 0;
    EXPECT_FALSE(bus.has_subscribers());
    auto subscription = bus.subscribe([&](const Event&) { ++seen; });
    EXPECT_TRUE(bus.has_subscribers());
    bus.publish(ConnectorChanged{});
    subscription.reset();
    EXPECT_FALSE(bus.has_subscribers());
    bus.publish(ConnectorChanged{});
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace crmsync
