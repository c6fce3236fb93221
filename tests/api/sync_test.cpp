#include "api/sync.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class SyncTest : public ApiTest {};

constexpr std::string_view nobody = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";

TEST_F(SyncTest, QueuesABatch)
{
    const auto a = add("a@example.com");
    const auto b = add("b@example.com");
    const auto c = add("c@example.com");
    put("/contacts/crm/select", {{"contact_ids", {b}}, {"crms", {"brevo"}}});
    put("/contacts/crm/select", {{"contact_ids", {c}}, {"crms", {"brevo"}}, {"action", "skip"}});
    const auto answer = post("/contacts/brevo/sync/batch", {{"contact_ids", {a, b, c, nobody}}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, (json::value{{"queued_count", 1},
                                        {"already_queued_count", 1},
                                        {"skipped_count", 1},
                                        {"not_found_count", 1},
                                        {"message", "Queued 1 contact for Brevo sync"}}));
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "Queued");
    EXPECT_EQ(detail(post("/contacts/brevo/sync/batch", {{"only_changed", 1}})),
              R"([{"field":"contact_ids","reason":"is required"},)"
              R"({"field":"only_changed","reason":"must be true or false"}])");
}

TEST_F(SyncTest, QueuesByFilter)
{
    const auto a = add("a@example.com");
    const auto b = add("b@example.org");
    const auto answer = post("/contacts/n8n/sync/filtered", {{"email_contains", ".org"}, {"only_changed", true}});
    EXPECT_EQ(answer.at("/queued_count"), 1);
    EXPECT_EQ(column_of(a, "n8n_sync_status"), "New");
    EXPECT_EQ(column_of(b, "n8n_sync_status"), "Queued");
    EXPECT_EQ(post("/contacts/n8n/sync/filtered", json::object{}).at("/already_queued_count"), 1);
}

TEST_F(SyncTest, TriesFailedOnesAgain)
{
    const auto a = add("a@example.com");
    const auto b = add("b@example.com");
    put("/contacts/crm/select", {{"contact_ids", {a}}, {"crms", {"brevo"}}});
    work(Rejected{"duplicate_sms", "Brevo API error: SMS is taken"});
    put("/contacts/crm/select", {{"contact_ids", {b}}, {"crms", {"brevo"}}});
    work(Rejected{"invalid_phone", "Brevo API error: no phone"});

    const auto preview = post("/contacts/brevo/retry", {{"cause", "invalid_phone"}, {"preview", true}});
    EXPECT_EQ(preview.at("/queued_count"), 1);
    EXPECT_EQ(preview.at("/message"), "1 contact would be tried again");
    EXPECT_EQ(column_of(b, "brevo_sync_status"), "Error");

    const auto by_cause = post("/contacts/brevo/retry", {{"cause", "invalid_phone"}, {"without_fields", {"SMS"}}});
    EXPECT_EQ(by_cause.at("/message"), "Queued 1 contact for another try");
    EXPECT_EQ(column_of(b, "brevo_sync_status"), "Queued");
    EXPECT_EQ(get("/contacts/" + b + "/crm").at("/brevo/without_fields"), json::array{"SMS"});

    EXPECT_EQ(post("/contacts/brevo/retry", {{"contact_ids", {a, nobody}}}).at("/not_found_count"), 1);
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "Queued");
    EXPECT_EQ(post("/contacts/brevo/retry", {{"email_contains", "a@"}}).at("/already_queued_count"), 1);
    EXPECT_EQ(post("/contacts/brevo/retry", {{"all", true}}).at("/queued_count"), 0);
}

TEST_F(SyncTest, LeavesOutOnlyFieldsThatAreMapped)
{
    const auto a = add("a@example.com");
    put("/contacts/crm/select", {{"contact_ids", {a}}, {"crms", {"brevo"}}});
    work(Rejected{"duplicate_sms", "Brevo API error: SMS is taken"});
    for (const std::string path : {"retry", "preview"}) {
        const auto answer =
            post("/contacts/brevo/" + path, {{"contact_ids", {a}}, {"without_fields", {"SMSS", "SMS"}}});
        EXPECT_EQ(answer.status, 422) << path;
        EXPECT_EQ(detail(answer), R"([{"field":"without_fields","reason":)"
                                  R"("names SMSS, but what can be left out is FIRSTNAME, SMS"}])");
    }
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "Error");
}

TEST_F(SyncTest, WantsToKnowWhatToRetry)
{
    EXPECT_EQ(detail(post("/contacts/brevo/retry", json::object{})),
              R"([{"field":"contact_ids","reason":"is required, or filter fields, a cause, or all: true"}])");
    EXPECT_EQ(detail(post("/contacts/brevo/retry", {{"all", true}, {"email_contains", "a"}})),
              R"([{"field":"contact_ids","reason":"goes neither with filter fields nor with all"}])");
}

}  // namespace
}  // namespace crmsync::api
