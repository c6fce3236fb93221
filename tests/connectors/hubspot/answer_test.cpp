#include "connectors/hubspot/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::hubspot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Instant noon = parse_rfc3339("2026-11-20T12:00:00Z").value();

Context context() { return {.now = noon, .utc_offset = -5h, .remedy = "check HUBSPOT_API_KEY", .secrets = {"pat-1"}}; }

http::Response answer(int status, std::string body, http::Headers headers = {})
{
    return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}
std::string error(std::string_view category, std::string_view message, std::string_view more = {})
{
    return R"({"status":"error","category":")" + std::string(category) + R"(","message":")" + std::string(message) +
           '"' + std::string(more) + "}";
}

// ---- Whole calls ---------------------------------------------------------------------------------------------------

struct Failure {
    const char* name;
    int status;
    std::string body;
    std::string_view outcome;
    std::string_view code;
};

const Failure failures[] = {
    {"validation", 400, error("VALIDATION_ERROR", "no"), "rejected", "validation_error"},
    {"conflict", 409, error("CONFLICT", "no"), "rejected", "conflict"},
    {"not a word", 400, "", "rejected", "http_400"},
    {"wrong token", 401, error("INVALID_AUTHENTICATION", "no"), "unauthorized", "wrong_token"},
    {"expired", 401, error("EXPIRED_AUTHENTICATION", "expired 75 second(s) ago."), "unauthorized", "expired_token"},
    {"malformed", 401,
     error("EXPIRED_AUTHENTICATION", "expired 20543 day(s) ago.", R"(,"context":{"expire time":["1970-01-01T0Z"]})"),
     "unauthorized", "malformed_token"},
    {"scopes", 403, error("MISSING_SCOPES", "no"), "unauthorized", "missing_scopes"},
    {"another server", 404, "<html>", "transient", "not_hubspot"},
    {"locked", 423, error("LOCKED", "no"), "transient", "locked"},
    {"too many", 429, error("RATE_LIMITS", "no"), "throttled", "throttled"},
    {"migration", 477, "", "throttled", "throttled"},
    {"overload", 500, error("RATE_LIMITS", "no"), "throttled", "throttled"},
    {"fault", 500, error("INTERNAL_ERROR", "no"), "transient", "http_500"},
    {"gateway", 502, "<html>", "transient", "http_502"},
    {"edge", 524, "<html>", "transient", "http_524"},
    {"empty success", 200, "", "transient", "malformed_answer"},
};

TEST(HubSpotAnswer, TellsWhatFailuresMean)
{
    for (const Failure& c : failures) {
        const Outcome outcome = failure(answer(c.status, c.body), context());
        EXPECT_EQ(outcome_name(outcome), c.outcome) << c.name;
        EXPECT_EQ(code_of(outcome), c.code) << c.name;
        EXPECT_THAT(std::string(reason_of(outcome)), HasSubstr("HubSpot API error: ")) << c.name;
    }
}

TEST(HubSpotAnswer, KeepsOneContactsTroubleFromTheCrm)
{
    EXPECT_EQ(std::get<Transient>(failure(answer(423, ""), context())).scope, Transient::Scope::contact);
    EXPECT_EQ(std::get<Transient>(failure(answer(521, ""), context())).scope, Transient::Scope::crm);
}

TEST(HubSpotAnswer, NamesTheScopesThatAreMissing)
{
    const auto refused = failure(
        answer(403, error("MISSING_SCOPES", "no",
                          R"(,"errors":[{"message":"x","context":{"requiredGranularScopes":["crm.a","crm.b"]}}])")),
        context());
    EXPECT_THAT(std::string(reason_of(refused)), HasSubstr("scopes crm.a, crm.b"));
    EXPECT_THAT(std::string(reason_of(failure(answer(401, ""), context()))), HasSubstr("check HUBSPOT_API_KEY"));
    const std::string many = "pat-1\\n" + std::string(5000, 'x');
    const auto odd = failure(
        answer(403, error("MISSING_SCOPES", "no", R"(,"context":{"requiredGranularScopes":[")" + many + "\"]}")),
        context());
    EXPECT_LT(reason_of(odd).size(), 500u);
    EXPECT_THAT(std::string(reason_of(odd)), Not(HasSubstr("pat-1")));
    EXPECT_THAT(std::string(reason_of(odd)), Not(HasSubstr("\n")));
}

TEST(HubSpotAnswer, WaitsAsThePolicySays)
{
    const auto wait = [](std::string_view policy, http::Headers headers = {}) {
        const std::string more = R"(,"policyName":")" + std::string(policy) + '"';
        return std::get<Throttled>(failure(answer(429, error("RATE_LIMITS", "no", more), headers), context()))
            .retry_after;
    };
    EXPECT_EQ(wait("TEN_SECONDLY_ROLLING"), Duration{10s});
    EXPECT_EQ(wait("SECONDLY"), Duration{1s});
    EXPECT_EQ(wait("DAILY"), Duration{17h}) << "07:00 there: until midnight";
    EXPECT_EQ(wait("ANOTHER"), Duration{10s});
    EXPECT_EQ(wait("DAILY", {{"Retry-After", "60"}}), Duration{60s});
    const auto migrated = failure(answer(477, "", {{"Retry-After", "86400"}}), context());
    EXPECT_EQ(std::get<Throttled>(migrated).retry_after, Duration{24h});
}

TEST(HubSpotAnswer, KnowsWhereMidnightLies)
{
    const Instant day = std::chrono::floor<std::chrono::days>(noon);
    EXPECT_EQ(until_midnight(day + 12h, 0h), Duration{12h});
    EXPECT_EQ(until_midnight(day + 12h, 11h), Duration{1h});
    EXPECT_EQ(until_midnight(day + 12h, -11h), Duration{23h});
    EXPECT_EQ(until_midnight(day + 10min, 0h), Duration{50min}) << "their clocks may have been changed";
    EXPECT_EQ(until_midnight(day, 0h), Duration{1h});
}

TEST(HubSpotAnswer, KnowsWhichTokensANewOneReplaces)
{
    EXPECT_TRUE(is_expired(answer(401, failures[4].body)));
    EXPECT_FALSE(is_expired(answer(401, failures[5].body)));
    EXPECT_FALSE(is_expired(answer(401, failures[3].body)));
    EXPECT_FALSE(is_expired(answer(403, failures[4].body)));
    EXPECT_FALSE(is_expired(answer(401, "")));
}

TEST(HubSpotAnswer, ReadsTheWindowsOfTheHeaders)
{
    const http::Headers headers{{"X-HubSpot-RateLimit-Max", "190"},
                                {"X-HubSpot-RateLimit-Remaining", "150"},
                                {"X-HubSpot-RateLimit-Interval-Milliseconds", "10000"},
                                {"X-HubSpot-RateLimit-Daily", "625000"},
                                {"X-HubSpot-RateLimit-Daily-Remaining", "600000"}};
    const auto limits = limits_of(headers, context());
    ASSERT_EQ(limits.size(), 2u);
    EXPECT_EQ(limits[0].limit, 190);
    EXPECT_EQ(limits[0].remaining, 150);
    EXPECT_EQ(limits[1].limit, 625'000);
    EXPECT_EQ(limits[1].remaining, 600'000);
    EXPECT_EQ(limits[1].reset, Duration{17h});
    for (const char* odd : {"", "x", "-1", "99999999999999999999"})
        EXPECT_THAT(limits_of({{"X-HubSpot-RateLimit-Max", odd}, {"X-HubSpot-RateLimit-Remaining", odd}}, context()),
                    IsEmpty());
}

// ---- Inputs of a batch ---------------------------------------------------------------------------------------------

TEST(HubSpotAnswer, ReadsABatch)
{
    const auto batch =
        parse_batch(R"({"status":"COMPLETE","numErrors":1,"results":[)"
                    R"({"id":"33451","new":true,"objectWriteTraceId":"1","properties":{"email":"a@b.io","phone":null,)"
                    R"("hs_additional_emails":"x@b.io;y@b.io","hs_email_optout":"true"}},{"id":"7"}],)"
                    R"("errors":[{"category":"CONFLICT","message":"Contact already exists. Existing ID: 123",)"
                    R"("context":{"objectWriteTraceId":["2"]}}]})");
    ASSERT_TRUE(batch);
    ASSERT_EQ(batch->results.size(), 2u);
    EXPECT_EQ(batch->results[0].id, "33451");
    EXPECT_EQ(batch->results[0].created, true);
    EXPECT_TRUE(batch->results[0].has_address("Y@b.io"));
    EXPECT_TRUE(batch->results[0].has_address("a@b.io"));
    EXPECT_FALSE(batch->results[0].has_address("z@b.io"));
    EXPECT_TRUE(batch->results[0].opted_out);
    EXPECT_EQ(batch->results[0].properties.size(), 3u) << "none without a value";
    EXPECT_EQ(batch->results[1].created, std::nullopt);
    EXPECT_THAT(batch->errors[0].trace_ids, ElementsAre("2"));
    EXPECT_EQ(batch->errors[0].existing_record(), "123");
}

TEST(HubSpotAnswer, LivesWithAnyAnswer)
{
    for (const char* body : {"", " ", "null", "[]", "<html>", "{\"results\":[", "{}", R"({"results":{}})"})
        EXPECT_FALSE(parse_batch(body)) << body;
    for (const char* odd : {R"({"results":[]})", R"({"results":[1,null,"x",{}]})", R"({"results":[{"id":7}]})",
                            R"({"results":[{"id":""}]})", R"({"results":[{"id":"x"}]})",
                            R"({"results":[{"id":"1234567890123456789012"}]})", R"({"results":[],"errors":{}})",
                            R"({"results":[],"errors":[1,null]})"}) {
        const auto batch = parse_batch(odd);
        ASSERT_TRUE(batch) << odd;
        EXPECT_THAT(batch->results, IsEmpty()) << odd;
    }
    EXPECT_FALSE(parse_complaint(R"({"category":1,"message":[]})"));
    EXPECT_FALSE(parse_complaint("{}"));
    const auto complaint = parse_complaint(R"({"message":"[[[","context":{"ids":{}},"errors":[1,{"context":1}]})");
    ASSERT_TRUE(complaint);
    EXPECT_THAT(complaint->values, IsEmpty());
    EXPECT_EQ(complaint->existing_record(), std::nullopt);
}

Complaint complaint(std::string_view body) { return parse_complaint(body).value(); }

TEST(HubSpotAnswer, NamesTheValueToLeaveOut)
{
    const MappedContact ann{.email = "ann@example.com", .fields = {{"stage", "hot"}}};
    const auto values = [](const char* name, const char* code) {
        return complaint(
            R"({"category":"VALIDATION_ERROR","message":"Property values were not valid: [{\"isValid\":false,)"
            R"(\"message\":\"Value of Ann@example.com\",\"error\":\")" +
            std::string(code) + R"(\",\"name\":\")" + name + R"(\"}]"})");
    };
    const auto option = std::get<Rejected>(item_failure(values("stage", "INVALID_OPTION"), ann, context()));
    EXPECT_EQ(option.repairable_field, "stage");
    EXPECT_EQ(option.code, "invalid_option");
    EXPECT_EQ(option.reason, "HubSpot API error: stage: Value of ***");
    const auto address = std::get<Rejected>(item_failure(values("email", "INVALID_EMAIL"), ann, context()));
    EXPECT_EQ(address.repairable_field, std::nullopt);
    EXPECT_EQ(address.code, "invalid_email");
    Complaint both = values("stage", "INVALID_OPTION");
    both.values.push_back({.property = "email", .code = "INVALID_EMAIL", .message = "no"});
    EXPECT_EQ(std::get<Rejected>(item_failure(both, ann, context())).code, "invalid_email")
        << "without the option it would be refused all the same";
}

TEST(HubSpotAnswer, TellsWhatErrorsOfInputsMean)
{
    const MappedContact ann{.email = "ann@example.com"};
    const auto meaning = [&](const char* category) {
        return item_failure(complaint(error(category, "about pat-1 and ann@example.com")), ann, context());
    };
    EXPECT_EQ(code_of(meaning("OBJECT_NOT_FOUND")), "object_not_found");
    EXPECT_EQ(outcome_name(meaning("VALIDATION_ERROR")), "rejected");
    EXPECT_EQ(outcome_name(meaning("CONFLICT")), "rejected");
    EXPECT_EQ(code_of(meaning("no word at all")), "unknown_error");
    EXPECT_EQ(outcome_name(meaning("RATE_LIMITS")), "throttled");
    for (const char* unknown : {"", "INTERNAL_ERROR"}) {
        const Outcome outcome = meaning(unknown);
        EXPECT_EQ(std::get<Transient>(outcome).scope, Transient::Scope::contact);
        EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("ann@")));
        EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("pat-1")));
    }
}

TEST(HubSpotAnswer, ReadsTheAccount)
{
    const auto account =
        parse_account(R"({"portalId":12345678,"timeZone":"US/Eastern","utcOffsetMilliseconds":-18000000})");
    ASSERT_TRUE(account);
    EXPECT_EQ(account->name, "12345678 (US/Eastern)");
    EXPECT_EQ(account->utc_offset, Duration{-5h});
    EXPECT_EQ(account->contact_pages, "https://app.hubspot.com/contacts/12345678/record/0-1/");
    EXPECT_EQ(parse_account(R"({"portalId":1,"uiDomain":"app-eu1.hubspot.com"})")->contact_pages,
              "https://app-eu1.hubspot.com/contacts/1/record/0-1/");
    for (const auto* host : {"evil.example", "evil.example/.hubspot.com", "hubspot.com"})
        EXPECT_EQ(parse_account(R"({"portalId":1,"uiDomain":")" + std::string(host) + R"("})")->contact_pages,
                  "https://app.hubspot.com/contacts/1/record/0-1/");
    EXPECT_EQ(parse_account(R"({"portalId":1,"utcOffsetMilliseconds":99999999999})")->utc_offset, Duration{0});
    EXPECT_EQ(parse_account(R"({"portalId":1,"utcOffsetMilliseconds":-9223372036854775808})")->utc_offset, Duration{0});
    for (const char* body : {"", "[]", "{}", R"({"portalId":"x"})"}) EXPECT_FALSE(parse_account(body)) << body;
}

TEST(HubSpotAnswer, KnowsARecordId)
{
    EXPECT_TRUE(is_record_id("33451"));
    for (const char* other : {"", "x", "1 ", "-1", "ann@example.com", "123456789012345678901"})
        EXPECT_FALSE(is_record_id(other)) << other;
}

}  // namespace
}  // namespace crmsync::hubspot
