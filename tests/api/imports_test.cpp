#include "api/imports.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ImportsTest : public ApiTest {
protected:
    ApiAnswer import(std::string query, std::string type, std::string body)
    {
        return call({http::Method::post,
                     "/api/v3/contacts/import" + query,
                     {{"Content-Type", std::move(type)}},
                     std::move(body)});
    }
};

constexpr std::string_view some_id = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";

TEST_F(ImportsTest, TakesCsv)
{
    add("ann@example.com");
    const auto answer =
        import("?map=email%3D%22Security%20contact%20email%22,name%3DOrganization&domain_id=" + std::string(some_id),
               "text/csv; charset=utf-8",
               "Organization,City,Security contact email\n"
               "Acme,Rome,ANN@example.com\nAcme,Rome,(blank)\n\n\"New, Ltd\",Oslo,bob@example.com\nX,Y,bob@\n");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/read"), 4);
    EXPECT_EQ(answer.at("/created"), 1);
    EXPECT_EQ(answer.at("/updated"), 1);
    EXPECT_EQ(answer.at("/refused"), 2);
    EXPECT_EQ(answer.at("/refused_by_reason"),
              (json::value{{"no e-mail address", 1}, {"malformed e-mail address", 1}}));
    EXPECT_EQ(answer.at("/blank_lines"), 1);
    EXPECT_EQ(answer.at("/columns"), (json::value{{"name", "Organization"}, {"email", "Security contact email"}}));
    EXPECT_EQ(answer.at("/ignored_columns/0"), "City");
    EXPECT_EQ(
        answer.at("/refused_lines/0"),
        (json::value{{"line", 3}, {"last_line", 3}, {"reason", "no e-mail address"}, {"text", "Acme,Rome,(blank)"}}));
    const auto bob = get("/contacts?email_contains=bob");
    EXPECT_EQ(bob.at("/0/name"), "New, Ltd");
    EXPECT_EQ(bob.at("/0/domain_id"), json::string(some_id));
    EXPECT_EQ(get("/audit?limit=1").at("/0/detail/refused"), 2);
}

TEST_F(ImportsTest, TakesNdjson)
{
    const auto answer = import("", "application/x-ndjson",
                               "{\"email\":\"a@example.com\",\"First name\":\"Ann\",\"last_name\":\"Lee\"}\n"
                               "{\"email\":\"b@example.com\",\"has_gmail\":true,\"phone\":5550100}\n{\"email\":1\n");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/created"), 2);
    EXPECT_EQ(answer.at("/refused_lines/0/reason"), "not valid JSON: incomplete JSON");
    EXPECT_EQ(get("/contacts?email_contains=a@").at("/0/name"), "Ann Lee");
    EXPECT_EQ(get("/contacts?email_contains=b@").at("/0/phone_number"), "5550100");
}

TEST_F(ImportsTest, TakesMoreThanABodyMayHold)
{
    std::string csv = "email,context\n";
    const std::string context(1000, 'x');
    for (int i = 0; i < 12'000; ++i) csv += "p" + std::to_string(i) + "@example.com," + context + "\n";
    ASSERT_GT(csv.size(), http::ServerOptions{}.max_body_bytes);
    EXPECT_EQ(import("", "text/csv", csv).at("/created"), 12'000);
}

TEST_F(ImportsTest, BoundsTheReport)
{
    std::string csv = "email\n";
    for (int i = 0; i < 1500; ++i) csv += "-\n";
    const auto answer = import("", "text/csv", csv);
    EXPECT_EQ(answer.at("/refused"), 1500);
    EXPECT_EQ(answer.at("/refused_lines").as_array().size(), 1000U);
    EXPECT_EQ(answer.at("/refused_lines_omitted"), 500);
}

TEST_F(ImportsTest, ReportsInUtf8WhateverComes)
{
    const auto answer = import("?map=name%3DFirma%20gro%C3%9F", "text/csv",
                               "email,Firma gro\xdf,Stra\xdf"
                               "e\n-,J\xfcrgen,\na@example.com,J\xfcrgen,\n");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/columns/name"), "Firma gro\xc3\x9f");
    EXPECT_EQ(answer.at("/ignored_columns/0"),
              "Stra\xc3\x9f"
              "e");
    EXPECT_EQ(answer.at("/refused_lines/0/text"), "-,J\xc3\xbcrgen,");
    EXPECT_EQ(get("/contacts").at("/0/name"), "J\xc3\xbcrgen");
}

TEST_F(ImportsTest, RefusesWhatItCannotRead)
{
    EXPECT_EQ(import("", "application/json", "{}").status, 415);
    EXPECT_EQ(detail(import("", "application/json", "{}")), "Content-Type must be text/csv or application/x-ndjson");
    EXPECT_EQ(detail(import("?map=emial%3Dx&delimiter=ab&nope=1", "text/csv", "email\n")),
              R"([{"field":"map","reason":"\"emial\" is not a field of contacts; the fields are email, name, )"
              R"(first_name, last_name, phone_number, email_type, has_gmail, context, source_url, domain_id, page_id, )"
              R"(source_job_id"},{"field":"delimiter","reason":"must be one character, or tab"},)"
              R"({"field":"nope","reason":"is not a known field"}])");
    EXPECT_EQ(detail(import("?domain_id=7", "text/csv", "email\n")),
              R"([{"field":"domain_id","reason":"\"7\" is not a UUID"}])");
    EXPECT_EQ(detail(import("", "text/csv", "City\nRome\n")),
              R"([{"field":"email","reason":"no column holds the e-mail address; name it by map email=\"Column )"
              R"(name\"; the columns are \"City\""}])");
    EXPECT_EQ(import("", "text/csv", "").status, 422);
}

}  // namespace
}  // namespace crmsync::api
