#include "simulator/mautic/state.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::mautic {
namespace {

using namespace std::chrono_literals;

Contact& add(State& state, const std::string& email)
{
    ++state.request;
    Contact& contact = state.create();
    state.set_value(contact, *state.find_field("email"), json::value(email));
    return contact;
}

TEST(MauticState, CountsDoubles)
{
    State state({});
    Contact& first = add(state, "a@b.io");
    Contact& second = add(state, "A@b.io");
    EXPECT_EQ(state.counts.duplicates, 1u);
    state.set_value(second, *state.find_field("email"), json::value("c@d.io"));
    EXPECT_EQ(state.counts.duplicates, 0u);
    state.erase(first);
    EXPECT_TRUE(state.with_email("a@b.io").empty());
    EXPECT_EQ(state.find(1), nullptr);
    EXPECT_EQ(state.find(2), &second);
}

TEST(MauticState, HidesWhatCameAfterARequestArrived)
{
    State state({});
    state.monotonic = Monotonic(2s);
    add(state, "a@b.io");
    const std::vector<std::pair<std::int64_t, json::value>> wanted{{state.find_field("email")->id, "a@b.io"}};
    EXPECT_NE(state.match(wanted), nullptr) << "the same request sees what it made";
    ++state.request;
    state.arrived = Monotonic(1s);
    EXPECT_EQ(state.match(wanted), nullptr);
    EXPECT_TRUE(state.overtaken("a@b.io"));
    state.arrived = Monotonic(2s);
    EXPECT_NE(state.match(wanted), nullptr);
    EXPECT_FALSE(state.overtaken("a@b.io"));
}

TEST(MauticState, KeepsCustomFieldsInFront)
{
    State state({});
    state.add_field({.label = "One", .alias = "one"});
    const Field& two = state.add_field({.label = "Two", .alias = "two"});
    EXPECT_EQ(two.order, 2);
    EXPECT_EQ(state.fields()[0]->alias, "one");
    EXPECT_EQ(state.fields()[2]->alias, "title");
    state.erase_field(two.id);
    EXPECT_EQ(state.find_field("two"), nullptr);
}

}  // namespace
}  // namespace crmsync::simulator::mautic
