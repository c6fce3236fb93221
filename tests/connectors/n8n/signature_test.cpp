#include "connectors/n8n/signature.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/digest.h"

namespace crmsync::n8n {
namespace {

TEST(N8nSignature, CoversKeyTimestampAndBody)
{
    const std::string expected = "sha256=" + to_hex(hmac_sha256("secret", "key.2026-11-20T12:00:00Z.{}"));
    EXPECT_EQ(signature("secret", "key", "2026-11-20T12:00:00Z", "{}"), expected);
    EXPECT_NE(signature("secret", "key2", "2026-11-20T12:00:00Z", "{}"), expected);
    EXPECT_NE(signature("secret", "key", "2026-11-20T12:00:01Z", "{}"), expected);
    EXPECT_NE(signature("secret", "key", "2026-11-20T12:00:00Z", "{ }"), expected);
}

TEST(N8nSignature, MakesTokensThatExpire)
{
    const Instant now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
    const std::string token = json_web_token("secret", now);
    const std::size_t first = token.find('.');
    const std::size_t second = token.find('.', first + 1);
    EXPECT_EQ(from_base64url(token.substr(0, first)), R"({"alg":"HS256","typ":"JWT"})");
    const auto claims = boost::json::parse(from_base64url(token.substr(first + 1, second - first - 1)).value());
    EXPECT_EQ(claims.at("iat"), 1795132800);
    EXPECT_EQ(claims.at("exp"), 1795132800 + 300);
    EXPECT_EQ(from_base64url(token.substr(second + 1)), hmac_sha256("secret", token.substr(0, second)));
}

}  // namespace
}  // namespace crmsync::n8n
