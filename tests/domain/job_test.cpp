#include "domain/job.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(JobOptions, AreWrittenAndReadBack)
{
    EXPECT_EQ(to_json(JobOptions{}), "");
    EXPECT_EQ(to_json({.without_fields = {"SMS", "A\"B"}, .only_changed = true}),
              R"({"without_fields":["SMS","A\"B"],"only_changed":true})");
    for (const JobOptions& options :
         {JobOptions{}, JobOptions{.without_fields = {"SMS"}}, JobOptions{.only_changed = true},
          JobOptions{.request_id = "order-7"}, JobOptions{{"É", "B"}, true, "r"}})
        EXPECT_EQ(parse_job_options(to_json(options)), options);
}

TEST(JobOptions, AreTheDefaultWhereTheyCannotBeRead)
{
    for (const std::string_view text : {"", "{", "[]", R"({"without_fields":1})", R"({"only_changed":"x"})"})
        EXPECT_EQ(parse_job_options(text), JobOptions{}) << text;
    EXPECT_EQ(parse_job_options(R"({"later":1,"only_changed":true})"), JobOptions{.only_changed = true});
}

}  // namespace
}  // namespace crmsync
