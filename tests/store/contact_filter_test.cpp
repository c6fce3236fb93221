#include "store/contact_filter.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(ContactFilter, ReadsWhatItWrote)
{
    ContactFilter filter;
    EXPECT_EQ(to_json(filter), "{}");
    EXPECT_EQ(parse_contact_filter("{}"), filter);
    filter.curation_status = CurationStatus::queued;
    filter.processing_status = ProcessingStatus::error;
    for (const Crm crm : all_crms) {
        filter.sync_status[crm] = SyncStatus::complete;
        filter.crm_processing_status[crm] = ProcessingStatus::complete;
    }
    filter.email_type = EmailType::corporate;
    filter.domain_id = parse_uuid("0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061").value();
    filter.page_id = parse_uuid("0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5062").value();
    filter.search = "_x";
    filter.email_contains = "a\"b%\n";
    filter.name_contains = "Núñez";
    filter.has_gmail = false;
    EXPECT_EQ(parse_contact_filter(to_json(filter)), filter);
}

TEST(ContactFilter, IsNeverWiderThanItWasWritten)
{
    for (const auto* text : {"", "[]", "{", R"({"colour":"red"})", R"({"has_gmail":"yes"})", R"({"email_contains":7})",
                             R"({"brevo_sync_status":"Lost"})", R"({"domain_id":"7"})"})
        EXPECT_FALSE(parse_contact_filter(text)) << text;
}

}  // namespace
}  // namespace crmsync
