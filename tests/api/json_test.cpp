#include "api/json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace crmsync::api {
namespace {

Input body(std::string text) { return Input::body({.body = std::move(text)}); }

TEST(Json, ShowsTheNextAttemptOfJobsThatWaitAlone)
{
    const Instant due{std::chrono::seconds{1'700'000'000}};
    for (const JobState state : all_job_states) {
        const bool waits = state == JobState::queued || state == JobState::retrying;
        Job job{.state = state, .due_at = due};
        EXPECT_EQ(to_json(job).at("next_attempt_at").is_null(), !waits) << to_string(state);
    }
}

TEST(Json, WritesNumbersAsPeopleDo)
{
    const boost::json::value value{{"rate", 0.0},
                                   {"list", {0.25, 30000.0, {{"ms", 12.5}}, "1.5"}},
                                   {"whole", 3},
                                   {"plain", {{"a \"b\"", nullptr}}}};
    EXPECT_EQ(to_text(value),
              R"({"rate":0.0,"list":[0.25,30000.0,{"ms":12.5},"1.5"],"whole":3,"plain":{"a \"b\"":null}})");
    EXPECT_EQ(boost::json::parse(to_text(value)).at("list").at(0), 0.25);
}

TEST(Json, TellsAnAbsentFieldFromANull)
{
    auto input = body(R"({"name":null,"has_gmail":true})");
    const auto change = read_contact_change(input);
    EXPECT_TRUE(input.problems().empty());
    ASSERT_TRUE(change.name.has_value());
    EXPECT_EQ(*change.name, std::nullopt);
    EXPECT_EQ(change.has_gmail, std::optional(std::optional(true)));
    EXPECT_FALSE(change.context.has_value());
}

TEST(Json, ReadsFiltersOfEveryCrm)
{
    auto input = body(R"({"n8n_sync_status":"Error","mautic_processing_status":"Queued"})");
    const auto filter = read_filter(input);
    EXPECT_TRUE(input.problems().empty());
    EXPECT_EQ(filter.sync_status[Crm::n8n], SyncStatus::error);
    EXPECT_EQ(filter.crm_processing_status[Crm::mautic], ProcessingStatus::queued);
    EXPECT_FALSE(is_empty(filter));
    auto nothing = body("{}");
    EXPECT_TRUE(is_empty(read_filter(nothing)));
}

TEST(Json, NamesWhatTheDatabaseRequires)
{
    auto input = body(R"({"email":"a@example.com","page_id":null})");
    read_new_contact(input, {"email", "domain_id", "page_id"});
    EXPECT_EQ(input.problems(),
              (Problems{{"domain_id", "is required by this database"}, {"page_id", "is required by this database"}}));
}

}  // namespace
}  // namespace crmsync::api
