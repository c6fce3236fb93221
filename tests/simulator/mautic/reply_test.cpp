#include "simulator/mautic/reply.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::mautic {
namespace {

TEST(MauticReply, WordsErrorsByTheirOrigin)
{
    EXPECT_EQ(json::serialize(refused("email", "nope is invalid.").render()),
              R"({"code":400,"message":"email: nope is invalid.","details":{"email":["nope is invalid."]}})");
    EXPECT_EQ(reply(not_found()).body, R"({"errors":[{"code":404,"message":"Item was not found.","details":[]}]})");
    EXPECT_EQ(json::serialize(crashed(500).render().at("type")), "null");
    EXPECT_TRUE(signed_reply(not_found()).headers.find("mautic-version"));
    EXPECT_FALSE(signed_reply(crashed(500)).headers.find("mautic-version"));
    EXPECT_EQ(reply(Problem{.verbatim = "<html>"}).body, "<html>");
}

TEST(MauticReply, ReadsJsonAndForms)
{
    const auto read = [](std::string type, std::string body) {
        http::ServerRequest request{.body = std::move(body)};
        if (!type.empty()) request.headers.add("Content-Type", std::move(type));
        const auto value = read_body(request);
        return value ? json::serialize(*value) : std::to_string(value.error().status);
    };
    EXPECT_EQ(read("application/json", R"({"a":1})"), R"({"a":1})");
    EXPECT_EQ(read("application/json", "{bad"), "400");
    EXPECT_EQ(read("", R"({"a":1})"), "{}");
    EXPECT_EQ(read("application/x-www-form-urlencoded", "email=a%40b.io&first+name=A+B&flag"),
              R"({"email":"a@b.io","first name":"A B","flag":""})");
    EXPECT_EQ(read("application/x-www-form-urlencoded", "a=%zz"), "400");
}

TEST(MauticReply, EmptyMapsAreLists)
{
    EXPECT_TRUE(php_map({}).is_array());
    EXPECT_TRUE(php_map({{"1", 2}}).is_object());
}

}  // namespace
}  // namespace crmsync::simulator::mautic
