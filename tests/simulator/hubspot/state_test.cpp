#include "simulator/hubspot/state.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::hubspot {
namespace {

TEST(HubSpotState, IndexesFollowTheContacts)
{
    State state({});
    const Property& email = state.property(State::email);
    Contact& contact = state.create();
    const std::int64_t id = contact.id;
    state.set(contact, email, "a@b.io");
    state.add_other_email(contact, "b@b.io");
    EXPECT_EQ(state.find(State::email, "b@b.io"), &contact);
    state.set(contact, email, "c@b.io");
    EXPECT_EQ(state.find(State::email, "a@b.io"), nullptr);
    EXPECT_EQ(state.find(State::email, "c@b.io"), &contact);
    state.lists[1].members[id] = {};
    state.erase(contact);
    EXPECT_EQ(state.find(State::email, "b@b.io"), nullptr);
    EXPECT_EQ(state.find(id), nullptr);
    EXPECT_TRUE(state.lists[1].members.empty());
    EXPECT_NE(state.create().id, id);
}

TEST(HubSpotState, ErasingAPropertyErasesItsValues)
{
    State state({});
    const Property& page = state.add_property({.name = "page", .label = {}, .unique = true});
    const std::uint32_t number = page.number;
    Contact& contact = state.create();
    state.set(contact, page, "x");
    state.erase_property(page);
    EXPECT_EQ(value_of(contact.values, number), "");
    EXPECT_EQ(state.find(number, "x"), nullptr);
    EXPECT_EQ(state.find_property("page"), nullptr);
}

TEST(HubSpotState, KeepsWhatSearchesStillSee)
{
    State state({});
    Contact& contact = state.create();
    EXPECT_EQ(contact.before, nullptr);
    state.set(contact, state.property(State::email), "a@b.io");
    state.now += 10s;
    state.keep_for_search(contact);
    state.set(contact, state.property(State::email), "b@b.io");
    ASSERT_NE(contact.before, nullptr);
    EXPECT_EQ(value_of(*contact.before, State::email), "a@b.io");
    EXPECT_EQ(contact.indexed, state.now + state.options.search_lag);
}

}  // namespace
}  // namespace crmsync::simulator::hubspot
