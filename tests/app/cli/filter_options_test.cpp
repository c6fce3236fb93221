#include "app/cli/filter_options.h"

#include <gtest/gtest.h>

namespace crmsync::app {
namespace {

TEST(FilterOptions, EveryOptionReachesTheFilter)
{
    const FilterOptions options{.curation_status = "Complete",
                                .processing_status = "Queued",
                                .sync_status = {"brevo=Error", "n8n=New"},
                                .crm_processing_status = {"hubspot=Error"},
                                .email_type = "FREE",
                                .domain_id = "0190d6a0-0000-7000-8000-000000000001",
                                .page_id = "0190d6a0-0000-7000-8000-000000000002",
                                .search = "ann",
                                .email_contains = "@example",
                                .name_contains = "lee",
                                .has_gmail = "false"};
    const Result<ContactFilter> filter = filter_of(options);
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->curation_status, CurationStatus::complete);
    EXPECT_EQ(filter->processing_status, ProcessingStatus::queued);
    EXPECT_EQ(filter->sync_status[Crm::brevo], SyncStatus::error);
    EXPECT_EQ(filter->sync_status[Crm::n8n], SyncStatus::new_);
    EXPECT_EQ(filter->sync_status[Crm::mautic], std::nullopt);
    EXPECT_EQ(filter->crm_processing_status[Crm::hubspot], ProcessingStatus::error);
    EXPECT_EQ(filter->email_type, EmailType::free);
    EXPECT_EQ(to_string(*filter->domain_id), options.domain_id);
    EXPECT_EQ(to_string(*filter->page_id), options.page_id);
    EXPECT_EQ(filter->search, "ann");
    EXPECT_EQ(filter->email_contains, "@example");
    EXPECT_EQ(filter->name_contains, "lee");
    EXPECT_EQ(filter->has_gmail, false);
}

TEST(FilterOptions, AWrongValueNamesItsOption)
{
    const std::pair<FilterOptions, std::string> cases[] = {
        {{.curation_status = "Selected"}, "--curation-status"},
        {{.processing_status = "New"}, "--processing-status"},
        {{.sync_status = {"brevo"}}, "--sync-status"},
        {{.sync_status = {"zoho=New"}}, "--sync-status"},
        {{.sync_status = {"brevo=new"}}, "--sync-status"},
        {{.crm_processing_status = {"brevo=New"}}, "--crm-processing-status"},
        {{.email_type = "free"}, "--email-type"},
        {{.domain_id = "7"}, "--domain-id"},
        {{.page_id = "x"}, "--page-id"},
        {{.has_gmail = "perhaps"}, "--has-gmail"},
    };
    for (const auto& [options, name] : cases) {
        const Result<ContactFilter> filter = filter_of(options);
        ASSERT_FALSE(filter) << name;
        EXPECT_EQ(filter.error().field, name);
    }
}

TEST(TargetOptions, ContactsAreNamedInExactlyOneWay)
{
    const std::string id = "0190d6a0-0000-7000-8000-000000000001";
    EXPECT_FALSE(named_of({}));
    EXPECT_FALSE(named_of({.ids = {id}, .all = true}));
    EXPECT_FALSE(named_of({.filter = {.email_contains = "x"}, .all = true}));
    EXPECT_FALSE(named_of({.ids = {"not-an-id"}}));
    EXPECT_FALSE(named_of({.emails_from = "list.txt", .all = true}));
    EXPECT_FALSE(named_of({.emails_from = "/nowhere/list.txt"}));
    const Result<Named> ids = named_of({.ids = {id}});
    ASSERT_TRUE(ids);
    EXPECT_EQ(std::get<std::vector<Uuid>>(*ids).size(), 1u);
    const Result<Named> all = named_of({.all = true});
    ASSERT_TRUE(all);
    EXPECT_EQ(std::get<ContactFilter>(*all), ContactFilter());
    const Result<Named> some = named_of({.filter = {.name_contains = "lee"}});
    ASSERT_TRUE(some);
    EXPECT_EQ(std::get<ContactFilter>(*some).name_contains, "lee");
}

TEST(Addresses, AreWhatStandsBetweenTheUsualSeparators)
{
    EXPECT_EQ(parse_addresses("a@x.org, b@x.org;c@x.org\r\n\n\td@x.org  "),
              (std::vector<std::string>{"a@x.org", "b@x.org", "c@x.org", "d@x.org"}));
    EXPECT_TRUE(parse_addresses(" ,;\n").empty());
}

TEST(Crms, AreNamedWithCommas)
{
    EXPECT_EQ(crms_of("brevo,n8n").value(), (std::vector<Crm>{Crm::brevo, Crm::n8n}));
    const auto unknown = crms_of("brevo,zoho,acme");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().message, "Invalid CRM names: zoho, acme. Valid: brevo, hubspot, mautic, n8n");
}

}  // namespace
}  // namespace crmsync::app
