#include "simulator/control.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class ControlApi : public AccountTest {};

TEST_F(ControlApi, CountsAndLogsRequests)
{
    auto options = unlimited();
    options.log_size = 3;
    start(options);
    control(Method::put, "/settings", R"({"log_bodies":true})");
    post(R"({"email":"a@b.io","updateEnabled":true})");
    post(R"({"email":"a@b.io","updateEnabled":true})");
    post(R"({"email":"a@b.io"})");
    get("/contacts/a@b.io");
    const auto state = control(Method::get, "/state").body;
    EXPECT_EQ(state.at("brevo"),
              (json::object{
                  {"contacts", 1}, {"created", 1}, {"updated", 1}, {"deleted", 0}, {"clashes", 1}, {"duplicates", 0}}));
    EXPECT_EQ(state.at("requests").at("brevo").at("POST /contacts"),
              (json::object{{"201", 1}, {"204", 1}, {"400", 1}}));
    EXPECT_EQ(state.at("requests").at("brevo").at("GET /contacts/{identifier}"), (json::object{{"200", 1}}));
    const auto log = control(Method::get, "/requests").body.at("requests").as_array();
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log[0].at("number"), 1);
    EXPECT_EQ(log[1].at("body"), R"({"email":"a@b.io"})");
    EXPECT_EQ(log[2].at("method"), "GET");
    EXPECT_EQ(log[2].at("path"), "/brevo/v3/contacts/a@b.io");
    EXPECT_EQ(log[2].at("status"), 200);
    EXPECT_EQ(log[2].at("at"), "2026-11-20T00:00:00.000000Z");
    EXPECT_EQ(control(Method::get, "/requests?limit=1").body.at("requests").as_array().size(), 1u);
}

TEST_F(ControlApi, ShowsAContactAndHowOftenItWasWritten)
{
    start();
    post(R"({"email":"a@b.io","updateEnabled":true})");
    post(R"({"email":"a@b.io","updateEnabled":true})");
    const auto found = control(Method::get, "/contacts?email=a%40b.io").body.at("brevo");
    EXPECT_EQ(found.at("id"), 1);
    EXPECT_EQ(found.at("writes"), 2);
    EXPECT_TRUE(control(Method::get, "/contacts?email=b%40b.io").body.at("brevo").is_null());
    EXPECT_EQ(control(Method::get, "/contacts").status, 400);
}

TEST_F(ControlApi, ResetsEverythingButTheSettings)
{
    start();
    control(Method::put, "/settings", R"({"brevo":{"api_key":"k2"}})");
    faults(R"([{"effect":{"kind":"respond","status":500}}])");
    EXPECT_EQ(control(Method::post, "/reset").status, 204);
    EXPECT_EQ(post(R"({"email":"a@b.io"})").status, 401);
    EXPECT_EQ(call(Method::post, "/contacts", R"({"email":"a@b.io"})", "k2").text, R"({"id":1})");
    EXPECT_EQ(control(Method::put, "/settings", R"({"brevo":{"nonsense":1}})").status, 400);
    EXPECT_EQ(control(Method::put, "/settings", R"({"salesforce":{}})").status, 400);
    EXPECT_EQ(control(Method::get, "/nonsense").status, 404);
}

}  // namespace
}  // namespace crmsync::simulator::testing
