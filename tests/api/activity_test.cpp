#include "api/activity.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ActivityTest : public ApiTest {
protected:
    void select(std::string_view email)
    {
        put("/contacts/crm/select", {{"contact_ids", json::array{add(email)}}, {"crms", json::array{"brevo"}}});
    }
};

TEST_F(ActivityTest, IsZerosAndNullsBeforeAnythingHappened)
{
    const auto answer = get("/crm/activity");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/range"), "1h");
    EXPECT_EQ(answer.at("/bucket_seconds"), 60);
    EXPECT_EQ(answer.at("/crms").as_object().size(), 4U);
    const auto& buckets = answer.at("/crms/n8n/buckets").as_array();
    ASSERT_EQ(buckets.size(), 60U);
    EXPECT_EQ(buckets.front().at("at"), answer.at("/from"));
    EXPECT_EQ(buckets[59], (json::value{{"at", "2023-11-14T22:13:00.000000Z"},
                                        {"completed", 0},
                                        {"failed", 0},
                                        {"retried", 0},
                                        {"throttled", 0},
                                        {"calls", 0}}));
    EXPECT_EQ(answer.at("/to"), "2023-11-14T22:14:00.000000Z");
    const json::value nothing{{"count", 0}, {"p50_ms", nullptr}, {"p99_ms", nullptr}, {"max_ms", nullptr}};
    EXPECT_EQ(answer.at("/selected_to_acknowledged"), nothing);
    EXPECT_EQ(answer.at("/crms/brevo/selected_to_acknowledged"), nothing);
}

TEST_F(ActivityTest, TellsWhatWasDone)
{
    select("a@example.com");
    clock_.advance(1s);
    work(Upserted{.remote_id = "a@example.com"});
    select("b@example.com");
    work(Rejected{"bad_email", "Brevo API error: email is not valid"});
    const auto answer = get("/crm/activity?range=24h&crm=brevo");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/bucket_seconds"), 900);
    EXPECT_EQ(answer.at("/crms").as_object().size(), 1U);
    EXPECT_EQ(answer.at("/crms/brevo/buckets").as_array().size(), 96U);
    EXPECT_EQ(answer.at("/crms/brevo/buckets/95/completed"), 1);
    EXPECT_EQ(answer.at("/crms/brevo/buckets/95/failed"), 1);
    EXPECT_EQ(answer.at("/selected_to_acknowledged/count"), 1);
    EXPECT_EQ(answer.at("/selected_to_acknowledged/p50_ms"), 1024.0);
    EXPECT_EQ(answer.at("/crms/brevo/selected_to_acknowledged"), answer.at("/selected_to_acknowledged"));
    EXPECT_EQ(get("/crm/activity?range=7d&crm=hubspot").at("/crms/hubspot/buckets").as_array().size(), 168U);
}

TEST_F(ActivityTest, WrongRangesAndCrmsAreRefused)
{
    EXPECT_EQ(detail(get("/crm/activity?range=1y&crm=zoho")),
              R"([{"field":"range","reason":"must be one of 1h, 24h, 7d"},)"
              R"({"field":"crm","reason":"must be one of brevo, hubspot, mautic, n8n"}])");
}

}  // namespace
}  // namespace crmsync::api
