#include "connectors/mautic/answer.h"

#include <gmock/gmock.h>

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const MappedContact ann{.email = "ann@example.com", .fields = {{"firstname", "Ann"}, {"plan", "x"}}};
const Instant now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};

std::string complaint(int code, std::string_view message, std::string_view type = "", std::string_view details = "[]")
{
    return R"({"errors":[{"code":)" + std::to_string(code) + R"(,"message":")" + std::string(message) +
           R"(","details":)" + std::string(details) + R"(,"type":)" +
           (type.empty() ? "null" : "\"" + std::string(type) + "\"") + "}]}";
}

struct Case {
    int status;
    std::string body;
    std::string_view outcome;
    std::string_view code;
    std::string_view reason;
    Caller::Login login = Caller::Login::oauth;
};

class MauticFailure : public testing::TestWithParam<Case> {};

TEST_P(MauticFailure, IsToldForWhatItIs)
{
    const http::Response response{.status = GetParam().status, .headers = {}, .body = GetParam().body};
    const Outcome outcome = failure(response, &ann, {}, {.login = GetParam().login, .secrets = {"s3cret"}}, now);
    EXPECT_EQ(outcome_name(outcome), GetParam().outcome);
    EXPECT_EQ(code_of(outcome), GetParam().code);
    EXPECT_THAT(std::string(reason_of(outcome)), HasSubstr(GetParam().reason));
    EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("ann@example.com")));
    EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("s3cret")));
}

INSTANTIATE_TEST_SUITE_P(
    All, MauticFailure,
    testing::Values(
        Case{400, complaint(400, "email: ann@example.com is invalid.", "", R"({"email":["is invalid."]})"), "rejected",
             "invalid_email", "Mautic API error: email: *** is invalid."},
        Case{400, complaint(400, "plan: This value is not valid.", "", R"({"plan":["x"]})"), "rejected", "invalid_plan",
             "This value is not valid."},
        Case{422, complaint(422, "email: The value must be unique."), "transient", "must_be_unique", "unique"},
        Case{422, complaint(422, "x"), "rejected", "http_422", "x"},
        Case{422, complaint(422, "x", "", R"({"no alias":["x"]})"), "rejected", "http_422", "x"},
        Case{403, complaint(403, "API disabled. You need to", "api_disabled"), "unauthorized", "api_disabled",
             "Configuration > API Settings, then clear Mautic's cache"},
        Case{403, complaint(403, "Basic Auth disabled. You need to", "access_denied"), "unauthorized",
             "basic_auth_disabled", "MAUTIC_CLIENT_ID", Caller::Login::basic},
        Case{403, complaint(403, "You do not have access to the requested area/action."), "unauthorized",
             "no_permission", "role"},
        Case{401, complaint(401, "Authorization denied, invalid credentials.", "access_denied"), "unauthorized",
             "wrong_password", "MAUTIC_PASSWORD", Caller::Login::basic},
        Case{401, complaint(401, "The access token provided is invalid.", "invalid_grant"), "unauthorized",
             "token_refused", "MAUTIC_CLIENT_SECRET"},
        Case{500, complaint(500, "Looks like I encountered an error s3cret"), "transient", "http_500", "***"},
        Case{500, "<html>oops</html>", "transient", "http_500", "HTTP 500"},
        Case{404, "<html>nginx</html>", "transient", "not_mautic", "check MAUTIC_BASE_URL"},
        Case{404, complaint(404, "Requested URL not found: /api/contacts/new"), "transient", "not_mautic", "URL"},
        Case{400, R"({"error":{"code":400,"message":"old form"}})", "rejected", "http_400", "old form"},
        Case{400, R"({"error":"invalid_request","error_description":"raw form"})", "rejected", "http_400", "raw form"},
        Case{201, "{}", "transient", "malformed_answer", "without an acknowledgement"},
        Case{302, "", "transient", "http_302", "HTTP 302"}, Case{429, "", "throttled", "throttled", "HTTP 429"}));

TEST(MauticAnswer, NamesTheFieldToLeaveOut)
{
    const auto repairable = [](std::string_view details) {
        const http::Response response{.status = 400, .headers = {}, .body = complaint(400, "x", "", details)};
        return std::get<Rejected>(failure(response, &ann, {}, {}, now)).repairable_field;
    };
    EXPECT_EQ(repairable(R"({"plan":["This value is not valid."]})"), "plan");
    EXPECT_EQ(repairable(R"({"email":["nope is invalid."]})"), std::nullopt);
    EXPECT_EQ(repairable("[]"), std::nullopt);
}

TEST(MauticAnswer, WaitsUntilTheWindowEnds)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    http::Response response{.status = 429, .headers = {{"X-RateLimit-Reset", std::to_string(seconds + 90)}}};
    const auto wait = [&] { return std::get<Throttled>(failure(response, &ann, {}, {}, now)).retry_after; };
    EXPECT_EQ(wait(), Duration{90s});
    response.headers = {{"X-RateLimit-Reset", "12"}};
    EXPECT_EQ(wait(), Duration{1s}) << "the window has ended";
    response.headers = {{"X-RateLimit-Reset", "9223372036854775807"}};
    EXPECT_EQ(wait(), Duration{1h});
    response.headers = {{"Retry-After", "7"}};
    EXPECT_EQ(wait(), Duration{7s});
}

TEST(MauticAnswer, ReadsLimitsWhereThereAreAny)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto limits = limits_of({{"X-RateLimit-Limit", "1000"},
                                   {"X-RateLimit-Remaining", "998"},
                                   {"X-RateLimit-Reset", std::to_string(seconds + 60)}},
                                  now);
    ASSERT_EQ(limits.size(), 1u);
    EXPECT_EQ(limits[0].limit, 1000);
    EXPECT_EQ(limits[0].remaining, 998);
    EXPECT_EQ(limits[0].reset, Duration{60s});
    EXPECT_TRUE(limits_of({}, now).empty());
    EXPECT_TRUE(limits_of({{"X-RateLimit-Limit", "x"}, {"X-RateLimit-Remaining", "1"}}, now).empty());
}

std::string contact(int id, std::string_view email)
{
    return R"({"id":)" + std::to_string(id) + R"(,"fields":{"core":{},"all":{"id":")" + std::to_string(id) +
           R"(","email":")" + std::string(email) + R"("}},"doNotContact":[]})";
}

const std::vector<std::string> emails{"a@b.io", "c@d.io", "e@f.io"};

struct Shape {
    std::string_view name;
    std::string body;
};

class MauticBatch : public testing::TestWithParam<Shape> {};

TEST_P(MauticBatch, IsReadByPositionInEveryShape)
{
    const auto told = parse_batch(GetParam().body, emails);
    ASSERT_TRUE(told);
    EXPECT_THAT(*told, ElementsAre(testing::Field(&Told::status, 200), testing::Field(&Told::status, 400),
                                   testing::Field(&Told::status, 201)));
    EXPECT_EQ((*told)[0].contact->id, 47);
    EXPECT_FALSE((*told)[0].complaint);
    EXPECT_FALSE((*told)[1].contact);
    EXPECT_EQ((*told)[1].complaint->message, "email: nope is invalid.");
    EXPECT_EQ((*told)[2].contact->id, 48);
}

const std::string refusal =
    R"({"code":400,"message":"email: nope is invalid.","details":{"email":["nope is invalid."]},"type":null})";

INSTANTIATE_TEST_SUITE_P(
    All, MauticBatch,
    testing::Values(Shape{"objects",
                          R"({"contacts":{"0":)" + contact(47, "A@b.io") + R"(,"2":)" + contact(48, "e@f.io") +
                              R"(},"statusCodes":{"0":200,"1":400,"2":201},"errors":{"1":)" + refusal + "}}"},
                    Shape{"lists", R"({"contacts":[)" + contact(47, "a@b.io") + "," + contact(48, "e@f.io") +
                                       R"(],"statusCodes":[200,400,201],"errors":[null,)" + refusal + "]}"},
                    Shape{"shuffled", R"({"contacts":[)" + contact(48, "e@f.io") + "," + contact(47, "a@b.io") +
                                          R"(],"statusCodes":["200","400","201"],"errors":{"1":)" + refusal + "}}"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(MauticBatchAnswer, MayBeShorterThanTheRequest)
{
    const auto told = parse_batch(R"({"contacts":[],"statusCodes":[201]})", emails);
    ASSERT_TRUE(told);
    EXPECT_EQ((*told)[0].status, 201);
    EXPECT_FALSE((*told)[0].contact);
    EXPECT_EQ((*told)[1].status, 0);
    const Outcome outcome = failure((*told)[1], ann, {});
    EXPECT_EQ(std::get<Transient>(outcome).scope, Transient::Scope::contact);
    EXPECT_EQ(code_of(outcome), "no_answer");
}

TEST(MauticBatchAnswer, TellsOfEachContactForItself)
{
    const auto outcome_of = [](int status, std::string message) {
        return failure(Told{.status = status, .complaint = Complaint{.code = status, .message = std::move(message)}},
                       ann, {});
    };
    EXPECT_EQ(outcome_name(outcome_of(400, "x")), "rejected");
    EXPECT_EQ(outcome_name(outcome_of(403, "You do not have access")), "unauthorized");
    EXPECT_EQ(code_of(outcome_of(422, "email: The value must be unique.")), "must_be_unique");
    EXPECT_EQ(std::get<Transient>(outcome_of(500, "x")).scope, Transient::Scope::contact);
    EXPECT_EQ(outcome_name(failure(Told{.status = 201, .complaint = Complaint{.code = 400}}, ann, {})), "rejected")
        << "an error is one, whatever the status says";
}

TEST(MauticAnswer, IsNeverTrustedBlindly)
{
    std::string deep(100'000, '[');
    for (const std::string& body :
         {std::string{}, std::string("<html>"), std::string("{\"contacts\":{\"0\":"), std::string("[]"),
          std::string("null"), std::string("7"), deep, std::string(R"({"contact":[]})"),
          std::string(R"({"contact":{"id":"x"}})"), std::string(R"({"contact":{"id":-1}})"),
          std::string(R"({"contact":{"id":1e300,"fields":{"all":7}}})"),
          std::string(R"({"contacts":7,"statusCodes":7})"), std::string(R"({"errors":[[]]})"),
          std::string(R"({"errors":[{"code":99999999999999999999,"message":[]}]})")}) {
        SCOPED_TRACE(body.substr(0, 60));
        EXPECT_FALSE(parse_contact(body));
        EXPECT_FALSE(parse_batch(body, emails));
        EXPECT_FALSE(parse_list(body));
        EXPECT_NE(outcome_name(failure({.status = 200, .headers = {}, .body = body}, &ann, {}, {}, now)), "upserted");
        EXPECT_FALSE(batch_limit_in({.status = 500, .headers = {}, .body = body}));
    }
    const auto odd = parse_batch(R"({"contacts":{"0":[],"x":{"id":3}},"statusCodes":{"0":1e300,"1":"2x","2":[]},
                                     "errors":"none"})",
                                 emails);
    ASSERT_TRUE(odd);
    for (const Told& told : *odd) EXPECT_EQ(told.status, 0);
}

TEST(MauticAnswer, ShowsWhatAContactHolds)
{
    const auto contact = parse_contact(R"({"contact":{"id":"47","fields":{"all":{"id":"47","email":"A@b.io",
        "firstname":null,"lastname":"","points":12,"score":7.0,"ratio":1.5,"paid":true}},
        "doNotContact":[{"channel":"sms","reason":1},{"channel":"email","reason":1}]}})");
    ASSERT_TRUE(contact);
    EXPECT_EQ(contact->id, 47);
    EXPECT_EQ(contact->email, "A@b.io");
    EXPECT_EQ(contact->value("firstname"), nullptr);
    EXPECT_EQ(contact->value("lastname"), nullptr);
    EXPECT_EQ(*contact->value("points"), "12");
    EXPECT_EQ(*contact->value("score"), "7");
    EXPECT_EQ(*contact->value("ratio"), "1.5");
    EXPECT_EQ(*contact->value("paid"), "true");
    EXPECT_TRUE(contact->opted_out);
}

TEST(MauticAnswer, KnowsWhatItRefusedAsAWhole)
{
    const http::Response full{
        .status = 500, .headers = {}, .body = complaint(500, "A max of 100 entities are supported at a time.")};
    EXPECT_EQ(batch_limit_in(full), 100u);
    const http::Response crash{.status = 500, .headers = {}, .body = complaint(500, "Looks like")};
    EXPECT_EQ(batch_limit_in(crash), std::nullopt);
    EXPECT_TRUE(is_crash(crash));
    EXPECT_FALSE(is_crash({.status = 500, .headers = {}, .body = "<html>"}));
    EXPECT_TRUE(is_not_found({.status = 404, .headers = {}, .body = complaint(404, "Item was not found.")}));
    EXPECT_FALSE(is_not_found({.status = 404, .headers = {}, .body = complaint(404, "Requested URL not found: /x")}));
}

}  // namespace
}  // namespace crmsync::mautic
