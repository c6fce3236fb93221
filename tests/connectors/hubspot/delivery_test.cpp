#include "connectors/hubspot/delivery.h"

#include "tests/connectors/hubspot/scripted_hubspot.h"

namespace crmsync::hubspot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::json_answer;
using ::testing::Not;

class HubSpotDelivery : public testing::HubSpotTest {
protected:
    const std::vector<MappedContact> three{contact("a@example.com"), contact("b@example.com"),
                                           contact("c@example.com")};
    static std::vector<std::string> names(const std::vector<Outcome>& outcomes)
    {
        std::vector<std::string> out;
        for (const Outcome& outcome : outcomes) out.emplace_back(outcome_name(outcome));
        return out;
    }
    static std::string remote_id(const Outcome& outcome) { return std::get<Upserted>(outcome).remote_id; }
};

// ---- One call ------------------------------------------------------------------------------------------------------

TEST_F(HubSpotDelivery, MatchesResultsInWhateverOrder)
{
    look_up();
    const auto all = outcomes(three);
    EXPECT_EQ(remote_id(all[0]), "100");
    EXPECT_EQ(remote_id(all[2]), "102");
    EXPECT_EQ(std::get<Upserted>(all[0]).second_id, "a@example.com");
    EXPECT_EQ(std::get<Upserted>(all[0]).change, Upserted::Change::created);
    EXPECT_THAT(server.lines(), ElementsAre(upsert));
}

TEST_F(HubSpotDelivery, MatchesByAddressWhereTraceIdsAreNotReturned)
{
    look_up();
    answers[upsert] = {json_answer(200, batch(R"({"id":"2","new":false,"properties":{"email":"B@example.com"}},)"
                                              R"({"id":"1","properties":{"email":"x@y.io",)"
                                              R"("hs_additional_emails":"a@example.com"}},)"
                                              R"({"id":"3","properties":{"email":"nobody@example.com"}})"))};
    const auto all = outcomes(three);
    EXPECT_EQ(remote_id(all[0]), "1");
    EXPECT_EQ(remote_id(all[1]), "2");
    EXPECT_EQ(std::get<Upserted>(all[1]).change, Upserted::Change::updated);
    EXPECT_EQ(code_of(all[2]), "unanswered");
    EXPECT_EQ(std::get<Transient>(all[2]).scope, Transient::Scope::contact);
}

TEST_F(HubSpotDelivery, GivesEachContactItsOwnError)
{
    look_up();
    answers[upsert] = {
        json_answer(207, batch(result("1", "0"), error("VALIDATION_ERROR", "about b@example.com", about("1")) + "," +
                                                     error("SOMETHING_ELSE", "later", about("2"))))};
    const auto all = outcomes(three);
    EXPECT_THAT(names(all), ElementsAre("upserted", "rejected", "transient"));
    EXPECT_THAT(std::string(reason_of(all[1])), Not(HasSubstr("b@example.com")));
}

TEST_F(HubSpotDelivery, GivesAnErrorThatNamesNobodyToTheOneOfWhomNothingIsSaid)
{
    look_up();
    answers[upsert] = {
        json_answer(207, batch(result("1", "0") + "," + result("2", "1"), error("VALIDATION_ERROR", "no")))};
    EXPECT_THAT(names(outcomes(three)), ElementsAre("upserted", "upserted", "rejected"));
    answers[upsert] = {json_answer(207, batch(result("1", "0"), error("VALIDATION_ERROR", "no")))};
    EXPECT_THAT(names(outcomes(three)), ElementsAre("upserted", "transient", "transient"));
}

TEST_F(HubSpotDelivery, TakesNoAnswerForASuccessThatIsNone)
{
    look_up();
    const std::string deep(100'000, '[');
    const std::string bodies[] = {"",
                                  " ",
                                  "null",
                                  "[]",
                                  "{}",
                                  "<html>Log in</html>",
                                  R"({"results":[)",
                                  R"({"results":{}})",
                                  R"({"results":[]})",
                                  R"({"results":[],"errors":[]})",
                                  R"({"results":[1,"x",null,[]]})",
                                  R"({"results":[{"id":7,"objectWriteTraceId":"0"}]})",
                                  R"({"results":[{"id":"","objectWriteTraceId":"0"}]})",
                                  R"({"results":[{"id":"x","objectWriteTraceId":"0"}]})",
                                  R"({"results":[{"id":"1","objectWriteTraceId":"99"}]})",
                                  R"({"results":[{"id":"1","objectWriteTraceId":"-1"}]})",
                                  R"({"results":[{"id":"1e400","objectWriteTraceId":"0"}]})",
                                  R"({"results":[{"id":"1","properties":{"email":7}}]})",
                                  R"({"results":[],"errors":[{"context":{"objectWriteTraceId":"0"}}]})",
                                  R"({"results":[],"errors":[{"context":{"ids":[1,2]}},{}]})",
                                  deep,
                                  R"({"results":)" + deep};
    for (const std::string& body : bodies)
        for (const int status : {200, 207, 201, 204}) {
            answers[upsert] = {json_answer(status, body)};
            for (const Outcome& outcome : outcomes(three))
                EXPECT_EQ(outcome_name(outcome), "transient") << status << ' ' << body.substr(0, 80);
        }
    answers[upsert] = {json_answer(200, batch(result("1", "0") + "," + result("2", "0") + "," + result("3", "7")))};
    EXPECT_THAT(names(outcomes(three)), ElementsAre("upserted", "transient", "transient")) << "more than was asked";
}

TEST_F(HubSpotDelivery, SharesWhatHitsTheWholeCall)
{
    look_up();
    answers[upsert] = {json_answer(429, R"({"policyName":"DAILY","message":"You have reached your daily limit."})")};
    const auto all = outcomes(three);
    EXPECT_THAT(names(all), ElementsAre("throttled", "throttled", "throttled"));
    EXPECT_EQ(std::get<Throttled>(all[0]).retry_after, Duration{17h}) << "07:00 there";
    answers[upsert] = {json_answer(503, "")};
    EXPECT_THAT(names(outcomes(three)), ElementsAre("transient", "transient", "transient"));
}

TEST_F(HubSpotDelivery, KeepsBodiesOfASizeThatIsTaken)
{
    look_up();
    std::vector<MappedContact> many;
    for (int i = 0; i < 60; ++i) {
        many.push_back(contact("c" + std::to_string(i) + "@example.com"));
        many.back().fields = {{"firstname", std::string(60'000, 'x')}};
    }
    const SendResult result = send(many);
    EXPECT_EQ(result.exchange.calls, 2);
    for (const auto& request : server.requests) EXPECT_LT(request.body.size(), 3'000'000u);
    for (const Outcome& outcome : std::get<PerItem>(result.answer).outcomes)
        EXPECT_EQ(outcome_name(outcome), "upserted");
}

// ---- A refused batch -----------------------------------------------------------------------------------------------

TEST_F(HubSpotDelivery, LeavesARefusedBatchToTheEngine)
{
    look_up();
    answers[upsert] = {json_answer(400, error("VALIDATION_ERROR", "about a@example.com and pat-na1-1"))};
    const SendResult result = send(three);
    const auto& whole = std::get<WholeCall>(result.answer);
    EXPECT_EQ(outcome_name(whole.outcome), "rejected");
    EXPECT_THAT(std::string(reason_of(whole.outcome)), HasSubstr("about *** and ***"));
    EXPECT_EQ(result.exchange.calls, 1);
    EXPECT_THAT(names(outcomes({three[0]})), ElementsAre("rejected"));
}

TEST_F(HubSpotDelivery, TakesOutWhatARefusalNames)
{
    look_up();
    for (const std::string& who : {about("1"), std::string(R"("ids":["B@example.com"])")}) {
        answers[upsert] = {json_answer(400, error("VALIDATION_ERROR", "no", who)),
                           json_answer(200, batch(result("1", "0") + "," + result("3", "2")))};
        const SendResult result = send(three);
        EXPECT_THAT(names(std::get<PerItem>(result.answer).outcomes), ElementsAre("upserted", "rejected", "upserted"));
        EXPECT_EQ(result.exchange.calls, 2);
        EXPECT_THAT(server.requests.back().body, Not(HasSubstr("b@example.com")));
    }
}

TEST_F(HubSpotDelivery, NamesTheValueOfALoneContact)
{
    look_up();
    answers[upsert] = {json_answer(
        400,
        R"({"category":"VALIDATION_ERROR","message":"Property values were not valid: [{\"error\":\"INVALID_OPTION\",)"
        R"(\"name\":\"firstname\",\"message\":\"no\"}]"})")};
    EXPECT_EQ(std::get<Rejected>(outcome_of(three[0])).repairable_field, "firstname");
}

// ---- Records with another address ----------------------------------------------------------------------------------

TEST_F(HubSpotDelivery, UpdatesTheRecordThatAConflictNames)
{
    look_up();
    answers[upsert] = {
        json_answer(207,
                    batch(result("1", "0"), error("CONFLICT", "Contact already exists. Existing ID: 123", about("1")))),
        json_answer(409, error("CONFLICT", "Contact already exists. Existing ID: 124"))};
    answers[update] = {json_answer(200, batch(R"({"id":"123","objectWriteTraceId":"1"})")),
                       json_answer(200, batch(R"({"id":"124","objectWriteTraceId":"0"})"))};
    const auto both = outcomes({three[0], three[1]});
    EXPECT_EQ(remote_id(both[1]), "123");
    EXPECT_EQ(server.requests.back().body,
              R"({"inputs":[{"id":"123","objectWriteTraceId":"1","properties":{"firstname":"Ann"}}]})")
        << "its address stays as it is";
    EXPECT_EQ(remote_id(outcome_of(three[0])), "124");
}

TEST_F(HubSpotDelivery, SendsAKnownContactLikeANewOne)
{
    look_up();
    outcomes({known("a@example.com", "7", "a@example.com")});
    EXPECT_THAT(server.lines(), ElementsAre(upsert));
}

TEST_F(HubSpotDelivery, GivesTheRecordItsNewAddress)
{
    look_up();
    answers[read] = {json_answer(200, batch(R"({"id":"7","properties":{"email":"old@example.com"}})"))};
    const auto both = outcomes({known("new@example.com", "7", "old@example.com"), contact("b@example.com")});
    EXPECT_THAT(names(both), ElementsAre("upserted", "upserted"));
    EXPECT_THAT(server.lines(), ElementsAre(read, upsert, update));
    EXPECT_EQ(server.requests.back().body, R"({"inputs":[{"id":"7","objectWriteTraceId":"0",)"
                                           R"("properties":{"email":"new@example.com","firstname":"Ann"}}]})");
    EXPECT_EQ(std::get<Upserted>(both[0]).second_id, "new@example.com");
}

TEST_F(HubSpotDelivery, LooksTheRecordUpWhereItsAddressIsNotKnown)
{
    look_up();
    answers[read] = {json_answer(200, batch(R"({"id":"7","properties":{"email":"x@example.com",)"
                                            R"("hs_additional_emails":"a@example.com"}})"))};
    outcomes({known("a@example.com", "7")});
    EXPECT_THAT(server.lines(), ElementsAre(read, upsert)) << "a secondary address stays one";
    server.requests.clear();
    outcomes({known("a@example.com", "not-a-record")});
    EXPECT_THAT(server.lines(), ElementsAre(upsert));
}

TEST_F(HubSpotDelivery, MakesANewRecordOfOneThatIsGone)
{
    look_up();
    const auto gone = error("OBJECT_NOT_FOUND", "none", about("0"));
    answers[read] = {json_answer(207, batch("", error("OBJECT_NOT_FOUND", "none", R"("ids":["7"])")))};
    outcomes({known("new@example.com", "7", "old@example.com")});
    EXPECT_THAT(server.lines(), ElementsAre(read, upsert));
    answers[read] = {json_answer(200, batch(R"({"id":"7","properties":{"email":"old@example.com"}})"))};
    answers[update] = {json_answer(207, batch("", gone))};
    server.requests.clear();
    EXPECT_THAT(names(outcomes({known("new@example.com", "7", "old@example.com")})), ElementsAre("upserted"));
    EXPECT_THAT(server.lines(), ElementsAre(read, update, upsert));
}

TEST_F(HubSpotDelivery, NeverLiftsAnOptOut)
{
    look_up();
    answers[read] = {
        json_answer(200, batch(R"({"id":"7","properties":{"email":"old@example.com","hs_email_optout":"true"}})"))};
    const Outcome outcome = outcome_of(known("new@example.com", "7", "old@example.com"));
    EXPECT_EQ(code_of(outcome), "opted_out");
    EXPECT_THAT(server.lines(), ElementsAre(read));
}

TEST_F(HubSpotDelivery, MovesNobodyUnread)
{
    look_up();
    for (const auto& [status, body] :
         {std::pair<int, std::string>{500, ""}, std::pair<int, std::string>{200, batch("")},
          std::pair<int, std::string>{207, batch("", error("INTERNAL_ERROR", "later"))},
          std::pair<int, std::string>{207, batch("", error("OBJECT_NOT_FOUND", "none", R"("ids":["8"])"))}}) {
        answers[read] = {json_answer(status, body)};
        server.requests.clear();
        EXPECT_THAT(names(outcomes({known("new@example.com", "7", "old@example.com"), contact("b@example.com")})),
                    ElementsAre("transient", "upserted"))
            << body;
        EXPECT_THAT(server.lines(), ElementsAre(read, upsert));
    }
}

TEST_F(HubSpotDelivery, UpdatesTheOtherRecordWhenTheAddressIsTaken)
{
    look_up();
    answers[read] = {json_answer(200, batch(R"({"id":"7","properties":{"email":"old@example.com"}})"))};
    answers[update] = {json_answer(409, error("CONFLICT", "Contact already exists. Existing ID: 40"))};
    answers[upsert] = {json_answer(200, batch(R"({"id":"40","new":false,"objectWriteTraceId":"0"})"))};
    const auto upserted = std::get<Upserted>(outcome_of(known("new@example.com", "7", "old@example.com")));
    EXPECT_EQ(upserted.remote_id, "40");
    EXPECT_THAT(upserted.warnings, ElementsAre(HasSubstr("already had a contact with the new address")));
}

TEST_F(HubSpotDelivery, EndsWhenEverythingConflicts)
{
    look_up();
    answers[upsert] = answers[update] = {
        json_answer(207, batch("", error("CONFLICT", "Contact already exists. Existing ID: 40", about("0"))))};
    EXPECT_EQ(code_of(outcome_of(three[0])), "conflict");
    EXPECT_LE(server.requests.size(), 4u);
}

// ---- Lists ---------------------------------------------------------------------------------------------------------

TEST_F(HubSpotDelivery, AddsToTheListInOneCall)
{
    settings["LIST_ID"] = "7";
    look_up();
    answers[upsert] = {json_answer(
        207, batch(result("1", "0") + "," + result("3", "2"), error("VALIDATION_ERROR", "no", about("1"))))};
    const SendResult result = send(three);
    EXPECT_THAT(server.lines(), ElementsAre(upsert, add_to_list));
    EXPECT_EQ(server.requests.back().body, R"(["1","3"])");
    EXPECT_EQ(result.exchange.calls, 2);
    EXPECT_EQ(result.exchange.http_status, 207);
}

TEST_F(HubSpotDelivery, IsCompleteWithoutTheList)
{
    settings["LIST_ID"] = "7";
    look_up();
    answers[add_to_list] = {json_answer(403, error("MISSING_SCOPES", "no lists"))};
    const auto upserted = std::get<Upserted>(outcome_of(three[0]));
    EXPECT_THAT(upserted.warnings, ElementsAre(HasSubstr("Not added to list 7: HubSpot API error: no lists")));
}

TEST_F(HubSpotDelivery, AddsNobodyWhenNobodyWasWritten)
{
    settings["LIST_ID"] = "7";
    look_up();
    answers[upsert] = {json_answer(503, "")};
    outcomes(three);
    EXPECT_THAT(server.lines(), ElementsAre(upsert));
}

}  // namespace
}  // namespace crmsync::hubspot
