#include "connectors/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/consent.h"

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
    for (const Crm crm : all_crms) EXPECT_NE(find_connector(crm), nullptr) << to_string(crm);
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

TEST(Registry, DefaultMappingsAreSoundAndSayNothingOfConsent)
{
    for (const ConnectorEntry& entry : connector_registry()) {
        const FieldMapping mapping = entry.default_mapping();
        for (const FieldRule& rule : mapping.rules) {
            EXPECT_TRUE(problems_of(rule, entry.crm, "US").empty()) << to_string(entry.crm) << ' ' << rule.target;
            EXPECT_EQ(consent_field(entry.crm, rule.target), ConsentField::none) << rule.target;
        }
        EXPECT_TRUE(conflicts_of(mapping, {}).empty()) << to_string(entry.crm);
    }
}

TEST(Registry, TheAddressIsNoFieldBesideItself)
{
    asio::io_context loop;
    SystemClock clock;
    const FieldRule other{SourceField::name, "nickname"};
    for (const Crm crm : {Crm::brevo, Crm::hubspot, Crm::mautic})
        for (const char* spelling : {"email", "EMAIL", "Email"}) {
            const ConnectorEntry& entry = *find_connector(crm);
            ConnectorContext context{.executor = loop.get_executor(), .clock = clock};
            context.mapping = FieldMapping{.rules = {{SourceField::email, spelling}, other}};
            std::vector<std::string> warnings;
            const auto connector = entry.create(entry.stand_ins, context, warnings).value();
            EXPECT_EQ(connector->traits().mapping.rules, std::vector{other}) << to_string(crm) << ' ' << spelling;
        }
}

}  // namespace
}  // namespace crmsync
