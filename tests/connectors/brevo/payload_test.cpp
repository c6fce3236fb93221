#include "connectors/brevo/payload.h"

#include <gtest/gtest.h>

namespace crmsync::brevo {
namespace {

const MappedContact ann{.email = "ann@example.com",
                        .fields = {{"FIRSTNAME", "Ann \"A\""}, {"SMS", "+12024561111"}, {"HAS_GMAIL", false}}};

TEST(BrevoPayload, IsAnUpsertThatSaysNothingOfSubscriptions)
{
    EXPECT_EQ(upsert_body(ann, {}),
              R"({"email":"ann@example.com","attributes":{"FIRSTNAME":"Ann \"A\"","SMS":"+12024561111",)"
              R"("HAS_GMAIL":false},"updateEnabled":true})");
}

TEST(BrevoPayload, NamesTheList)
{
    EXPECT_EQ(upsert_body({.email = "a@b.co"}, {.fit = {}, .list_id = 36}),
              R"({"email":"a@b.co","attributes":{},"listIds":[36],"updateEnabled":true})");
}

TEST(BrevoPayload, LeavesOutWhatTheAccountCannotTake)
{
    const Fit fit{.unusable = {{"FIRSTNAME", "no"}, {"HAS_GMAIL", "no"}}};
    EXPECT_EQ(upsert_body(ann, {.fit = fit, .list_id = {}}),
              R"({"email":"ann@example.com","attributes":{"SMS":"+12024561111"},"updateEnabled":true})");
}

TEST(BrevoPayload, MovesTheAddress)
{
    EXPECT_EQ(change_address_body(ann, {.fit = {}, .list_id = 7}),
              R"({"attributes":{"EMAIL":"ann@example.com","FIRSTNAME":"Ann \"A\"","SMS":"+12024561111",)"
              R"("HAS_GMAIL":false},"listIds":[7]})");
}

TEST(BrevoPayload, SaysThatAContactHasOptedOutBesideTheAttributes)
{
    const MappedContact gone{.email = "a@b.co", .fields = {{"emailBlacklisted", true}, {"FIRSTNAME", "A"}}};
    EXPECT_EQ(upsert_body(gone, {}),
              R"({"email":"a@b.co","attributes":{"FIRSTNAME":"A"},"emailBlacklisted":true,"updateEnabled":true})");
    EXPECT_EQ(change_address_body(gone, {}),
              R"({"attributes":{"EMAIL":"a@b.co","FIRSTNAME":"A"},"emailBlacklisted":true})");
}

}  // namespace
}  // namespace crmsync::brevo
