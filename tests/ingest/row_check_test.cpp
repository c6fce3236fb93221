#include "ingest/row_check.h"

#include <gtest/gtest.h>

namespace crmsync::ingest {
namespace {

constexpr std::string_view some_id = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";

RowValues row(std::string_view email, std::initializer_list<std::pair<Column, std::string_view>> others = {})
{
    RowValues values;
    values[Column::email] = email;
    for (const auto& [column, value] : others) values[column] = value;
    return values;
}

ContactFields accepted(const RowValues& values) { return RowCheck::create({})->check(values).value(); }

TEST(RowCheck, TakesTheAddressAsEnteredButTrimmed)
{
    EXPECT_EQ(accepted(row("  Ann@Example.COM\t")).email, "Ann@Example.COM");
}

TEST(RowCheck, TakesEveryField)
{
    const auto fields = accepted(row("a@example.com", {{Column::name, " Ann  Lee "},
                                                       {Column::phone_number, "555 0100"},
                                                       {Column::email_type, "corporate"},
                                                       {Column::has_gmail, "No"},
                                                       {Column::context, "met at a fair"},
                                                       {Column::source_url, "https://example.com"},
                                                       {Column::domain_id, some_id},
                                                       {Column::page_id, some_id},
                                                       {Column::source_job_id, some_id}}));
    const auto id = parse_uuid(some_id).value();
    EXPECT_EQ(fields, (ContactFields{.email = "a@example.com",
                                     .name = "Ann  Lee",
                                     .phone_number = "555 0100",
                                     .email_type = EmailType::corporate,
                                     .has_gmail = false,
                                     .context = "met at a fair",
                                     .source_url = "https://example.com",
                                     .domain_id = id,
                                     .page_id = id,
                                     .source_job_id = id}));
}

TEST(RowCheck, JoinsFirstAndLastName)
{
    struct Case {
        std::string_view name, first, last;
        std::optional<std::string> expected;
    };
    for (const auto& test : std::vector<Case>{{"", "Ann", "Lee", "Ann Lee"},
                                              {"", "Ann", "", "Ann"},
                                              {"", "-", "Lee", "Lee"},
                                              {"Dr Lee", "Ann", "Lee", "Dr Lee"},
                                              {"n/a", "", "", std::nullopt}})
        EXPECT_EQ(
            accepted(row("a@example.com",
                         {{Column::name, test.name}, {Column::first_name, test.first}, {Column::last_name, test.last}}))
                .name,
            test.expected);
}

TEST(RowCheck, RefusesWithTheReason)
{
    const auto check = RowCheck::create({}).value();
    struct Case {
        RowValues values;
        Refused why;
        std::string_view reason;
    };
    const std::vector<Case> cases{
        {row(""), Refused::no_email, "no e-mail address"},
        {row("  "), Refused::no_email, "no e-mail address"},
        {row("(blank)"), Refused::no_email, "no e-mail address"},
        {row("N/A"), Refused::no_email, "no e-mail address"},
        {row("-"), Refused::no_email, "no e-mail address"},
        {row("a@example.com", {{Column::page_id, "7"}}), Refused::invalid_value, "page_id: \"7\" is not a UUID"},
        {row("a@example.com", {{Column::has_gmail, "maybe"}}), Refused::invalid_value,
         "has_gmail: \"maybe\" is neither true nor false"},
        {row("a@example.com", {{Column::email_type, "home"}}), Refused::invalid_value,
         "email_type: \"home\" is none of SERVICE, CORPORATE, FREE and UNKNOWN"},
    };
    for (const auto& test : cases) {
        const auto fields = check.check(test.values);
        ASSERT_FALSE(fields) << test.reason;
        EXPECT_EQ(fields.error().why, test.why);
        EXPECT_EQ(fields.error().reason, test.reason);
    }
    EXPECT_EQ(check.check(row("not an address")).error().why, Refused::malformed_email);
}

TEST(RowCheck, QuotesAValueShortAndWithoutWhatControlsATerminal)
{
    const auto check = RowCheck::create({}).value();
    const auto reason = [&](std::string_view value) {
        return check.check(row("a@example.com", {{Column::page_id, value}})).error().reason;
    };
    EXPECT_EQ(reason("\x1b[2Jsev\x07\ten\r\n8"), "page_id: \"[2Jsev en 8\" is not a UUID");
    EXPECT_EQ(reason("caf\xc3\xa9 \xff"), "page_id: \"caf\xc3\xa9 \xef\xbf\xbd\" is not a UUID");
    EXPECT_EQ(reason(std::string(500, 'x')), "page_id: \"" + std::string(60, 'x') + "\" is not a UUID");
}

TEST(RowCheck, FillsInConstants)
{
    PerColumn<std::optional<std::string>> constants;
    constants[Column::domain_id] = some_id;
    constants[Column::context] = "spring fair";
    const auto check = RowCheck::create(constants, {"domain_id"}).value();
    const auto fields = check.check(row("a@example.com", {{Column::context, "autumn fair"}})).value();
    EXPECT_EQ(to_string(*fields.domain_id), some_id);
    EXPECT_EQ(fields.context, "autumn fair");
    constants[Column::page_id] = "7";
    EXPECT_EQ(RowCheck::create(constants).error().message, "\"7\" is not a UUID");
}

TEST(RowCheck, RefusesWhatTheDatabaseWouldNotTake)
{
    const auto refused = RowCheck::create({}, {"domain_id"})->check(row("a@example.com"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Refused::missing_value);
    EXPECT_EQ(refused.error().reason,
              "no domain_id, which this database requires; add a column or the option domain_id");
}

}  // namespace
}  // namespace crmsync::ingest
