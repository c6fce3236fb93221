#include "connectors/brevo/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::brevo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string key = "xkeysib-1";

const MappedContact ann{.email = "ann@example.com",
                        .fields = {{"FIRSTNAME", "Ann"}, {"SMS", "+12024561111"}},
                        .remote_id = "old@example.com"};

// ---- Failures ------------------------------------------------------------------------------------------------------

struct FailureCase {
    std::string_view name;
    int status;
    std::string_view body;
    std::string_view outcome;
    std::string_view code;
    std::string_view reason;
    std::string_view repairable_field = "";
    Transient::Scope scope = Transient::Scope::crm;
};

constexpr FailureCase failures[] = {
    {"malformed e-mail", 400, R"({"code":"invalid_parameter","message":"email is not valid"})", "rejected",
     "invalid_parameter", "Brevo API error: email is not valid"},
    {"another's phone", 400,
     R"({"code":"duplicate_parameter","message":"Unable to update contact, SMS is already associated with another )"
     R"(Contact","metadata":{"duplicate_identifiers":["SMS"]}})",
     "rejected", "duplicate_sms",
     "Brevo API error: Unable to update contact, SMS is already associated with another Contact", "SMS"},
    {"another's phone, newer code", 400,
     R"({"code":"invalid_parameter","message":"taken","metadata":{"duplicate_identifiers":["sms"]}})", "rejected",
     "duplicate_sms", "Brevo API error: taken", "SMS"},
    {"another's phone, words alone", 400,
     R"({"code":"invalid_parameter","message":"Unable to update contact, SMS is already associated with another )"
     R"(Contact"})",
     "rejected", "duplicate_sms",
     "Brevo API error: Unable to update contact, SMS is already associated with another Contact", "SMS"},
    {"a code alone tells nothing", 400, R"({"code":"duplicate_parameter","message":"Contact already exist"})",
     "rejected", "duplicate_parameter", "Brevo API error: Contact already exist"},
    {"metadata comes before words", 400,
     R"({"code":"x","message":"SMS is already associated","metadata":{"duplicate_identifiers":["email"]}})", "rejected",
     "x", "Brevo API error: SMS is already associated"},
    {"malformed phone", 400, R"({"code":"invalid_parameter","message":"Invalid phone number"})", "rejected",
     "invalid_phone", "Brevo API error: Invalid phone number", "SMS"},
    {"no body", 400, "", "rejected", "http_400", "Brevo API error: HTTP 400"},
    {"wrong key", 401, R"({"message":"Key not found","code":"unauthorized"})", "unauthorized", "wrong_key",
     "Brevo API error: Key not found (check BREVO_API_KEY)"},
    {"unknown address", 401,
     R"({"code":"unauthorized","message":"We have detected you are using an unrecognised IP address 192.0.2.1"})",
     "unauthorized", "ip_not_authorized",
     "Brevo API error: We have detected you are using an unrecognised IP address 192.0.2.1 (add this machine's IP "
     "address at app.brevo.com/security/authorised_ips)"},
    {"no credits", 402, R"({"code":"not_enough_credits","message":"Credits are gone"})", "unauthorized", "no_credits",
     "Brevo API error: Credits are gone (the Brevo account needs credits)"},
    {"no right", 403, R"({"code":"permission_denied","message":"No"})", "unauthorized", "no_permission",
     "Brevo API error: No (the key or the plan lacks the right to contacts)"},
    {"new account", 403, R"({"code":"account_under_validation","message":"Wait"})", "unauthorized",
     "account_under_validation", "Brevo API error: Wait (Brevo has to validate the account first)"},
    {"unknown contact", 404, R"({"code":"document_not_found","message":"Contact does not exist"})", "rejected",
     "document_not_found", "Brevo API error: Contact does not exist"},
    {"another server", 404, "<html>nginx</html>", "transient", "not_brevo",
     "Brevo API error: HTTP 404 (check BREVO_API_BASE_URL)"},
    {"contact busy", 425, R"({"code":"invalid_parameter","message":"Too early"})", "transient", "425",
     "Brevo API error: Too early", "", Transient::Scope::contact},
    {"account busy", 400, R"({"code":"account_in_process","message":"Busy"})", "transient", "account_in_process",
     "Brevo API error: Busy", "", Transient::Scope::contact},
    {"too fast", 429, R"({"code":"too_many_requests","message":"Too many requests"})", "throttled", "throttled",
     "Brevo API error: Too many requests"},
    {"gateway", 502, "<html>Bad gateway</html>", "transient", "http_502", "Brevo API error: HTTP 502"},
    {"fault with words", 500, R"({"code":"internal","message":"Oops"})", "transient", "http_500",
     "Brevo API error: Oops"},
    {"redirect", 302, "", "transient", "http_302", "Brevo API error: HTTP 302"},
    {"success without an id", 201, "{}", "transient", "malformed_answer",
     "Brevo API error: HTTP 201 without an acknowledgement"},
    {"success of a login page", 200, "<html>", "transient", "malformed_answer",
     "Brevo API error: HTTP 200 without an acknowledgement"},
};

class Failures : public testing::TestWithParam<FailureCase> {};

TEST_P(Failures, AgreeWithTheTable)
{
    const FailureCase& c = GetParam();
    const Outcome outcome = failure({.status = c.status, .body = std::string(c.body)}, &ann, key);
    EXPECT_EQ(outcome_name(outcome), c.outcome) << c.name;
    EXPECT_EQ(code_of(outcome), c.code) << c.name;
    EXPECT_EQ(reason_of(outcome), c.reason) << c.name;
    if (const auto* rejected = std::get_if<Rejected>(&outcome))
        EXPECT_EQ(rejected->repairable_field.value_or(""), c.repairable_field) << c.name;
    if (const auto* transient = std::get_if<Transient>(&outcome)) EXPECT_EQ(transient->scope, c.scope) << c.name;
}

INSTANTIATE_TEST_SUITE_P(All, Failures, testing::ValuesIn(failures));

TEST(BrevoFailure, CannotBeRepairedByAFieldThatWasNotSent)
{
    const MappedContact bare{.email = "a@b.co"};
    const Outcome outcome = failure(
        {.status = 400, .body = R"({"code":"invalid_parameter","message":"Invalid phone number"})"}, &bare, key);
    EXPECT_EQ(std::get<Rejected>(outcome).repairable_field, std::nullopt);
}

TEST(BrevoFailure, HidesKeyAndAddresses)
{
    const Outcome outcome =
        failure({.status = 400, .body = R"({"code":"x","message":"xkeysib-1: Ann@Example.com was old@example.com"})"},
                &ann, key);
    EXPECT_EQ(reason_of(outcome), "Brevo API error: ***: *** was ***");
}

TEST(BrevoFailure, WaitsAsLongAsTheHeaderSays)
{
    const auto wait = [](http::Headers headers) {
        return std::get<Throttled>(failure({.status = 429, .headers = std::move(headers)}, nullptr, key)).retry_after;
    };
    EXPECT_EQ(wait({}), std::nullopt);
    EXPECT_EQ(wait({{"x-sib-ratelimit-reset", "17"}}), Duration{17s});
    EXPECT_EQ(wait({{"x-sib-ratelimit-reset", "0"}}), Duration{1s});
    EXPECT_EQ(wait({{"x-sib-ratelimit-reset", "1763640000"}}), Duration{1h});
    EXPECT_EQ(wait({{"Retry-After", "4"}}), Duration{4s});
}

// ---- Acknowledgements ----------------------------------------------------------------------------------------------

TEST(BrevoAcknowledgement, TakesTheIdWhenItComes)
{
    const auto created = acknowledgement({.status = 201, .body = R"({"id":122})"}, "a@b.co");
    ASSERT_TRUE(created);
    EXPECT_EQ(created->change, Upserted::Change::created);
    EXPECT_EQ(created->remote_id, "a@b.co");
    EXPECT_EQ(created->second_id, "122");
    const auto updated = acknowledgement({.status = 204}, "a@b.co");
    ASSERT_TRUE(updated);
    EXPECT_EQ(updated->change, Upserted::Change::updated);
    EXPECT_EQ(updated->second_id, std::nullopt);
}

TEST(BrevoAcknowledgement, IsNoneWithoutAnId)
{
    for (const std::string_view body : {"", "{}", "null", "[]", R"({"id":"x"})", R"({"id":0})", R"({"id":-1})",
                                        R"({"id":1.5})", R"({"id":12)", "<html>", R"({"code":"x","message":"y"})"})
        for (const int status : {200, 201, 202})
            EXPECT_FALSE(acknowledgement({.status = status, .body = std::string(body)}, "a@b.co")) << status << body;
    EXPECT_FALSE(acknowledgement({.status = 400, .body = R"({"id":1})"}, "a@b.co"));
}

// ---- The rest ------------------------------------------------------------------------------------------------------

TEST(BrevoComplaint, IsReadWhereThereIsOne)
{
    const auto complaint =
        parse_complaint(R"({"code":"c","message":"m","metadata":{"duplicate_identifiers":["SMS",1,"email"]}})");
    ASSERT_TRUE(complaint);
    EXPECT_EQ(complaint->code, "c");
    EXPECT_EQ(complaint->message, "m");
    EXPECT_THAT(complaint->duplicates, ElementsAre("SMS", "email"));
    for (const std::string_view body : {"", "{}", "[]", "\"x\"", "{\"code\":1}", "<html>"})
        EXPECT_FALSE(parse_complaint(body)) << body;
}

TEST(BrevoLimits, AreReadFromTheHeaders)
{
    const auto limits = limits_of({{"X-Sib-RateLimit-Limit", "10"},
                                   {"x-sib-ratelimit-remaining", "7"},
                                   {"x-sib-ratelimit-reset", "1"},
                                   {"x-sib-ratelimit-limit", "36000"},
                                   {"x-sib-ratelimit-remaining", "35990"},
                                   {"x-sib-ratelimit-reset", "99999"}});
    ASSERT_EQ(limits.size(), 2u);
    EXPECT_EQ(limits[0].limit, 10);
    EXPECT_EQ(limits[0].remaining, 7);
    EXPECT_EQ(limits[0].reset, Duration{1s});
    EXPECT_EQ(limits[1].limit, 36'000);
    EXPECT_EQ(limits[1].remaining, 35'990);
    EXPECT_EQ(limits[1].reset, Duration{1h});
    EXPECT_THAT(limits_of({{"x-sib-ratelimit-limit", "10"}}), IsEmpty());
    EXPECT_THAT(limits_of({{"x-sib-ratelimit-limit", "many"}, {"x-sib-ratelimit-remaining", ""}}), IsEmpty());
}

TEST(BrevoAddressTaken, IsToldByMetadataOrWords)
{
    const auto taken = [](std::string body) { return is_address_taken({.status = 400, .body = std::move(body)}); };
    EXPECT_TRUE(taken(R"({"code":"x","message":"","metadata":{"duplicate_identifiers":["email"]}})"));
    EXPECT_TRUE(
        taken(R"({"code":"x","message":"Unable to update contact, email is already associated with another"})"));
    EXPECT_FALSE(taken(R"({"code":"duplicate_parameter","message":"SMS is already associated"})"));
    EXPECT_FALSE(taken("oops"));
}

}  // namespace
}  // namespace crmsync::brevo
