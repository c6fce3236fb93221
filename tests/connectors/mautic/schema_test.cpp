#include "connectors/mautic/schema.h"

#include <gmock/gmock.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MauticSchema : public testing::Test {
protected:
    MauticSchema() : server(loop)
    {
        MauticSettings settings;
        settings.base_url = server.url();
        settings.username = settings.password = "x";
        session = Session::open(settings, {.executor = loop.get_executor(), .clock = clock}).value();
        server.script = [this](const http::ServerRequest& request) {
            const auto special = answers.find(std::string(to_string(request.method)) + " " + request.path);
            if (special != answers.end()) return special->second;
            return http::ServerResponse{.body = R"({"total":1,"fields":{"2":{"alias":"firstname","type":"text"}}})"};
        };
    }
    Obstacle look(bool create, std::optional<std::int64_t> segment = {})
    {
        const FieldMapping mapping{.rules = {{SourceField::first_name, "firstname"}, {SourceField::page_id, "page"}}};
        return test::await(loop, look_up(*session, mapping, segment, create, schema, report, exchange));
    }

    asio::io_context loop{1};
    test::ScriptedServer server;
    SystemClock clock;
    std::unique_ptr<Session> session;
    std::map<std::string, http::ServerResponse> answers;
    Schema schema;
    SetupReport report;
    Exchange exchange{.calls = 0};
};

TEST_F(MauticSchema, ComparesWithoutCreating)
{
    EXPECT_EQ(look(false), std::nullopt);
    EXPECT_THAT(report.present, ElementsAre("firstname"));
    EXPECT_THAT(report.missing, ElementsAre("page"));
    EXPECT_THAT(report.created, IsEmpty());
    EXPECT_EQ(exchange.calls, 1);
}

TEST_F(MauticSchema, ReadsAllPages)
{
    server.script = [](const http::ServerRequest& request) {
        const bool first = request.query_value("start") == "0";
        return http::ServerResponse{.body = first
                                                ? R"({"total":2,"fields":{"1":{"alias":"page","type":"text"}}})"
                                                : R"({"total":2,"fields":{"2":{"alias":"firstname","type":"text"}}})"};
    };
    EXPECT_EQ(look(false), std::nullopt);
    EXPECT_THAT(report.missing, IsEmpty());
    EXPECT_EQ(exchange.calls, 2);
}

TEST_F(MauticSchema, TellsWhyAFieldCouldNotBeCreated)
{
    answers["POST /api/fields/contact/new"] = {
        .status = 400, .body = R"({"errors":[{"code":400,"message":"alias: too long","details":{"alias":["x"]}}]})"};
    EXPECT_EQ(look(true), std::nullopt);
    EXPECT_THAT(report.problems,
                ElementsAre(HasSubstr("page could not be created: Mautic API error: alias: too long")));
    EXPECT_EQ(exchange.calls, 2) << "nothing changed: nothing to read again";
}

TEST_F(MauticSchema, MeetsOthersWhoCreateTheSame)
{
    answers["POST /api/fields/contact/new"] = {
        .status = 400,
        .body = R"({"errors":[{"code":400,"message":"alias: Another field is already using this alias."}]})"};
    EXPECT_EQ(look(true), std::nullopt);
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(exchange.calls, 3);
}

TEST_F(MauticSchema, IsAnObstacleWhenUnread)
{
    answers["GET /api/fields/contact"] = {.status = 503, .body = "<html>"};
    const auto obstacle = look(true, 3);
    ASSERT_TRUE(obstacle);
    EXPECT_EQ(code_of(*obstacle), "http_503");
}

TEST_F(MauticSchema, BelievesInASegmentUntilMauticDeniesIt)
{
    answers["GET /api/segments/3"] = {.status = 403, .body = "{}"};
    EXPECT_EQ(look(false, 3), std::nullopt);
    EXPECT_TRUE(schema.has_segment);
    answers["GET /api/segments/3"] = {.status = 404,
                                      .body = R"({"errors":[{"code":404,"message":"Item was not found."}]})"};
    EXPECT_EQ(look(false, 3), std::nullopt);
    EXPECT_FALSE(schema.has_segment);
    EXPECT_THAT(report.problems, ElementsAre(HasSubstr("MAUTIC_SEGMENT_ID")));
}

}  // namespace
}  // namespace crmsync::mautic
