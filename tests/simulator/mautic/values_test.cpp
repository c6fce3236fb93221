#include "simulator/mautic/values.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::mautic {
namespace {

struct Case {
    const char* type;
    json::value sent;
    json::value kept;     ///< Unless refused.
    const char* refusal;  ///< Empty: accepted.
};

class MauticValue : public ::testing::TestWithParam<Case> {};

TEST_P(MauticValue, IsCleanedOrRefused)
{
    const Field field{.alias = "f", .type = GetParam().type, .properties = {{"list", {"red", "blue"}}}, .length = 5};
    const auto cleaned = clean_value(field, GetParam().sent);
    if (*GetParam().refusal) {
        ASSERT_FALSE(cleaned) << json::serialize(*cleaned);
        EXPECT_EQ(cleaned.error().message, "f: " + std::string(GetParam().refusal));
        EXPECT_EQ(cleaned.error().status, 400);
    } else {
        ASSERT_TRUE(cleaned) << cleaned.error().message;
        EXPECT_EQ(*cleaned, GetParam().kept);
    }
}

constexpr const char* invalid_value = "This value is not valid.";

INSTANTIATE_TEST_SUITE_P(
    All, MauticValue,
    ::testing::Values(
        Case{"text", " <b>a</b>b ", "ab", ""}, Case{"text", 7, "7", ""}, Case{"text", true, "1", ""},
        Case{"text", false, nullptr, ""}, Case{"text", nullptr, nullptr, ""}, Case{"text", "äöüßé", "äöüßé", ""},
        Case{"text", "123456", {}, "This value is too long. It should have 5 characters or less."},
        Case{"text", json::array{"x"}, {}, invalid_value}, Case{"textarea", "123456", "123456", ""},
        Case{"html", "<b>", "<b>", ""}, Case{"tel", "any", "any", ""}, Case{"number", "12", 12, ""},
        Case{"number", 1.5, 1.5, ""}, Case{"number", "1e999", {}, invalid_value},
        Case{"number", "x", {}, invalid_value}, Case{"boolean", "yes", true, ""}, Case{"boolean", 0, false, ""},
        Case{"boolean", false, false, ""}, Case{"boolean", nullptr, nullptr, ""},
        Case{"date", "2026-11-20T10:00:00Z", "2026-11-20", ""}, Case{"date", "soon", {}, invalid_value},
        Case{"datetime", "2026-11-20T10:00:00+02:00", "2026-11-20 08:00:00", ""},
        Case{"datetime", "2026-11-20", "2026-11-20 00:00:00", ""}, Case{"select", "red", "red", ""},
        Case{"select", "green", {}, invalid_value}, Case{"multiselect", json::array{"red", "blue"}, "red|blue", ""},
        Case{"multiselect", json::array{"green"}, {}, invalid_value}, Case{"country", "France", "France", ""},
        Case{"country", "Nowhereland", {}, invalid_value}, Case{"email", "zoë@b.io,", "zo@b.io", ""},
        Case{"email", "nope", {}, "nope is invalid."},
        Case{"email", "a&b@c.io", {}, "a&b@c.io has characters not allowed in email addresses."}));

TEST(MauticValues, KeepPartsOfAddresses)
{
    EXPECT_EQ(sanitize_email(std::string(300, 'a')).size(), 254u);
    EXPECT_EQ(strip_tags("a < b <script>x</script> & <unclosed"), "a < b x & ");
}

}  // namespace
}  // namespace crmsync::simulator::mautic
