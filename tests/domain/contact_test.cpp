#include "domain/contact.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(AddressOf, DropsSpacesAroundAndLowersAsciiAlone)
{
    EXPECT_EQ(address_of("  Ann@Example.COM "), "ann@example.com");
    EXPECT_EQ(address_of("\tÄnn@Example.com\n"), "\tÄnn@example.com\n");
    EXPECT_EQ(address_of("   "), "");
    EXPECT_EQ(address_of(""), "");
}

}  // namespace
}  // namespace crmsync
