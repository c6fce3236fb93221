#include "base/seal.h"

#include <gtest/gtest.h>

#include <set>

namespace crmsync {

TEST(Seal, OpensWhatItSealed)
{
    const Seal seal("a key of some length, from a file");
    for (const std::size_t size : {0u, 1u, 2u, 3u, 15u, 16u, 17u, 5000u}) {
        const std::string text(size, 'x');
        EXPECT_EQ(seal.open(seal.seal(text, "purpose"), "purpose"), text) << size;
    }
    EXPECT_EQ(Seal("a key of some length, from a file").open(seal.seal("token", ""), ""), "token");
}

TEST(Seal, SaysNothingOfTheText)
{
    const Seal seal("key");
    std::set<std::string> sealed;
    for (int i = 0; i < 100; ++i) sealed.insert(seal.seal("token", "purpose"));
    EXPECT_EQ(sealed.size(), 100u);
    for (const std::string& text : sealed) EXPECT_FALSE(text.contains("token"));
}

TEST(Seal, OpensNothingElse)
{
    const Seal seal("key");
    const std::string sealed = seal.seal("token", "purpose");
    EXPECT_EQ(Seal("another key").open(sealed, "purpose"), std::nullopt);
    EXPECT_EQ(seal.open(sealed, "another purpose"), std::nullopt);
    for (const std::string_view junk : {"", "v1:", "v1:AAAA", "v1:====", "v1:?", "token", "v2:AAAAAAAAAAAA"})
        EXPECT_EQ(seal.open(junk, "purpose"), std::nullopt) << junk;
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto opened = seal.open(changed, "purpose");
        EXPECT_TRUE(!opened || (i + 4 > sealed.size() && *opened == "token")) << i;  // Base64's spare bits.
        EXPECT_EQ(seal.open(sealed.substr(0, i), "purpose"), std::nullopt) << i;
    }
}

}  // namespace crmsync
