#include "connectors/n8n/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/normalise.h"

namespace crmsync::n8n {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<MappedContact> contacts(std::uint8_t count)
{
    std::vector<MappedContact> all(count);
    for (std::uint8_t i = 0; i < count; ++i) {
        all[i].contact_id.bytes[15] = static_cast<std::uint8_t>(i + 1);
        all[i].email = "c" + std::to_string(i + 1) + "@example.com";
    }
    return all;
}
const std::string id_of_first = "00000000-0000-0000-0000-000000000001";
const std::string id_of_second = "00000000-0000-0000-0000-000000000002";

http::Response response(int status, std::string body, std::string type = "application/json; charset=utf-8")
{
    return {.status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)};
}

Outcome one(const http::Response& answer, bool gone_for_long = false)
{
    const auto all = contacts(1);
    return std::get<PerItem>(read_answer(answer, all, gone_for_long, {"s3cret", "c1@example.com"})).outcomes.at(0);
}

// ---- One contact ---------------------------------------------------------------------------------------------------

struct AnswerCase {
    std::string name;
    http::Response response;
    std::string outcome;
    std::string code = {};
    std::string remote_id = {};
    bool against_crm = true;
};

class N8nAnswers : public testing::TestWithParam<AnswerCase> {};

TEST_P(N8nAnswers, AreReadForWhatTheyAre)
{
    const AnswerCase& c = GetParam();
    const Outcome outcome = one(c.response);
    EXPECT_EQ(outcome_name(outcome), c.outcome) << reason_of(outcome);
    EXPECT_EQ(code_of(outcome), c.code);
    EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("s3cret")));
    if (const auto* upserted = std::get_if<Upserted>(&outcome)) EXPECT_EQ(upserted->remote_id, c.remote_id);
    if (const auto* transient = std::get_if<Transient>(&outcome))
        EXPECT_EQ(transient->scope == Transient::Scope::crm, c.against_crm);
}

std::string results(const std::string& members)
{
    return R"({"executionId":"7","results":[{"contact_id":")" + id_of_first + "\"," + members + "}]}";
}

const std::string text_type = "text/html; charset=utf-8";

INSTANTIATE_TEST_SUITE_P(
    All, N8nAnswers,
    testing::Values(
        // Deliveries.
        AnswerCase{"started", response(200, R"({"message":"Workflow was started"})"), "upserted"},
        AnswerCase{"execution", response(202, R"({"executionId":"2700","ok":true})"), "upserted", "", "2700"},
        AnswerCase{"number", response(200, R"({"execution_id":2700})"), "upserted", "", "2700"},
        AnswerCase{"first item", response(200, R"([{"executionId":"9"},{"executionId":"10"}])"), "upserted", "", "9"},
        AnswerCase{"odd id", response(200, R"({"executionId":{"a":1}})"), "upserted"},
        AnswerCase{"long id", response(200, R"({"executionId":")" + std::string(201, '9') + "\"}"), "upserted"},
        AnswerCase{"id with NUL", response(200, R"({"executionId":"a\u0000b"})"), "upserted"},
        AnswerCase{"no body", response(200, "", ""), "upserted"},
        AnswerCase{"text", response(200, "ok", text_type), "upserted"},
        AnswerCase{"no data", response(200, R"({"message":"Workflow executed successfully but no data was returned"})"),
                   "upserted"},
        AnswerCase{"empty list", response(200, "[]"), "upserted"},
        // What only looks like one.
        AnswerCase{"starting", response(200, "n8n is starting up. Please wait", text_type), "transient", "starting_up"},
        AnswerCase{"filtered", response(200, R"({"message":"Webhook call received"})"), "rejected", "filtered"},
        AnswerCase{"login page", response(200, "<!DOCTYPE html><html>", text_type), "transient", "not_n8n"},
        AnswerCase{"cut", response(200, R"({"executionId":"27)"), "transient", "malformed_answer"},
        AnswerCase{"deep", response(200, std::string(100'000, '[')), "transient", "malformed_answer"},
        AnswerCase{"no list", response(200, R"({"results":7})"), "transient", "malformed_answer"},
        // Results.
        AnswerCase{"result ok", response(200, results(R"("status":"ok")")), "upserted", "", "7"},
        AnswerCase{"own execution", response(200, results(R"("status":"Created","execution_id":8)")), "upserted", "",
                   "8"},
        AnswerCase{"result 204", response(200, results(R"("status":204)")), "upserted", "", "7"},
        AnswerCase{"result error", response(200, results(R"("status":"error","error":"no c1@example.com s3cret")")),
                   "rejected", "workflow_error"},
        AnswerCase{"result 422", response(200, results(R"("status":422)")), "rejected", "workflow_error"},
        AnswerCase{"error alone", response(200, results(R"("error":"bad")")), "rejected", "workflow_error"},
        AnswerCase{"result 503", response(200, results(R"("status":503)")), "transient", "workflow_retry", "", false},
        AnswerCase{"later", response(200, results(R"("status":"retry")")), "transient", "workflow_retry", "", false},
        AnswerCase{"unknown", response(200, results(R"("status":"maybe")")), "transient", "unknown_result", "", false},
        AnswerCase{"huge status", response(200, results(R"("status":1e300)")), "transient", "unknown_result", "",
                   false},
        AnswerCase{"lacking", response(200, R"({"results":[]})"), "transient", "no_result", "", false},
        AnswerCase{"strangers", response(200, R"({"results":[7,null,{"contact_id":7},{"contact_id":"x"}]})"),
                   "transient", "no_result", "", false},
        // Refusals.
        AnswerCase{"plain 403", response(403, "Authorization data is wrong!", ""), "unauthorized", "wrong_secret"},
        AnswerCase{"plain 401", response(401, "Authorization is required!", ""), "unauthorized", "wrong_secret"},
        AnswerCase{"token", response(403, "jwt expired", ""), "unauthorized", "wrong_secret"},
        AnswerCase{"address", response(403, "IP is not allowed to access the webhook!", ""), "unauthorized",
                   "ip_not_allowed"},
        AnswerCase{"inactive",
                   response(404, R"({"code":404,"message":"The requested webhook \"POST x\" is not registered."})"),
                   "transient", "webhook_not_registered"},
        AnswerCase{"method",
                   response(404, R"({"code":404,"message":"This webhook is not registered for POST requests. )"
                                 R"(Did you mean to make a GET request?"})"),
                   "unauthorized", "wrong_method"},
        AnswerCase{"proxy", response(404, "<html>", text_type), "transient", "webhook_not_registered"},
        AnswerCase{"parse", response(422, R"({"code":422,"message":"Failed to parse request body"})"), "rejected",
                   "http_422"},
        AnswerCase{"large", response(413, "<html>", text_type), "rejected", "http_413"},
        AnswerCase{"workflow", response(500, R"({"message":"Error in workflow"})"), "transient", "http_500"},
        AnswerCase{"misbuilt",
                   response(500, R"({"code":0,"message":"No Respond to Webhook node found in the workflow"})"),
                   "unauthorized", "workflow_misbuilt"},
        AnswerCase{"database", response(503, R"({"code":503,"message":"Database is not ready!"})"), "transient",
                   "http_503"},
        AnswerCase{"edge", response(524, "<html>", text_type), "transient", "http_524"},
        AnswerCase{"too many", response(429, "", text_type), "throttled", "throttled"}),
    [](const auto& info) {
        std::string name = info.param.name;
        std::ranges::replace(name, ' ', '_');
        return name;
    });

TEST(N8nAnswer, SaysWhatToDo)
{
    const auto gone = response(404, R"({"code":404,"message":"The requested webhook is not registered.","hint":"x"})");
    EXPECT_EQ(reason_of(one(gone)),
              "n8n API error: The requested webhook is not registered. (activate the workflow, "
              "or check N8N_WEBHOOK_URL)");
    EXPECT_EQ(outcome_name(one(gone, true)), "unauthorized");
    EXPECT_EQ(reason_of(one(response(403, "Authorization data is wrong!", ""))),
              "n8n API error: Authorization data is wrong! (check N8N_WEBHOOK_AUTH and N8N_WEBHOOK_SECRET)");
    EXPECT_EQ(reason_of(one(response(502, "<html><title>Bad gateway</title>", text_type))), "n8n API error: HTTP 502");
}

// ---- Several contacts ----------------------------------------------------------------------------------------------

TEST(N8nAnswer, GivesEachContactItsOwnOutcome)
{
    const auto all = contacts(3);
    const auto answer = read_answer(response(200, R"([{"executionId":"5","results":[{"contact_id":")" + id_of_second +
                                                      R"(","status":"error","error":"no"},{"contact_id":")" +
                                                      id_of_first + R"(","status":"ok"}]}])"),
                                    all, false, {});
    const auto& outcomes = std::get<PerItem>(answer).outcomes;
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(std::get<Upserted>(outcomes[0]).remote_id, "5");
    EXPECT_EQ(reason_of(outcomes[1]), "n8n API error: no");
    EXPECT_EQ(code_of(outcomes[2]), "no_result");
}

TEST(N8nAnswer, SpeaksForAllWhenItNamesNone)
{
    const auto all = contacts(2);
    const auto delivered = read_answer(response(200, R"({"executionId":"5"})"), all, false, {});
    for (const Outcome& outcome : std::get<PerItem>(delivered).outcomes)
        EXPECT_EQ(std::get<Upserted>(outcome).remote_id, "5");
    for (const int status : {400, 401, 404, 500})
        EXPECT_TRUE(std::holds_alternative<WholeCall>(read_answer(response(status, ""), all, false, {}))) << status;
}

TEST(N8nAnswer, IsNeverHalfBelieved)
{
    const auto all = contacts(1);
    const std::string whole = "[" + results(R"("status":"ok")") + "]";
    for (const auto& type : {"application/json", "text/html", ""})
        for (std::size_t size = 1; size < whole.size(); ++size) {
            const auto answer = read_answer(response(200, whole.substr(0, size), type), all, false, {});
            EXPECT_EQ(code_of(std::get<PerItem>(answer).outcomes.at(0)), "malformed_answer") << size;
        }
}

RC_GTEST_PROP(N8nAnswer, SurvivesAnything, (const std::string& body, std::uint8_t count))
{
    const auto all = contacts(static_cast<std::uint8_t>(count % 5 + 1));
    const int status = *rc::gen::inRange(100, 600);
    const auto answer = read_answer(response(status, body), all, false, {});
    const bool success = status >= 200 && status <= 299;
    if (const auto* items = std::get_if<PerItem>(&answer)) {
        RC_ASSERT(items->outcomes.size() == all.size());
        for (const Outcome& outcome : items->outcomes) RC_ASSERT(success || !std::holds_alternative<Upserted>(outcome));
    }
}

}  // namespace
}  // namespace crmsync::n8n
