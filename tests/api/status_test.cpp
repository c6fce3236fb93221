#include "api/status.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class StatusTest : public ApiTest {
protected:
    /// A contact that Brevo refused.
    std::string refused(std::string_view email, std::string code = "bad_email")
    {
        const auto id = add(email);
        select(id);
        work(Rejected{std::move(code), "Brevo API error: email is not valid"});
        return id;
    }
    void select(const std::string& id)
    {
        put("/contacts/crm/select", {{"contact_ids", json::array{id}}, {"crms", json::array{"brevo"}}});
    }
};

TEST_F(StatusTest, CountsContactsByStatus)
{
    select(add("a@example.com"));
    work(Upserted{.remote_id = "a@example.com"});
    refused("b@example.com");
    add("c@example.com");
    json::object brevo{{"new", 1},      {"selected", 0}, {"queued", 0},  {"processing", 0},
                       {"complete", 1}, {"error", 1},    {"skipped", 0}, {"total_contacts", 3}};
    EXPECT_EQ(get("/contacts/brevo/status/summary").body, brevo);
    const auto all = get("/crm/status/summary");
    brevo["verification"] = {{"verified", 0}, {"drifted", 0}, {"missing", 0}, {"changed", 0}};
    EXPECT_EQ(all.at("/brevo"), brevo);
    EXPECT_EQ(all.at("/n8n/new"), 3);
    EXPECT_EQ(all.at("/total_contacts"), 3);
}

TEST_F(StatusTest, TellsAboutAContactPerCrm)
{
    const auto id = add("a@example.com");
    select(id);
    work(Transient{Transient::Scope::contact, "425", "Brevo API error: busy"});
    clock_.advance(5min);
    work(Upserted{.remote_id = "a@example.com", .warnings = {"SMS left out"}});
    const auto answer = get("/contacts/" + id + "/crm");
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.at("/brevo/state"), "completed");
    EXPECT_EQ(answer.at("/brevo/sync_status"), "Complete");
    EXPECT_EQ(answer.at("/brevo/remote_id"), "a@example.com");
    EXPECT_EQ(answer.at("/brevo/remote_url"), "https://crm.example/a@example.com");
    EXPECT_EQ(answer.at("/hubspot/remote_url"), nullptr);
    EXPECT_EQ(answer.at("/brevo/warnings"), json::array{"SMS left out"});
    EXPECT_EQ(answer.at("/brevo/last_attempt_at"), "2023-11-14T22:18:20.000000Z");
    EXPECT_EQ(answer.at("/brevo/next_attempt_at"), nullptr);
    EXPECT_EQ(answer.at("/brevo/history/0/outcome"), "upserted");
    EXPECT_EQ(answer.at("/brevo/history/1/outcome"), "transient");
    EXPECT_EQ(answer.at("/brevo/history/1/message"), "Brevo API error: busy");
    EXPECT_EQ(answer.at("/brevo/history/1/duration_ms"), 12.0);
    EXPECT_EQ(answer.at("/hubspot/state"), "idle");
    EXPECT_EQ(answer.at("/hubspot/history"), json::array());
}

TEST_F(StatusTest, ListsFailures)
{
    const auto a = refused("a@example.com");
    refused("b@example.com", "duplicate");
    const auto answer = get("/crm/status/failed?crm=brevo&cause=bad_email");
    ASSERT_EQ(answer.status, 200) << answer.text;
    ASSERT_EQ(answer.body.as_array().size(), 1U);
    EXPECT_EQ(answer.at("/0"), (json::value{{"contact_id", a},
                                            {"email", "a@example.com"},
                                            {"name", nullptr},
                                            {"crm", "brevo"},
                                            {"class", "rejected"},
                                            {"cause", "bad_email"},
                                            {"error", "Brevo API error: email is not valid"},
                                            {"retry_count", 0},
                                            {"last_attempt_at", "2023-11-14T22:13:20.000000Z"},
                                            {"dismissed", false}}));
    EXPECT_EQ(get("/crm/status/failed?limit=1").body.as_array().size(), 1U);
    EXPECT_EQ(get("/crm/status/failed?crm=n8n").body.as_array().size(), 0U);
    EXPECT_EQ(detail(get("/crm/status/failed?crm=zoho&format=xml&group_by=day")),
              R"([{"field":"crm","reason":"must be one of brevo, hubspot, mautic, n8n"},)"
              R"({"field":"format","reason":"must be one of json, csv"},)"
              R"({"field":"group_by","reason":"must be cause"}])");
}

TEST_F(StatusTest, WritesFailuresAsCsv)
{
    const auto a = refused("a@example.com");
    put("/contacts/" + a, {{"name", "=HYPERLINK(\"x\")"}});
    const std::string expected =
        "contact_id,email,name,crm,class,cause,error,retry_count,last_attempt_at,dismissed\r\n" + a +
        ",\"a@example.com\",\"'=HYPERLINK(\"\"x\"\")\",brevo,rejected,\"bad_email\","
        "\"Brevo API error: email is not valid\",0,2023-11-14T22:13:20.000000Z,false\r\n";
    const auto answer = get("/crm/status/failed?format=csv");
    EXPECT_EQ(answer.text, expected);
    EXPECT_EQ(header(answer, "Content-Type"), "text/csv; charset=utf-8");
    EXPECT_EQ(call({http::Method::get, "/api/v3/crm/status/failed", {{"Accept", "text/csv"}}, {}}).text, expected);
}

TEST_F(StatusTest, GroupsFailuresByCause)
{
    refused("a@example.com");
    refused("b@example.com");
    const auto answer = get("/crm/status/failed?group_by=cause");
    ASSERT_EQ(answer.body.as_array().size(), 1U) << answer.text;
    EXPECT_EQ(answer.at("/0/cause"), "bad_email");
    EXPECT_EQ(answer.at("/0/count"), 2);
    EXPECT_EQ(answer.at("/0/example"), "Brevo API error: email is not valid");
    EXPECT_FALSE(answer.at("/0/suggestion").as_string().empty());
}

TEST_F(StatusTest, SaysWhatACauseMeansAndWhatWouldHelp)
{
    const auto a = refused("a@example.com", "duplicate_sms");
    const auto cause = get("/crm/status/failed?group_by=cause").at("/0");
    EXPECT_EQ(cause.at("summary"), "Brevo: phone already used by another contact: 1");
    EXPECT_EQ(cause.at("kind"), "duplicate");
    EXPECT_EQ(cause.at("class"), "rejected");
    EXPECT_EQ(cause.at("example_contact_id").as_string(), std::string_view(a));
    EXPECT_EQ(cause.at("without_field"), "SMS");
    EXPECT_EQ(get("/crm/status/failed?group_by=cause&format=csv").text,
              "crm,cause,title,kind,class,count,example,suggestion\r\n"
              "brevo,\"duplicate_sms\",\"phone already used by another contact\",duplicate,rejected,1,"
              "\"Brevo API error: email is not valid\",\"" +
                  std::string(cause.at("suggestion").as_string()) + "\"\r\n");

    EXPECT_EQ(post("/contacts/brevo/retry", {{"cause", "duplicate_sms"}, {"without_fields", json::array{"SMS"}}})
                  .at("/queued_count"),
              1);
    EXPECT_EQ(get("/crm/status/failed?group_by=cause").body.as_array().size(), 0U);
}

TEST_F(StatusTest, TellsOfRetriesThatAreUsedUp)
{
    select(add("a@example.com"));
    for (int attempt = 0; attempt < 4; ++attempt) {
        work(Transient{Transient::Scope::contact, "425", "Brevo API error: busy"});
        clock_.advance(1h);
    }
    const auto cause = get("/crm/status/failed?group_by=cause").at("/0");
    EXPECT_EQ(cause.at("class"), "retries_exhausted");
    EXPECT_EQ(cause.at("kind"), "outage");
}

TEST_F(StatusTest, HidesDismissedFailuresUntilTheyFailAgain)
{
    const auto a = refused("a@example.com");
    const auto count = [&](std::string_view query) {
        return get("/crm/status/failed" + std::string(query)).body.as_array().size();
    };
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"contact_ids", json::array{a}}}).body,
              (json::value{{"updated_count", 1}, {"dismissed", true}}));
    EXPECT_EQ(count(""), 0U);
    EXPECT_EQ(count("?with_dismissed=true"), 1U);
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "Error");
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"all", true}, {"dismissed", false}}).at("/updated_count"), 1);
    EXPECT_EQ(count(""), 1U);
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"cause", "bad_email"}}).at("/updated_count"), 1);
    post("/contacts/brevo/retry", {{"contact_ids", json::array{a}}});
    work(Rejected{"bad_email", "Brevo API error: email is not valid"});
    EXPECT_EQ(count(""), 1U);
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"contact_ids", json::array()}}).at("/updated_count"), 0);
    EXPECT_EQ(detail(post("/crm/status/failed/dismiss", json::object{})),
              R"([{"field":"contact_ids","reason":"is required, or a crm, a cause, or all: true"}])");
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"crm", nullptr}}).status, 422);
    EXPECT_EQ(detail(post("/crm/status/failed/dismiss", {{"crm", "zoho"}})),
              R"([{"field":"crm","reason":"must be one of brevo, hubspot, mautic, n8n"}])");
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"crm", "hubspot"}}).at("/updated_count"), 0);
    EXPECT_EQ(post("/crm/status/failed/dismiss", {{"crm", "brevo"}}).at("/updated_count"), 1);
    EXPECT_EQ(count("?crm=brevo"), 0U);
}

TEST_F(StatusTest, ShowsWhoDidWhat)
{
    select(add("a@example.com"));
    const auto answer = get("/audit?limit=1");
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.at("/0/actor"), "api:ann");
    EXPECT_EQ(answer.at("/0/action"), "select");
    EXPECT_EQ(answer.at("/0/count"), 1);
    EXPECT_EQ(answer.at("/0/at"), "2023-11-14T22:13:20.000000Z");
}

}  // namespace
}  // namespace crmsync::api
