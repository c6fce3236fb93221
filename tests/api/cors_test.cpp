#include "api/cors.h"

#include <gtest/gtest.h>

namespace crmsync::api {
namespace {

const Cors cors({"https://app.example.com", "http://localhost:5173"});

http::ServerRequest asking(http::Method method, std::string origin, bool preflight = false)
{
    http::ServerRequest request{.method = method, .path = "/api/v3/contacts"};
    if (!origin.empty()) request.headers.add("origin", std::move(origin));
    if (preflight) request.headers.add("access-control-request-method", "PUT");
    return request;
}

std::string field(const http::ServerResponse& response, std::string_view name)
{
    return std::string(response.headers.find(name).value_or(""));
}

TEST(Cors, AnswersTheQuestionOfAListedOrigin)
{
    const auto answer = cors.preflight(asking(http::Method::options, "https://app.example.com", true));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(field(*answer, "Access-Control-Allow-Origin"), "https://app.example.com");
    EXPECT_EQ(field(*answer, "Access-Control-Allow-Methods"), "GET, POST, PUT, DELETE");
    EXPECT_EQ(field(*answer, "Access-Control-Allow-Headers"), "Authorization, Content-Type");
    EXPECT_EQ(field(*answer, "Access-Control-Allow-Credentials"), "");
    EXPECT_EQ(field(*answer, "Vary"), "Origin");
}

TEST(Cors, HasNothingToSayToAnybodyElse)
{
    for (const auto* origin : {"https://evil.example.com", "https://app.example.com.evil.com", "http://app.example.com",
                               "https://app.example.com:8443", "https://APP.example.com", "null", "*", ""}) {
        EXPECT_FALSE(cors.preflight(asking(http::Method::options, origin, true))) << origin;
        EXPECT_FALSE(cors.origin_of(asking(http::Method::get, origin))) << origin;
    }
    EXPECT_FALSE(cors.preflight(asking(http::Method::options, "https://app.example.com")));
    EXPECT_FALSE(cors.preflight(asking(http::Method::put, "https://app.example.com", true)));
    EXPECT_FALSE(Cors({}).preflight(asking(http::Method::options, "https://app.example.com", true)));
}

TEST(Cors, LetsAListedOriginReadTheAnswer)
{
    http::ServerResponse listed;
    cors.allow("http://localhost:5173", listed);
    EXPECT_EQ(field(listed, "Access-Control-Allow-Origin"), "http://localhost:5173");
    EXPECT_TRUE(field(listed, "Access-Control-Expose-Headers").contains("X-Next-Cursor"));
    http::ServerResponse other;
    cors.allow(std::nullopt, other);
    EXPECT_EQ(field(other, "Access-Control-Allow-Origin"), "");
    EXPECT_EQ(field(other, "Vary"), "Origin") << "a cache must not give one origin's answer to another";
    http::ServerResponse without;
    Cors({}).allow(std::nullopt, without);
    EXPECT_EQ(field(without, "Vary"), "");
}

}  // namespace
}  // namespace crmsync::api
