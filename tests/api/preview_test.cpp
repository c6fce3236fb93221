#include "api/preview.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class PreviewTest : public ApiTest {};

constexpr std::string_view nobody = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";

TEST_F(PreviewTest, PreviewsWhatWouldBeSent)
{
    const auto a = add("Ann@Example.com");
    put("/contacts/" + a, {{"name", "Ann Lee"}, {"phone_number", "no number"}});
    const auto b = add("nonsense");
    const auto answer = post("/contacts/brevo/preview", {{"contact_ids", {a, b, nobody}}});
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/not_found_count"), 1);
    EXPECT_EQ(answer.at("/delivery"), "one contact per call");
    json::value good;
    json::value bad;
    for (const auto& one : answer.at("/previews").as_array())
        (one.at("contact_id") == json::string(a) ? good : bad) = one;
    EXPECT_EQ(good.at("would_send"), true);
    EXPECT_EQ(good.at("payload"), (json::value{{"email", "ann@example.com"}, {"attributes", {{"FIRSTNAME", "Ann"}}}}));
    EXPECT_EQ(good.at("warnings").as_array().size(), 1U);
    EXPECT_EQ(good.at("unchanged_since_last_sync"), false);
    EXPECT_EQ(bad.at("would_send"), false);
    EXPECT_EQ(bad.at_pointer("/refusal/code"), "invalid_email");
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "New");

    const auto without =
        post("/contacts/brevo/preview", {{"contact_ids", {a, a}}, {"without_fields", {"SMS", "FIRSTNAME"}}});
    EXPECT_EQ(without.at("/previews/0/payload/attributes"), json::object());
    const auto unbuilt = post("/contacts/mautic/preview", {{"contact_ids", {a, b}}});
    EXPECT_EQ(unbuilt.status, 409);
    EXPECT_EQ(detail(unbuilt), "Mautic connector not built yet");
    EXPECT_EQ(detail(post("/contacts/brevo/preview", json::object{})),
              R"([{"field":"contact_ids","reason":"is required"}])");
}

TEST_F(PreviewTest, TellsWhatDiffersFromTheLastSync)
{
    const auto id = add("ann@example.com");
    put("/contacts/" + id, {{"name", "Ann Lee"}});
    const auto preview = [&] { return post("/contacts/brevo/preview", {{"contact_ids", {id}}}); };
    EXPECT_EQ(preview().at("/previews/0/changes"), nullptr) << "nothing was acknowledged yet";
    post("/contacts/crm/select", {{"contact_ids", {id}}, {"crms", {"brevo"}}});
    work(Upserted{.remote_id = "ann@example.com"});
    EXPECT_EQ(preview().at("/previews/0/changes"), json::array());
    EXPECT_EQ(preview().at("/previews/0/unchanged_since_last_sync"), true);

    put("/contacts/" + id, {{"name", "Hanna Lee"}, {"phone_number", "+1 202 555 0100"}});
    EXPECT_EQ(preview().at("/previews/0/changes"),
              (json::array{{{"field", "FIRSTNAME"}, {"change", "changed"}}, {{"field", "SMS"}, {"change", "new"}}}));
    EXPECT_EQ(preview().at("/previews/0/unchanged_since_last_sync"), false);
    put("/contacts/" + id, {{"name", nullptr}});
    EXPECT_EQ(preview().at("/previews/0/changes"),
              (json::array{{{"field", "SMS"}, {"change", "new"}}, {{"field", "FIRSTNAME"}, {"change", "gone"}}}));
}

TEST_F(PreviewTest, ExplainsWhichRuleMadeWhat)
{
    const auto a = add("ann@example.com");
    put("/contacts/" + a, {{"name", "Ann"}, {"phone_number", "no number"}});
    const auto answer = post("/contacts/brevo/preview", {{"contact_ids", {a}}, {"explain", true}});
    EXPECT_EQ(answer.at("/previews/0/fields"),
              (json::array{{{"field", "FIRSTNAME"}, {"value", "Ann"}, {"rule", "first_name"}, {"note", ""}},
                           {{"field", "SMS"},
                            {"value", nullptr},
                            {"rule", "phone as phone_e164, unique"},
                            {"note", "SMS left out: the value is not a phone number"}}}));
}

TEST_F(PreviewTest, ForecastsWhoWillMeet)
{
    const auto a = add("ann@example.com");
    const auto b = add("Ann@Example.com");
    add("bob@example.com");
    for (const json::object& body :
         {json::object{{"forecast", true}, {"all", true}}, json::object{{"forecast", true}, {"email_contains", "ann"}},
          json::object{{"forecast", true}, {"contact_ids", {a, b}}}}) {
        const auto answer = post("/contacts/brevo/preview", body);
        ASSERT_EQ(answer.status, 200) << answer.text;
        EXPECT_EQ(answer.at("/forecast/same_address/group_count"), 1);
        EXPECT_EQ(answer.at("/forecast/same_address/contact_count"), 2);
        EXPECT_EQ(answer.at("/forecast/same_address/examples/0/address"), "ann@example.com");
        EXPECT_EQ(answer.at("/forecast/same_address/examples/0/contact_ids"),
                  (json::array{std::max(a, b), std::min(a, b)}))
            << "of one age";
        EXPECT_EQ(answer.at("/forecast/same_phone/group_count"), 0);
    }
    EXPECT_EQ(post("/contacts/brevo/preview", {{"forecast", true}}).status, 422);
    EXPECT_EQ(post("/contacts/brevo/preview", {{"forecast", true}, {"all", true}, {"explain", true}}).status, 422);
}

}  // namespace
}  // namespace crmsync::api
