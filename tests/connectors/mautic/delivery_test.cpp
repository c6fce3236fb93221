#include "connectors/mautic/delivery.h"

#include <gmock/gmock.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;

class MauticDelivery : public testing::Test {
protected:
    MauticDelivery() : server(loop)
    {
        MauticSettings settings;
        settings.base_url = server.url();
        settings.username = settings.password = "x";
        session = Session::open(settings, {.executor = loop.get_executor(), .clock = clock}).value();
    }
    SendResult run(const std::vector<MappedContact>& contacts)
    {
        return test::await(loop, Delivery(*session, terms, contacts).run({.calls = 0}));
    }
    static std::vector<std::string> codes(const SendResult& result)
    {
        std::vector<std::string> out;
        for (const Outcome& outcome : std::get<PerItem>(result.answer).outcomes)
            out.emplace_back(std::holds_alternative<Upserted>(outcome) ? "upserted" : code_of(outcome));
        return out;
    }
    void answer(int status, std::string body)
    {
        server.script = [=](const http::ServerRequest&) {
            return http::ServerResponse{.status = status, .body = body};
        };
    }

    asio::io_context loop{1};
    test::ScriptedServer server;
    SystemClock clock;
    std::unique_ptr<Session> session;
    Terms terms;
    const std::vector<MappedContact> two{{.email = "a@b.io"}, {.email = "c@d.io"}};
};

TEST_F(MauticDelivery, TrustsStatusCodesAndAddressesAlone)
{
    // Values of one contact have been seen in the record of another: an answer for another address is none.
    answer(201, R"({"contacts":{"0":{"id":1,"fields":{"all":{"email":"c@d.io"}}}},"statusCodes":[201,201]})");
    const SendResult result = run(two);
    EXPECT_THAT(codes(result), ElementsAre("no_answer", "upserted"));
    EXPECT_EQ(std::get<Upserted>(std::get<PerItem>(result.answer).outcomes[1]).remote_id, "1");
    answer(201, R"({"contact":{"id":1,"fields":{"all":{"email":"other@d.io"}}}})");
    EXPECT_THAT(codes(run({{.email = "a@b.io"}})), ElementsAre("malformed_answer"));
}

TEST_F(MauticDelivery, SurvivesAnswersOfEveryKind)
{
    for (const std::string_view body :
         {"", "<html>", "{\"contacts\":", "[]", "7", R"({"contacts":7,"statusCodes":"x"})",
          R"({"contacts":[],"statusCodes":[]})", R"({"contacts":[[]],"statusCodes":{}})",
          R"({"contact":{"id":99999999999999999999}})", R"({"contacts":{},"statusCodes":[201,201,201,201]})"}) {
        for (const int status : {200, 201, 204, 500}) {
            SCOPED_TRACE(std::string(body) + " " + std::to_string(status));
            answer(status, std::string(body));
            for (const auto& code : codes(run(two))) EXPECT_NE(code, "upserted");
            for (const auto& code : codes(run({{.email = "a@b.io"}}))) EXPECT_NE(code, "upserted");
        }
    }
}

TEST_F(MauticDelivery, EndsWhereTheLimitIsOdd)
{
    // A limit that is no smaller than what was refused must not make an endless loop.
    answer(500, R"({"errors":[{"code":500,"message":"A max of 200 entities are supported at a time."}]})");
    EXPECT_THAT(codes(run(two)), ElementsAre("http_500", "http_500"));
    EXPECT_EQ(server.requests.size(), 2u) << "the batch, then one alone";
}

TEST_F(MauticDelivery, StopsWhenMauticFallsIllOnTheWay)
{
    int singles = 0;
    server.script = [&](const http::ServerRequest& request) {
        const bool batch = request.path.ends_with("/batch/new");
        if (batch || ++singles > 2)
            return http::ServerResponse{.status = 500, .body = R"({"errors":[{"code":500,"message":"crash"}]})"};
        const std::string email = singles == 1 ? "0@b.io" : "9@b.io";
        return http::ServerResponse{.status = 201,
                                    .body = R"({"contact":{"id":1,"fields":{"all":{"email":")" + email + R"("}}}})"};
    };
    std::vector<MappedContact> ten;
    for (int i = 0; i < 10; ++i) ten.push_back({.email = std::to_string(i) + "@b.io"});
    const SendResult result = run(ten);
    EXPECT_EQ(result.exchange.calls, 5);
    const auto& outcomes = std::get<PerItem>(result.answer).outcomes;
    EXPECT_EQ(outcome_name(outcomes.front()), "upserted");
    EXPECT_EQ(outcome_name(outcomes.back()), "upserted");
    for (std::size_t i = 1; i < 9; ++i) EXPECT_EQ(std::get<Transient>(outcomes[i]).scope, Transient::Scope::crm) << i;
}

TEST_F(MauticDelivery, AsksOnceWhereEveryoneWaitsInVain)
{
    terms.batch_limit = 1;
    answer(503, "<html>");
    EXPECT_THAT(codes(run(two)), ElementsAre("http_503", "http_503"));
    EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(MauticDelivery, AsksNothingOfContactsThatCannotBeSent)
{
    EXPECT_THAT(codes(run({{.email = "a&b@c.io"}})), ElementsAre("invalid_email"));
    EXPECT_TRUE(server.requests.empty());
}

}  // namespace
}  // namespace crmsync::mautic
