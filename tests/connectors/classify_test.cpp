#include "connectors/classify.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

// ---- Answers -------------------------------------------------------------------------------------------------------

struct StatusCase {
    int status;
    std::string_view outcome;
    std::string_view code;
    Transient::Scope scope = Transient::Scope::crm;
};

class Statuses : public testing::TestWithParam<StatusCase> {};

TEST_P(Statuses, AgreeWithTheTable)
{
    const StatusCase& c = GetParam();
    const Outcome outcome = classify(http::Response{.status = c.status}, "", "why");
    EXPECT_EQ(outcome_name(outcome), c.outcome);
    EXPECT_EQ(code_of(outcome), c.code);
    EXPECT_EQ(reason_of(outcome), "why");
    if (const auto* transient = std::get_if<Transient>(&outcome)) EXPECT_EQ(transient->scope, c.scope);
}

INSTANTIATE_TEST_SUITE_P(
    All, Statuses,
    testing::Values(StatusCase{200, "transient", "http_200"}, StatusCase{204, "transient", "http_204"},
                    StatusCase{301, "transient", "http_301"}, StatusCase{400, "rejected", "http_400"},
                    StatusCase{401, "unauthorized", "http_401"}, StatusCase{403, "unauthorized", "http_403"},
                    StatusCase{404, "rejected", "http_404"}, StatusCase{408, "transient", "http_408"},
                    StatusCase{409, "rejected", "http_409"}, StatusCase{422, "rejected", "http_422"},
                    StatusCase{425, "transient", "http_425", Transient::Scope::contact},
                    StatusCase{429, "throttled", "throttled"}, StatusCase{500, "transient", "http_500"},
                    StatusCase{502, "transient", "http_502"}, StatusCase{503, "transient", "http_503"},
                    StatusCase{599, "transient", "http_599"}, StatusCase{777, "transient", "http_777"}));

TEST(Classify, PrefersTheCodeOfTheCrm)
{
    EXPECT_EQ(code_of(classify(http::Response{.status = 400}, "invalid_parameter", "why")), "invalid_parameter");
}

TEST(Classify, TakesNoSentencesForCodes)
{
    for (const std::string& code : {std::string("two words"), std::string("a\0b", 3), std::string(61, 'x'),
                                    std::string("ann@example.com"), std::string("xkeysib-1")})
        EXPECT_EQ(code_of(classify(http::Response{.status = 400}, code, "why")), "http_400") << code;
}

// ---- No answer -----------------------------------------------------------------------------------------------------

struct ErrorCase {
    ErrorCode error;
    std::string_view code;
    Transient::Scope scope;
};

class Errors : public testing::TestWithParam<ErrorCase> {};

TEST_P(Errors, AreTransient)
{
    const Outcome outcome = classify(Error{GetParam().error, "talking to x:443: refused"}, Crm::brevo, {});
    const auto& transient = std::get<Transient>(outcome);
    EXPECT_EQ(transient.code, GetParam().code);
    EXPECT_EQ(transient.scope, GetParam().scope);
}

INSTANTIATE_TEST_SUITE_P(All, Errors,
                         testing::Values(ErrorCase{ErrorCode::timeout, "timeout", Transient::Scope::crm},
                                         ErrorCase{ErrorCode::unavailable, "unreachable", Transient::Scope::crm},
                                         ErrorCase{ErrorCode::invalid, "unreadable_answer", Transient::Scope::crm},
                                         ErrorCase{ErrorCode::cancelled, "cancelled", Transient::Scope::contact}));

TEST(Classify, CallsARefusedTokenUnauthorized)
{
    const Outcome outcome = classify(Error{ErrorCode::denied, "no access token for key-123"}, Crm::mautic, {"KEY-123"});
    EXPECT_EQ(outcome_name(outcome), "unauthorized");
    EXPECT_EQ(code_of(outcome), "token_refused");
    EXPECT_EQ(reason_of(outcome), "Mautic API error: no access token for ***");
}

// ---- Retry-After ---------------------------------------------------------------------------------------------------

struct RetryCase {
    http::Headers headers;
    std::optional<Duration> expected;
};

class RetryAfter : public testing::TestWithParam<RetryCase> {};

TEST_P(RetryAfter, IsReadInBothForms) { EXPECT_EQ(retry_after_of(GetParam().headers), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    All, RetryAfter,
    testing::Values(
        RetryCase{{}, std::nullopt}, RetryCase{{{"Retry-After", "7"}}, 7s}, RetryCase{{{"retry-after", "0"}}, 0s},
        RetryCase{{{"Retry-After", "-3"}}, 0s}, RetryCase{{{"Retry-After", "99999999"}}, 24h * 7},
        RetryCase{{{"Retry-After", "soon"}}, std::nullopt},
        RetryCase{{{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Retry-After", "Sun, 06 Nov 1994 08:51:00 GMT"}}, 83s},
        RetryCase{{{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"}}, 0s},
        RetryCase{{{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}},
                  24h * 7},
        RetryCase{{{"Retry-After", "Sun, 06 Nov 1994 08:51:00 GMT"}}, std::nullopt}));

TEST(Classify, TakesRetryAfterFromAThrottle)
{
    const Outcome outcome = classify({.status = 429, .headers = {{"Retry-After", "9"}}}, "", "");
    EXPECT_EQ(std::get<Throttled>(outcome).retry_after, Duration{9s});
}

// ---- Words ---------------------------------------------------------------------------------------------------------

TEST(ApiError, ReadsLikeTheErrorColumn)
{
    EXPECT_EQ(api_error(Crm::brevo, "email is not valid", {}), "Brevo API error: email is not valid");
    EXPECT_EQ(api_error(Crm::hubspot, " two\r\n lines\x01 ", {}), "HubSpot API error: two lines");
}

TEST(ApiError, NeverHoldsASecret)
{
    EXPECT_EQ(
        api_error(Crm::brevo, "key xkeysib-1 of Ann@Example.com, ann@example.com", {"xkeysib-1", "ann@example.com"}),
        "Brevo API error: key *** of ***, ***");
    EXPECT_EQ(api_error(Crm::brevo, "nothing", {"", "n"}), "Brevo API error: nothing");
}

TEST(ApiError, LeavesWordsThatHoldAShortSecretAsTheyAre)
{
    EXPECT_EQ(api_error(Crm::brevo,
                        "the company key Any, any1 (any) m\xC3\xA9"
                        "any",
                        {"any"}),
              "Brevo API error: the company key ***, any1 (***) m\xC3\xA9"
              "any");
    EXPECT_EQ(api_error(Crm::brevo, "xkeysib-1xkeysib-1s", {"xkeysib-1"}), "Brevo API error: ******s");
}

TEST(ApiError, IsBounded)
{
    EXPECT_EQ(api_error(Crm::n8n, std::string(9999, 'x'), {}), "n8n API error: " + std::string(300, 'x'));
}

}  // namespace
}  // namespace crmsync
