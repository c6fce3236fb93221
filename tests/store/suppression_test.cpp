#include "store/suppression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync {
namespace {

using testing::ElementsAre;

TEST(Suppression, HashesAnAddressHoweverItIsWritten)
{
    EXPECT_EQ(suppression_hash("k", " Ann@Example.com"), suppression_hash("k", "ann@example.com"));
    EXPECT_NE(suppression_hash("k", "ann@example.com"), suppression_hash("k", "anna@example.com"));
    EXPECT_NE(suppression_hash("k", "ann@example.com"), suppression_hash("j", "ann@example.com"));
    // printf ann@example.com | openssl dgst -sha256 -hmac k
    EXPECT_EQ(suppression_hash("k", "ann@example.com"),
              "812b5e65283998e47b49528ef531aea6e0a9f94ed9005c6c1cdec12579d7d459");
}

TEST(Suppression, TakesAddressesAndShortReasonsAlone)
{
    EXPECT_TRUE(check_suppressible({"ann@example.com"}, "asked by phone"));
    for (const auto& email : {std::string(), std::string(" "), std::string("a\0b", 3), std::string("\xff")})
        EXPECT_EQ(check_suppressible({"ann@example.com", email}, "").error().field, "emails");
    EXPECT_EQ(check_suppressible({}, std::string(201, 'x')).error().field, "reason");
    EXPECT_EQ(check_suppressible({}, "\xff").error().field, "reason");
}

TEST(Suppression, SortsWhatIsForgottenByItsAddress)
{
    const Uuid first{{1}};
    const Uuid second{{2}};
    const Uuid third{{3}};
    ForgottenBuilder forgotten;
    forgotten.ask_for("Ann@example.com");
    forgotten.found(second, "ann@example.com");
    forgotten.found(first, "bob@example.com");
    forgotten.found(second, "ann@example.com");
    forgotten.found(third, "");
    forgotten.remote(second, {.crm = Crm::brevo, .remote_id = "7"});
    EXPECT_THAT(forgotten.addresses(), ElementsAre("ann@example.com", "bob@example.com"));
    EXPECT_THAT(forgotten.contacts(), ElementsAre(first, second, third));
    EXPECT_FALSE(forgotten.has(Uuid{}));
    const auto addresses = forgotten.take();
    ASSERT_EQ(addresses.size(), 3u);
    EXPECT_EQ(addresses[0].email, "Ann@example.com");
    EXPECT_EQ(addresses[0].contacts, 1u);
    ASSERT_EQ(addresses[0].remotes.size(), 1u);
    EXPECT_EQ(addresses[0].remotes[0].remote_id, "7");
    EXPECT_EQ(addresses[2].contacts, 1u);
}

}  // namespace
}  // namespace crmsync
