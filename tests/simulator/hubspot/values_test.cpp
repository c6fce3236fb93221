#include "simulator/hubspot/values.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::hubspot {
namespace {

TEST(Values, TakeSeveralOptionsWhereThereMayBe)
{
    Property likes{.number = 9,
                   .name = "likes",
                   .label = {},
                   .type = "enumeration",
                   .field_type = "checkbox",
                   .options = {{.label = "T", .value = "tea"}, {.label = "J", .value = "jam"}}};
    EXPECT_TRUE(accept(likes, "tea;jam"));
    EXPECT_TRUE(accept(likes, ";jam"));
    EXPECT_EQ(accept(likes, "tea;milk").error().code, "INVALID_OPTION");
    likes.field_type = "select";
    EXPECT_EQ(accept(likes, "tea;jam").error().code, "INVALID_OPTION");
}

TEST(Values, TextsHaveALimit)
{
    const Property text{.number = 9, .name = "text", .label = {}};
    EXPECT_TRUE(accept(text, std::string(65'536, 'x')));
    EXPECT_FALSE(accept(text, std::string(65'537, 'x')));
}

TEST(Values, AddressesAreLowerCased)
{
    const Property email{.number = State::email, .name = "email", .label = {}};
    EXPECT_EQ(accept(email, "Ann@Example.COM"), "ann@example.com");
    for (const char* bad : {"x", "@b.io", "a@b", "a@.io", "a b@b.io", "a@b@c.io", "a@b.invalid", "a@b.c"})
        EXPECT_FALSE(is_email(bad)) << bad;
}

}  // namespace
}  // namespace crmsync::simulator::hubspot
