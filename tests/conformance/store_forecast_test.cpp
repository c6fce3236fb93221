#include <fmt/format.h>

#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StoreForecast : public StoreTest {
protected:
    Uuid add(std::string email, std::optional<std::string> phone = {})
    {
        advance(1ms);
        ContactFields fields;
        fields.email = std::move(email);
        fields.phone_number = std::move(phone);
        return ok(store().create_contact(std::move(fields), CurationStatus::new_, now())).id;
    }
    Forecast all() { return ok(store().forecast(ContactFilter())); }
};
CRMSYNC_FOR_EVERY_STORE(StoreForecast);

TEST_P(StoreForecast, NothingMeetsInAnEmptyTarget)
{
    EXPECT_EQ(all().contacts, 0);
    EXPECT_EQ(ok(store().forecast(std::vector<Uuid>())).contacts, 0);
    EXPECT_THAT(all().same_address.examples, IsEmpty());
}

TEST_P(StoreForecast, OneAddressInSeveralSpellingsIsTold)
{
    const Uuid first = add("ann@example.com");
    add("bob@example.com");
    const Uuid second = add(" Ann@Example.COM ");
    add("");
    add("  ");
    const Forecast told = all();
    EXPECT_EQ(told.contacts, 5);
    EXPECT_EQ(told.same_address.groups, 1);
    EXPECT_EQ(told.same_address.contacts, 2);
    ASSERT_EQ(told.same_address.examples.size(), 1u);
    EXPECT_EQ(told.same_address.examples[0].shared, "ann@example.com");
    EXPECT_THAT(told.same_address.examples[0].examples, ElementsAre(second, first)) << "the newest goes";
    EXPECT_EQ(told.same_phone.groups, 0);
}

TEST_P(StoreForecast, WhoWasChangedLastGoesFirst)
{
    const Uuid first = add("ann@example.com");
    const Uuid second = add("ann@example.com");
    advance(1s);
    ok(store().update_contact(first, {.name = "Ann"}, now()));
    EXPECT_THAT(all().same_address.examples.at(0).examples, ElementsAre(first, second));
}

TEST_P(StoreForecast, OnePhoneUnderSeveralAddressesIsTold)
{
    add("a@example.com", "+1 (202) 456-1111");
    add("b@example.com", "202.456.1111");
    add("c@example.com", "202 456 2222");
    add("d@example.com", "12345");
    add("e@example.com", "12345");
    const Forecast told = all();
    EXPECT_EQ(told.same_phone.groups, 1);
    EXPECT_EQ(told.same_phone.contacts, 2);
    EXPECT_EQ(told.same_phone.examples.at(0).shared, "024561111");
    EXPECT_EQ(told.same_address.groups, 0);
}

TEST_P(StoreForecast, OnePhoneOfOneAddressIsNoMeetingOfItsOwn)
{
    add("ann@example.com", "2024561111");
    add("ANN@example.com", "2024561111");
    EXPECT_EQ(all().same_phone.groups, 0);
    EXPECT_EQ(all().same_address.groups, 1);
}

TEST_P(StoreForecast, LooksAtTheTargetAlone)
{
    const Uuid first = add("ann@example.com");
    const Uuid second = add("ANN@example.com");
    const Uuid other = add("bob@example.com");
    EXPECT_EQ(ok(store().forecast(std::vector{first, other})).same_address.groups, 0);
    const Forecast both = ok(store().forecast(std::vector{first, second, random_uuid7(now())}));
    EXPECT_EQ(both.contacts, 2);
    EXPECT_EQ(both.same_address.groups, 1);
    ContactFilter filter;
    filter.email_contains = "bob";
    EXPECT_EQ(ok(store().forecast(filter)).contacts, 1);
    EXPECT_EQ(ok(store().forecast(filter)).same_address.groups, 0);
    filter.email_contains = "ann@";
    filter.sync_status[Crm::brevo] = SyncStatus::new_;
    EXPECT_EQ(ok(store().forecast(filter)).same_address.contacts, 2);
}

TEST_P(StoreForecast, TellsTheLargestGroupsAndCountsAll)
{
    for (int group = 0; group < 12; ++group)
        for (int i = 0; i < (group == 7 ? 8 : 2); ++i) add(fmt::format("{:02}@example.com", group));
    const Forecast::Meeting told = all().same_address;
    EXPECT_EQ(told.groups, 12);
    EXPECT_EQ(told.contacts, 11 * 2 + 8);
    ASSERT_EQ(told.examples.size(), forecast_groups_max);
    EXPECT_EQ(told.examples[0].shared, "07@example.com");
    EXPECT_EQ(told.examples[0].contacts, 8);
    EXPECT_EQ(told.examples[0].examples.size(), forecast_members_max);
    EXPECT_EQ(told.examples[1].shared, "00@example.com");
}

}  // namespace
}  // namespace crmsync::conformance
