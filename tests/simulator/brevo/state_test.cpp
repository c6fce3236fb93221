#include "simulator/brevo/state.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::brevo {
namespace {

TEST(State, IndexesFollowTheContacts)
{
    State state({});
    Contact& contact = state.create();
    state.set_key(contact, Identifier::email, "a@b.io");
    state.set_key(contact, Identifier::sms, "33600000001");
    EXPECT_EQ(state.find(Identifier::email, "a@b.io"), &contact);
    state.set_key(contact, Identifier::email, "c@d.io");
    EXPECT_EQ(state.find(Identifier::email, "a@b.io"), nullptr);
    EXPECT_EQ(state.find(Identifier::email, "c@d.io"), &contact);
    EXPECT_EQ(state.find(Identifier::ext_id, ""), nullptr);
    state.erase(contact);
    EXPECT_EQ(state.find(Identifier::sms, "33600000001"), nullptr);
    EXPECT_EQ(state.find(1), nullptr);
    EXPECT_EQ(state.create().id, 2);
}

TEST(State, ErasingAnAttributeErasesItsValues)
{
    State state({});
    const std::uint32_t number = state.add_attribute({.name = "AGE", .category = "normal", .type = "float"}).number;
    Contact& contact = state.create();
    contact.attributes.emplace_back(number, 7);
    state.erase_attribute(*state.find_attribute("AGE"));
    EXPECT_EQ(contact.attribute(number), nullptr);
    EXPECT_EQ(state.find_attribute("AGE"), nullptr);
    EXPECT_EQ(state.find_attribute(number), nullptr);
}

}  // namespace
}  // namespace crmsync::simulator::brevo
