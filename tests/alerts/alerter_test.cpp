#include "alerts/alerter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "store/open.h"
#include "tests/support/await.h"

namespace crmsync::alerts {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A way whose other end a test plays.
class Ear final : public Way {
public:
    struct Heard {
        std::vector<std::string> ids;
        std::vector<std::string> words;  ///< "trouble circuit open", as accepted.
        bool deaf = false;
        bool closed = false;
        int asked = 0;
        std::function<Task<>()> meanwhile = {};  ///< Once, while it is being told.
    };
    Ear(Heard& heard, std::string name, std::optional<Crm> only = {})
        : heard_(heard), name_(std::move(name)), only_(only)
    {
    }

    std::string_view name() const override { return name_; }
    std::string destination(std::optional<Crm>) const override { return "an ear"; }
    bool serves(std::optional<Crm> crm) const override { return !crm || !only_ || *crm == *only_; }
    Task<Result<std::string>> send(const Alert& alert) override
    {
        ++heard_.asked;
        if (const auto meanwhile = std::exchange(heard_.meanwhile, {})) co_await meanwhile();
        if (heard_.closed) co_return fail(ErrorCode::cancelled, "closed");
        if (heard_.deaf) co_return fail(ErrorCode::unavailable, "deaf");
        heard_.ids.push_back(alert.id);
        heard_.words.push_back(std::string(to_string(alert.kind)) + " " + std::string(to_string(alert.condition)));
        co_return "heard";
    }
    void close() override { heard_.closed = true; }

private:
    Heard& heard_;
    std::string name_;
    std::optional<Crm> only_;
};

class Alerters : public testing::Test {
protected:
    Alerters()
        : store(test::await(loop,
                            open_store(loop.get_executor(), clock, {.url = "sqlite::memory:", .single_threaded = true}))
                    .value())
    {
    }
    ~Alerters() override { test::await(loop, store->close()); }

    /// Another process with the same database.
    std::unique_ptr<Alerter> node() { return node_with(two_ears()); }
    std::unique_ptr<Alerter> node_with(std::vector<std::unique_ptr<Way>> ways)
    {
        return std::make_unique<Alerter>(
            *store, clock, loop.get_executor(), std::move(ways),
            [](Crm crm) { return Circumstances{.not_configured = crm == Crm::brevo ? "" : "not configured"}; },
            AlerterOptions{});
    }
    std::vector<std::unique_ptr<Way>> two_ears()
    {
        std::vector<std::unique_ptr<Way>> ways;
        ways.push_back(std::make_unique<Ear>(mail, "mail", Crm::brevo));
        ways.push_back(std::make_unique<Ear>(webhook, "webhook"));
        return ways;
    }
    bool once(Alerter& alerter)
    {
        const auto turn = test::await(loop, alerter.run_once());
        EXPECT_TRUE(turn) << turn.error().message;
        return turn && *turn;
    }
    void run(Alerter& alerter, Duration time)
    {
        for (const Instant end = clock.now() + time; clock.now() < end; clock.advance(10s)) once(alerter);
    }
    void open_circuit(bool open)
    {
        ASSERT_TRUE(test::await(loop, store->update_connector(Crm::brevo, [&](ConnectorState& state) {
            state.breaker.open = open;
            state.breaker.reason = open ? "HTTP 503" : "";
        })));
    }
    Memory memory() { return parse_memory(test::await(loop, store->alerts()).value()); }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}}};
    std::unique_ptr<Store> store;
    Ear::Heard mail, webhook;
};

TEST_F(Alerters, TellEveryWayOnce)
{
    const auto alerter = node();
    run(*alerter, 1min);
    open_circuit(true);
    run(*alerter, 10min);
    open_circuit(false);
    run(*alerter, 10min);
    EXPECT_THAT(mail.words, ElementsAre("trouble circuit open", "recovery circuit open"));
    EXPECT_EQ(webhook.words, mail.words);
    const Memory remembered = memory();
    EXPECT_THAT(remembered.pending, IsEmpty());
    EXPECT_EQ(remembered.delivered.size(), 4u);
    EXPECT_EQ(remembered.delivered.front().accepted_by, "heard");
    EXPECT_EQ(mail.asked, 2);
}

TEST_F(Alerters, OfSeveralProcessesTellOnce)
{
    const auto one = node(), other = node();
    open_circuit(true);
    int turns = 0;
    for (int i = 0; i < 60; ++i, clock.advance(10s)) {
        turns += once(*one);
        EXPECT_FALSE(once(*other));
    }
    EXPECT_EQ(turns, 60);
    EXPECT_EQ(mail.words.size(), 1u);
}

TEST_F(Alerters, TakeOverFromOneThatIsGone)
{
    open_circuit(true);
    const auto dead = node(), heir = node();
    run(*dead, 40s);
    EXPECT_FALSE(once(*heir));
    clock.advance(2min);
    // It knows how long the trouble has lasted.
    EXPECT_TRUE(once(*heir));
    EXPECT_THAT(mail.words, ElementsAre("trouble circuit open"));
    EXPECT_FALSE(once(*dead));
}

TEST_F(Alerters, HandTheTurnOnWhenTheyStop)
{
    const auto one = node();
    EXPECT_TRUE(once(*one));
    test::await(loop, one->stop());
    mail.closed = webhook.closed = false;
    EXPECT_TRUE(once(*node()));
}

TEST_F(Alerters, RepeatUntilAWayAcceptsAndKeepTheOrder)
{
    mail.deaf = true;
    open_circuit(true);
    const auto alerter = node();
    run(*alerter, 5min);
    open_circuit(false);
    run(*alerter, 5min);
    EXPECT_THAT(webhook.words, ElementsAre("trouble circuit open", "recovery circuit open"));
    EXPECT_THAT(mail.words, IsEmpty());
    EXPECT_EQ(memory().pending.size(), 2u);
    // 30 s, 1, 2, 4 minutes: not at every look.
    EXPECT_EQ(mail.asked, 5);
    mail.deaf = false;
    run(*alerter, 15min);
    EXPECT_EQ(mail.words, webhook.words);
    EXPECT_EQ(webhook.asked, 2);
}

TEST_F(Alerters, TellAgainUnderTheSameIdWhatWasNotKeptAsTold)
{
    open_circuit(true);
    const auto slow = node(), heir = node();
    run(*slow, 1min);
    // It hangs while it tells, until its turn is over and another takes it.
    mail.meanwhile = [&]() -> Task<> {
        clock.advance(3min);
        EXPECT_TRUE((co_await heir->run_once()).value());
    };
    EXPECT_FALSE(once(*slow));
    ASSERT_EQ(mail.ids.size(), 2u);
    EXPECT_EQ(mail.ids.front(), mail.ids.back());
    EXPECT_THAT(memory().pending, IsEmpty());
    EXPECT_EQ(memory().delivered.size(), 2u);
    EXPECT_EQ(webhook.asked, 1);
}

TEST_F(Alerters, GiveUpWhatNobodyTakesForADay)
{
    mail.deaf = true;
    open_circuit(true);
    const auto alerter = node();
    run(*alerter, 2min);
    EXPECT_EQ(memory().pending.size(), 1u);
    clock.advance(25h);
    once(*alerter);
    EXPECT_THAT(memory().pending, IsEmpty());
}

TEST_F(Alerters, WriteNothingWhileNothingChanges)
{
    const auto alerter = node();
    run(*alerter, 1min);
    const std::string before = test::await(loop, store->alerts()).value();
    run(*alerter, 10min);
    EXPECT_EQ(test::await(loop, store->alerts()).value(), before);
}

TEST_F(Alerters, RunUntilTheyAreStopped)
{
    const auto alerter = node();
    alerter->start();
    while (memory() == Memory()) loop.poll();
    test::await(loop, alerter->stop());
    EXPECT_TRUE(mail.closed);
}

TEST_F(Alerters, CanBeTriedOut)
{
    const auto ways = two_ears();
    webhook.deaf = true;
    const auto tried = test::await(loop, try_out(ways, Crm::brevo, clock.now()));
    ASSERT_EQ(tried.size(), 2u);
    EXPECT_EQ(tried[0].accepted, "heard");
    EXPECT_EQ(tried[1].accepted.error().message, "deaf");
    EXPECT_EQ(test::await(loop, try_out(ways, Crm::n8n, clock.now())).size(), 1u);
    EXPECT_THAT(mail.words, ElementsAre("test healthy"));
}

}  // namespace
}  // namespace crmsync::alerts
