#include "connectors/brevo/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace crmsync::brevo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(BrevoImport, ABodyIsRowsForAList)
{
    std::string rows;
    append_row(rows, {.email = "a@example.com", .fields = {{"FIRSTNAME", "Ann \"A\""}}}, {});
    append_row(rows, {.email = "b@example.com"}, {});
    const std::size_t size = rows.size();
    const std::string text = import_body(std::move(rows), 4'000'000'000);
    EXPECT_LE(text.size(), size + import_frame_max);
    const auto body = boost::json::parse(text);
    EXPECT_EQ(body, boost::json::parse(
                        R"({"jsonBody":[{"email":"a@example.com","attributes":{"FIRSTNAME":"Ann \"A\""}},
                                  {"email":"b@example.com","attributes":{}}],
                      "listIds":[4000000000],"updateExistingContacts":true,"emptyContactsAttributes":false,
                      "disableNotification":true})"));
}

TEST(BrevoImport, LeavesOutWhatTheAccountHasNoAttributeFor)
{
    std::string rows;
    Fit fit;
    fit.unusable.push_back({"SOURCE_URL", "Brevo has no such attribute"});
    append_row(rows, {.email = "a@example.com", .fields = {{"SOURCE_URL", "x"}, {"LASTNAME", "Lee"}}}, fit);
    EXPECT_EQ(rows, R"({"email":"a@example.com","attributes":{"LASTNAME":"Lee"}})");
}

TEST(BrevoImport, TheAnswerNamesAProcess)
{
    EXPECT_THAT(parse_process_id(R"({"processId":78})"), Optional(std::string("78")));
    for (const auto* body : {"", "{}", "[]", R"({"processId":0})", R"({"processId":"78"})"})
        EXPECT_FALSE(parse_process_id(body)) << body;
}

TEST(BrevoImport, AProcessTellsItsStatusAndReports)
{
    const auto process = parse_process(
        R"({"id":78,"name":"IMPORTUSER","status":"completed","info":{"import":{
            "invalid_emails":"https://img.example/1.csv","duplicate_contact_id":null}}})");
    ASSERT_TRUE(process);
    EXPECT_EQ(process->status, Process::Status::completed);
    EXPECT_TRUE(process->tells_reports);
    ASSERT_EQ(process->reports.size(), 1u);
    EXPECT_EQ(process->reports[0].reason, "invalid_emails");
    EXPECT_EQ(process->reports[0].url, "https://img.example/1.csv");

    EXPECT_FALSE(parse_process(R"({"status":"completed"})")->tells_reports);
    for (const auto* word : {"queued", "in_process", "processing", "something new"})
        EXPECT_EQ(parse_process(R"({"status":")" + std::string(word) + "\"}")->status, Process::Status::running);
    for (const auto* word : {"failed", "cancelled"})
        EXPECT_EQ(parse_process(R"({"status":")" + std::string(word) + "\"}")->status, Process::Status::failed);
    for (const auto* body : {"", "{}", "<html>"}) EXPECT_FALSE(parse_process(body)) << body;
}

TEST(BrevoImport, AReportHasAnAddressPerLine)
{
    EXPECT_THAT(parse_report("EMAIL\nA@Example.com\nb@example.com\n"),
                Optional(ElementsAre("a@example.com", "b@example.com")));
    EXPECT_THAT(parse_report("\"NAME\";\"EMAIL\"\r\n\"Ann\";\"a@example.com\"\r\n\r\n"),
                Optional(ElementsAre("a@example.com")));
    EXPECT_THAT(parse_report("a@example.com,why"), Optional(ElementsAre("a@example.com")));
    EXPECT_THAT(parse_report(""), Optional(IsEmpty()));
    EXPECT_FALSE(parse_report("EMAIL\na@example.com\nnobody\n"));
    EXPECT_FALSE(parse_report("<html>\n<p>gone</p>\n"));
}

TEST(BrevoImport, OnlyABadAddressIsFinal)
{
    const auto invalid = std::get<Rejected>(refusal_for("invalid_emails"));
    EXPECT_FALSE(invalid.repairable_field);
    EXPECT_EQ(std::get<Rejected>(refusal_for("duplicate_phone_id")).repairable_field, "SMS");
    EXPECT_TRUE(std::holds_alternative<Transient>(refusal_for("duplicate_email_id")));
    EXPECT_EQ(code_of(refusal_for("reason_of_tomorrow")), "reason_of_tomorrow");
    const Outcome odd = refusal_for("a reason\nof " + std::string(1000, 'x'));
    EXPECT_EQ(code_of(odd), "import_refused");
    EXPECT_LT(reason_of(odd).size(), 400u);
    EXPECT_FALSE(reason_of(odd).contains('\n'));
}

}  // namespace
}  // namespace crmsync::brevo
