#include "base/digest.h"

#include <gtest/gtest.h>

#include <utility>

namespace crmsync {
namespace {

TEST(Digest, AgreesWithTheStandards)
{
    // FIPS 180-2, appendix B.1; RFC 4231, test case 2.
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Digest, WritesAndReadsBase64)
{
    // RFC 4648, section 10.
    const std::pair<std::string, std::string> cases[] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                                                         {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}};
    for (const auto& [text, base64] : cases) {
        EXPECT_EQ(to_base64(text), base64);
        EXPECT_EQ(from_base64(base64), text);
        EXPECT_EQ(from_base64url(to_base64url(text)), text);
    }
    EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
    EXPECT_EQ(from_base64url("-__-"), "\xfb\xff\xfe");
}

TEST(Digest, ReadsNothingElse)
{
    for (const std::string_view text : {"Zg=", "====", "Z===", "Zm9", "Zm?v", "=", "-__-"})
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
    for (const std::string_view text : {"Zg==", "a", "+//+", "Zm9v!"})
        EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

TEST(Digest, ComparesSecrets)
{
    EXPECT_TRUE(same_secret("", ""));
    EXPECT_TRUE(same_secret("secret", "secret"));
    EXPECT_FALSE(same_secret("secret", "secreT"));
    EXPECT_FALSE(same_secret("secret", "secrets"));
}

}  // namespace
}  // namespace crmsync
