#include "simulator/faults.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class Faults : public AccountTest {
protected:
    static std::string contact(int i)
    {
        return R"({"email":"c)" + std::to_string(i) + R"(@b.io","updateEnabled":true})";
    }
    std::int64_t contacts()
    {
        return control(Method::get, "/state").body.at("brevo").at("contacts").to_number<std::int64_t>();
    }
};

struct Effect {
    const char* name;
    const char* effect;
    int status;
    const char* text;
    int contacts;
};

class FaultEffects : public Faults, public ::testing::WithParamInterface<Effect> {};

TEST_P(FaultEffects, AreWhatTheyClaim)
{
    timeout_ = 100ms;
    start();
    faults(std::string(R"([{"match":{"crm":"brevo","method":"POST","path":"/contacts"},"times":1,"effect":)") +
           GetParam().effect + "}]");
    const auto reply = post(contact(1));
    EXPECT_EQ(reply.status, GetParam().status);
    EXPECT_THAT(reply.text, HasSubstr(GetParam().text));
    EXPECT_EQ(contacts(), GetParam().contacts);
    EXPECT_EQ(post(contact(1)).status, GetParam().contacts == 1 ? 204 : 201);
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultEffects,
    ::testing::Values(Effect{"server_error", R"({"kind":"respond","status":503})", 503, R"({"code":"internal_error")",
                             0},
                      Effect{"own_body", R"({"kind":"respond","status":500,"body":"<html>"})", 500, "<html>", 0},
                      Effect{"json_body", R"({"kind":"respond","status":402,"body":{"a":1}})", 402, R"({"a":1})", 0},
                      Effect{"too_early", R"({"kind":"respond","status":425})", 425, "account_in_process", 0},
                      Effect{"rate", R"({"kind":"rate_limited","retry_after_s":7})", 429, "too_many_requests", 0},
                      Effect{"key", R"({"kind":"unauthorized"})", 401, "Key not found", 0},
                      Effect{"address", R"({"kind":"ip_unauthorized"})", 401, "unrecognised IP address 127.0.0.1", 0},
                      Effect{"reset_before", R"({"kind":"reset_before"})", 0, "", 0},
                      Effect{"reset_after", R"({"kind":"reset_after"})", 0, "", 1},
                      Effect{"close_before", R"({"kind":"close_before"})", 0, "", 0},
                      Effect{"never", R"({"kind":"never"})", 0, "", 0},
                      Effect{"never_after", R"({"kind":"never_after"})", 0, "", 1}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(Faults, CarryHeaders)
{
    start();
    faults(R"([{"effect":{"kind":"respond","status":477,"headers":{"Retry-After":"3600"}},"times":1},)"
           R"({"effect":{"kind":"rate_limited","retry_after_s":7}}])");
    EXPECT_EQ(post(contact(1)).number("retry-after"), 3600);
    const auto limited = post(contact(1));
    EXPECT_EQ(limited.number("x-sib-ratelimit-reset"), 7);
    EXPECT_EQ(limited.number("x-sib-ratelimit-remaining"), 0);
    EXPECT_EQ(control(Method::delete_, "/faults").status, 204);
    EXPECT_EQ(post(contact(1)).status, 201);
}

TEST_F(Faults, TellPagesFromJson)
{
    start();
    faults(R"([{"effect":{"kind":"respond","status":502,"body":"<html>"},"times":1},)"
           R"({"effect":{"kind":"respond","status":502},"times":1}])");
    EXPECT_EQ(post(contact(1)).headers.find("content-type"), "text/html");
    EXPECT_EQ(post(contact(1)).headers.find("content-type"), "application/json");
}

TEST_F(Faults, HitTheChosenContactsOnly)
{
    start();
    faults(R"([{"match":{"email":"c3@"},"effect":{"kind":"respond","status":500}},)"
           R"({"match":{"email":"C4@"},"effect":{"kind":"reject"}},)"
           R"({"match":{"path":"/account"},"effect":{"kind":"respond","status":502}}])");
    EXPECT_EQ(post(contact(1)).status, 201);
    EXPECT_EQ(post(contact(3)).status, 500);
    EXPECT_EQ(get("/contacts/c3@b.io").status, 500);
    const auto rejected = post(contact(4));
    EXPECT_EQ(rejected.status, 400);
    EXPECT_EQ(rejected.code(), "invalid_parameter");
    EXPECT_EQ(get("/account").status, 502);
}

TEST_F(Faults, RejectSingleRowsOfAnImport)
{
    start();
    faults(R"([{"match":{"email":"bad"},"effect":{"kind":"reject"}}])");
    call(Method::post, "/contacts/import",
         R"({"listIds":[1],"jsonBody":[{"email":"bad@b.io"},{"email":"good@b.io"}]})");
    EXPECT_EQ(get("/contacts/good@b.io").status, 200);
    EXPECT_EQ(get("/contacts/bad@b.io").status, 404);
}

TEST_F(Faults, HitTheSameShareOfContactsEveryTime)
{
    start();
    faults(R"([{"match":{"share":0.3,"seed":42,"by":"contact"},"effect":{"kind":"respond","status":500}}])");
    int hit = 0;
    for (int i = 0; i < 200; ++i) {
        const int first = post(contact(i)).status;
        hit += first == 500;
        EXPECT_EQ(post(contact(i)).status == 500, first == 500);
    }
    EXPECT_GT(hit, 30);
    EXPECT_LT(hit, 90);
}

TEST_F(Faults, HitAShareOfRequestsThatTheSeedFixes)
{
    start();
    const std::string rule = R"([{"match":{"share":0.5,"seed":7},"effect":{"kind":"respond","status":500}}])";
    const auto pattern = [&] {
        faults(rule);
        std::string seen;
        for (int i = 0; i < 40; ++i) seen += post(contact(1)).status == 500 ? 'x' : '.';
        return seen;
    };
    const auto first = pattern();
    EXPECT_EQ(pattern(), first);
    EXPECT_THAT(first, HasSubstr("x"));
    EXPECT_THAT(first, HasSubstr("."));
}

TEST_F(Faults, SkipAndStop)
{
    start();
    faults(R"([{"skip":1,"times":2,"effect":{"kind":"respond","status":500}}])");
    std::string seen;
    for (int i = 0; i < 5; ++i) seen += std::to_string(post(contact(1)).status) + " ";
    EXPECT_EQ(seen, "201 500 500 204 204 ");
    EXPECT_EQ(control(Method::get, "/state").body.at("faults").at(0).at("hits"), 2);
}

TEST_F(Faults, DropAttributes)
{
    start();
    faults(R"([{"effect":{"kind":"drop_attributes","attributes":["LASTNAME"]},"match":{"method":"POST"}}])");
    EXPECT_EQ(post(R"({"email":"a@b.io","attributes":{"FIRSTNAME":"A","LASTNAME":"L"}})").status, 201);
    EXPECT_EQ(attributes("a@b.io"), (json::object{{"FIRSTNAME", "A"}}));
}

TEST_F(Faults, DelayByTheClock)
{
    start();
    faults(R"([{"match":{"method":"POST"},"effect":{"latency_ms":500}}])");
    std::optional<Reply> reply;
    http::testing::Signal answered(loop_.context);
    http::Request request{
        .method = Method::post, .target = "/brevo/v3/contacts", .headers = {{"api-key", "k"}}, .body = contact(1)};
    asio::co_spawn(loop_.context, send(std::move(request)), [&](std::exception_ptr, Reply got) {
        reply = std::move(got);
        answered.set();
    });
    loop_.context.restart();
    while (!clock_.until_next()) loop_.context.run_one();
    EXPECT_FALSE(reply);
    EXPECT_EQ(clock_.until_next(), Duration{500ms});
    clock_.advance(500ms);
    loop_.run(answered.wait());
    EXPECT_EQ(reply->status, 201);
}

TEST_F(Faults, AreRefusedWhenMisspelt)
{
    start();
    for (const auto* rules :
         {"{}", "[1]", R"([{"efect":{}}])", R"([{"effect":{"kind":"explode"}}])", R"([{"effect":{"latency":5}}])",
          R"([{"match":{"method":"FETCH"}}])", R"([{"match":{"share":2}}])", R"([{"match":{"by":"day"}}])",
          R"([{"times":"two"}])", R"([{"effect":{"status":99}}])", "nonsense"}) {
        const auto reply = control(Method::put, "/faults", rules);
        EXPECT_EQ(reply.status, 400) << rules;
        EXPECT_NE(reply.member("detail"), "") << rules;
    }
}

}  // namespace
}  // namespace crmsync::simulator::testing
