#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreAlerts : public StoreTest {
protected:
    static Uuid node(std::uint64_t number) { return make_uuid7({}, 1, number); }
    std::optional<std::string> take(Uuid holder) { return ok(store().take_alert_turn(holder, 60s, now())); }
    bool keep(Uuid holder, std::string text) { return ok(store().keep_alerts(holder, std::move(text))); }
};
CRMSYNC_FOR_EVERY_STORE(StoreAlerts);

TEST_P(StoreAlerts, AreToldByOneAtATime)
{
    EXPECT_EQ(take(node(1)), "");
    EXPECT_EQ(take(node(2)), std::nullopt);
    EXPECT_TRUE(keep(node(1), "told"));
    EXPECT_FALSE(keep(node(2), "mine"));
    EXPECT_EQ(take(node(1)), "told");
    EXPECT_EQ(ok(store().alerts()), "told");
}

TEST_P(StoreAlerts, AreTakenOverFromWhoDied)
{
    EXPECT_EQ(take(node(1)), "");
    EXPECT_TRUE(keep(node(1), "told"));
    advance(59s);
    EXPECT_EQ(take(node(2)), std::nullopt);
    EXPECT_EQ(take(node(1)), "told");  // Keeps the turn for longer.
    advance(59s);
    EXPECT_EQ(take(node(2)), std::nullopt);
    advance(1s);
    EXPECT_EQ(take(node(2)), "told");
    EXPECT_FALSE(keep(node(1), "late"));
    EXPECT_EQ(ok(store().alerts()), "told");
}

TEST_P(StoreAlerts, AreHandedOnByWhoStops)
{
    EXPECT_EQ(take(node(1)), "");
    ok(store().give_up_alert_turn(node(2)));  // Not its turn.
    EXPECT_EQ(take(node(2)), std::nullopt);
    ok(store().give_up_alert_turn(node(1)));
    EXPECT_EQ(take(node(2)), "");
}

TEST_P(StoreAlerts, AreThereAfterARestart)
{
    EXPECT_EQ(take(node(1)), "");
    EXPECT_TRUE(keep(node(1), R"({"größe": 1})"));
    backend().kill_and_reopen();
    EXPECT_EQ(ok(store().alerts()), R"({"größe": 1})");
}

}  // namespace crmsync::conformance
