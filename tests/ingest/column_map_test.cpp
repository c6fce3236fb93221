#include "ingest/column_map.h"

#include <gtest/gtest.h>

namespace crmsync::ingest {
namespace {

using Headers = std::vector<std::string_view>;

Mapping mapping(std::string_view text) { return parse_mapping(text).value(); }

TEST(ColumnMap, KnowsTheUsualNames)
{
    const std::vector<std::pair<std::string_view, std::optional<Column>>> cases{
        {"email", Column::email},
        {"E-mail", Column::email},
        {"Email Address", Column::email},
        {" EMAIL_ADDRESS ", Column::email},
        {"Full Name", Column::name},
        {"First name", Column::first_name},
        {"last_name", Column::last_name},
        {"Phone", Column::phone_number},
        {"Mobile", Column::phone_number},
        {"Website", Column::source_url},
        {"Domain ID", Column::domain_id},
        {"Domain name", std::nullopt},
        {"Security contact email", std::nullopt},
        {"brevo_sync_status", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& [header, column] : cases) EXPECT_EQ(column_by_usual_name(header), column) << header;
}

TEST(ColumnMap, ReadsAnExplicitMapping)
{
    const auto parsed =
        mapping(R"(email="Security contact email", name = Organization name ,context="a ""b"", c",page_id=)");
    EXPECT_EQ(parsed[Column::email], "Security contact email");
    EXPECT_EQ(parsed[Column::name], "Organization name");
    EXPECT_EQ(parsed[Column::context], "a \"b\", c");
    EXPECT_EQ(parsed[Column::page_id], "");
    EXPECT_EQ(parsed[Column::domain_id], std::nullopt);
    EXPECT_EQ(mapping(""), Mapping{});
}

TEST(ColumnMap, SaysWhatIsWrongWithAMapping)
{
    const std::vector<std::pair<std::string_view, std::string_view>> cases{
        {"email", "\"email\" is not of the form field=\"Column name\""},
        {"emial=x",
         "\"emial\" is not a field of contacts; the fields are email, name, first_name, last_name, phone_number, "
         "email_type, has_gmail, context, source_url, domain_id, page_id, source_job_id"},
        {"email=a,email=b", "email is mapped twice; leave one of the two out"},
        {"email=\"a", "a quote is opened and never closed"},
        {"email=\"a\" b", "a comma is missing after \"a\""},
    };
    for (const auto& [text, message] : cases) {
        const auto parsed = parse_mapping(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().message, message);
    }
}

TEST(ColumnMap, FindsTheColumns)
{
    using Columns = std::vector<std::optional<Column>>;
    EXPECT_EQ(*map_columns(Headers{"Domain name", "E-mail", "Full name"}, {}),
              (Columns{std::nullopt, Column::email, Column::name}));
    EXPECT_EQ(*map_columns(Headers{"email", "Work mail", "Name"}, mapping("email=Work mail,name=")),
              (Columns{std::nullopt, Column::email, std::nullopt}));
}

TEST(ColumnMap, NamesTheColumnAndTheRemedy)
{
    struct Case {
        Headers headers;
        std::string_view mapping;
        std::string_view message;
    };
    const std::vector<Case> cases{
        {{"City", "Contact"},
         "",
         R"(no column holds the e-mail address; name it by map email="Column name"; the columns are "City", )"
         R"("Contact")"},
        {{"email", "City"},
         "name=Town",
         R"(name is mapped to column "Town", which is not there; the columns are "email", "City")"},
        {{"email", "Phone", "Mobile"},
         "",
         R"(columns "Phone" and "Mobile" both hold phone_number; say which one to take: )"
         R"(map phone_number="Phone" or phone_number="Mobile")"},
        {{"email", "email"}, "", R"(column "email" is there twice and both hold email; give one of them another name)"},
    };
    for (const auto& test : cases) {
        const auto columns = map_columns(test.headers, mapping(test.mapping));
        ASSERT_FALSE(columns);
        EXPECT_EQ(columns.error().message, test.message);
    }
}

}  // namespace
}  // namespace crmsync::ingest
