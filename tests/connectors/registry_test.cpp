#include "connectors/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

namespace crmsync {
namespace {

TEST(Registry, IsInCrmOrderWithoutDoubles)
{
    const auto entries = connector_registry();
    EXPECT_TRUE(std::ranges::is_sorted(entries, {}, &ConnectorEntry::crm));
    EXPECT_EQ(std::ranges::adjacent_find(entries, {}, &ConnectorEntry::crm), entries.end());
    for (const ConnectorEntry& entry : entries) EXPECT_EQ(find_connector(entry.crm), &entry);
    EXPECT_EQ(find_connector(Crm::mautic), nullptr);
}

TEST(Registry, NamesWhatEachConnectorNeeds)
{
    asio::io_context loop;
    SystemClock clock;
    for (const ConnectorEntry& entry : connector_registry()) {
        std::vector<std::string> warnings;
        const auto connector = entry.create({}, {.executor = loop.get_executor(), .clock = clock}, warnings);
        ASSERT_FALSE(connector.has_value()) << to_string(entry.crm);
        EXPECT_THAT(connector.error().message, testing::HasSubstr(" not configured"));
        EXPECT_TRUE(entry.create(entry.stand_ins, {.executor = loop.get_executor(), .clock = clock}, warnings));
        EXPECT_FALSE(entry.default_mapping().rules.empty());
    }
}

}  // namespace
}  // namespace crmsync
