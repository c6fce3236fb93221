#include "connectors/json_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>

#include "domain/normalise.h"

namespace crmsync {
namespace {

std::string as_json(std::string_view text)
{
    std::string out;
    append_json(out, text);
    return out;
}

TEST(JsonText, EscapesWhatJsonDemands)
{
    EXPECT_EQ(as_json(""), R"("")");
    EXPECT_EQ(as_json(R"(a"b\c)"), R"("a\"b\\c")");
    EXPECT_EQ(as_json("a\b\t\n\f\r\x01\x1f\x7f"), "\"a\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"");
    EXPECT_EQ(as_json("Zoë 日本 😀"), "\"Zoë 日本 😀\"");
}

RC_GTEST_PROP(JsonText, IsReadBackByAParser, (const std::string& bytes))
{
    const std::string text = clean_text(bytes).text + "\t\"\\";
    RC_ASSERT(std::string_view(boost::json::parse(as_json(text)).as_string()) == text);
}

}  // namespace
}  // namespace crmsync
