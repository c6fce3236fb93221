#include "connectors/mautic/connector.h"

#include <gmock/gmock.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MauticTest : public testing::Test {
protected:
    MauticTest() : server(loop)
    {
        server.script = [this](const http::ServerRequest& request) {
            if (request.path == "/api/fields/contact") return fields;
            return http::ServerResponse{.status = 201,
                                        .body = R"({"contact":{"id":47,"fields":{"all":{"email":"a@b.io"}}}})"};
        };
    }
    Connector& connector()
    {
        if (connector_) return *connector_;
        settings["BASE_URL"] = server.url();
        connector_ = create(settings, {.executor = loop.get_executor(), .clock = clock}, warnings).value();
        return *connector_;
    }
    Outcome send(const MappedContact& contact)
    {
        auto result = test::await(loop, connector().send(std::span(&contact, 1)));
        return std::get<PerItem>(result.answer).outcomes.at(0);
    }

    asio::io_context loop{1};
    test::ScriptedServer server;
    SystemClock clock;
    Settings settings{{"USERNAME", "u"}, {"PASSWORD", "p"}, {"TAGS", "x"}};
    std::vector<std::string> warnings;
    http::ServerResponse fields{.body = R"({"total":0,"fields":[]})"};

private:
    std::unique_ptr<Connector> connector_;
};

TEST_F(MauticTest, HasTheTraitsOfItsSettings)
{
    settings["BATCH_SIZE"] = "120";
    settings["HTTP_TIMEOUT_SECONDS"] = "60";
    const ConnectorTraits& traits = connector().traits();
    EXPECT_EQ(traits.crm, Crm::mautic);
    EXPECT_EQ(traits.batch_max, 120u);
    EXPECT_GT(traits.read_back_max, 0u);
    EXPECT_EQ(traits.timeout, Duration{60s});
    for (const RateLimit& limit : traits.budget.limits) EXPECT_EQ(limit.limit, 0) << "Mautic publishes none";
}

TEST_F(MauticTest, KnowsThePageOfAContact)
{
    EXPECT_EQ(connector().page_of({.email = {}, .remote_id = "47", .second_id = {}}),
              server.url() + "/s/contacts/view/47");
    EXPECT_EQ(connector().page_of({}), std::nullopt);
}

TEST_F(MauticTest, ShowsThePayloadWithoutAsking)
{
    EXPECT_EQ(connector().payload({.email = "a@b.io", .fields = {{"page_id", "p"}, {"firstname", Cleared{}}}}),
              R"({"email":"a@b.io","page_id":"p","tags":["x"]})");
    EXPECT_TRUE(server.requests.empty());
}

TEST_F(MauticTest, LooksAtTheInstallationOnce)
{
    for (int i = 0; i < 2; ++i) EXPECT_EQ(outcome_name(send({.email = "a@b.io"})), "upserted");
    EXPECT_THAT(server.lines(),
                ElementsAre("GET /api/fields/contact", "POST /api/contacts/new", "POST /api/contacts/new"));
}

TEST_F(MauticTest, SendsWithoutTheRightToReadFields)
{
    fields = {.status = 403,
              .body = R"({"errors":[{"code":403,"message":"You do not have access to the requested area/action."}]})"};
    EXPECT_EQ(outcome_name(send({.email = "a@b.io", .fields = {{"page_id", "p"}}})), "upserted");
    EXPECT_THAT(server.requests.back().body, HasSubstr(R"("page_id":"p")"));
}

TEST_F(MauticTest, SendsNothingWhileTheApiIsOff)
{
    fields = {.status = 403, .body = R"({"errors":[{"code":403,"message":"API disabled.","type":"api_disabled"}]})"};
    EXPECT_EQ(code_of(send({.email = "a@b.io"})), "api_disabled");
    fields = {.body = R"({"total":0,"fields":[]})"};
    EXPECT_EQ(outcome_name(send({.email = "a@b.io"})), "upserted") << "looked at again";
}

TEST_F(MauticTest, NeedsSettings)
{
    const auto made = create({}, {.executor = loop.get_executor(), .clock = clock}, warnings);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("MAUTIC_BASE_URL not configured"));
}

}  // namespace
}  // namespace crmsync::mautic
