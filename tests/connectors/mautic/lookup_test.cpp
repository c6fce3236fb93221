#include "connectors/mautic/lookup.h"

#include <gmock/gmock.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(MauticLookup, KnowsIds)
{
    for (const auto* id : {"1", "47", "999999999999999999"}) EXPECT_TRUE(is_id(id)) << id;
    for (const auto* id : {"", "0", "047", "-1", "4x", "a@b.io", "9999999999999999999"}) EXPECT_FALSE(is_id(id)) << id;
}

TEST(MauticLookup, ShowsValuesAsTheyWereMapped)
{
    EXPECT_EQ(as_mapped("1", FieldType::boolean), "true");
    EXPECT_EQ(as_mapped("false", FieldType::boolean), "false");
    EXPECT_EQ(as_mapped("maybe", FieldType::boolean), "maybe");
    EXPECT_EQ(as_mapped("2026-11-20 12:30:00", FieldType::datetime), "2026-11-20T12:30:00Z");
    EXPECT_EQ(as_mapped("2026-11-20 00:00:00", FieldType::date), "2026-11-20");
    EXPECT_EQ(as_mapped("+12024561111", FieldType::phone_e164), "+12024561111");
    EXPECT_EQ(as_mapped("7", FieldType::number), "7");
}

class MauticQuestions : public testing::Test {
protected:
    MauticQuestions() : server(loop)
    {
        MauticSettings settings;
        settings.base_url = server.url();
        settings.username = settings.password = "x";
        session = Session::open(settings, {.executor = loop.get_executor(), .clock = clock}).value();
    }
    Obstacle find(std::string_view column, const std::vector<std::string>& values)
    {
        return test::await(loop, find_contacts(*session, column, values, Detail::fields, found, exchange));
    }

    asio::io_context loop{1};
    test::ScriptedServer server;
    SystemClock clock;
    std::unique_ptr<Session> session;
    std::vector<KnownContact> found;
    Exchange exchange{.calls = 0};
};

TEST_F(MauticQuestions, FitIntoRequestLines)
{
    server.script = [](const http::ServerRequest& request) {
        EXPECT_LT(request.query_value("where[0][val]")->size(), 6001u);
        return http::ServerResponse{.body = R"({"total":"1","contacts":{"47":{"id":47}}})"};
    };
    EXPECT_EQ(find("email", std::vector<std::string>(100, std::string(100, 'a') + "@b.io")), std::nullopt);
    EXPECT_EQ(exchange.calls, 2);
    EXPECT_THAT(found, SizeIs(2));
    const auto& first = server.requests.at(0);
    EXPECT_EQ(first.query_value("where[0][col]"), "email");
    EXPECT_EQ(first.query_value("where[0][expr]"), "in");
    EXPECT_EQ(first.query_value("minimal"), "1");
    EXPECT_EQ(find("email", {}), std::nullopt);
    EXPECT_EQ(exchange.calls, 2) << "nothing to ask";
}

TEST_F(MauticQuestions, SayNothingAgainstContactsWhenRefused)
{
    server.script = [](const http::ServerRequest&) {
        return http::ServerResponse{.status = 400, .body = R"({"errors":[{"code":400,"message":"x"}]})"};
    };
    const auto obstacle = find("id", {"47"});
    ASSERT_TRUE(obstacle);
    EXPECT_EQ(outcome_name(*obstacle), "transient");
}

}  // namespace
}  // namespace crmsync::mautic
