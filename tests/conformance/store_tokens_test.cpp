#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <set>

#include "engine/token_vault.h"
#include "tests/conformance/store_fixture.h"
#include "tests/support/faulty_store.h"
#include "tests/support/scripted_server.h"

namespace crmsync::conformance {

// ---- The verbs -----------------------------------------------------------------------------------------------------

class StoreTokens : public StoreTest {
protected:
    SealedToken token(Crm crm = Crm::mautic) { return ok(store().token(crm)); }
    bool take_turn(std::int64_t version, Crm crm = Crm::mautic)
    {
        return ok(store().take_token_turn(crm, version, 20s, now()));
    }
    bool keep(std::int64_t version, std::string text, Crm crm = Crm::mautic)
    {
        return ok(store().keep_token(crm, version, std::move(text)));
    }
};
CRMSYNC_FOR_EVERY_STORE(StoreTokens);

TEST_P(StoreTokens, AreThereAfterARestart)
{
    EXPECT_EQ(token().version, 0);
    EXPECT_EQ(token().text, "");
    EXPECT_TRUE(keep(0, "first"));
    EXPECT_TRUE(keep(1, "second"));
    backend().kill_and_reopen();
    EXPECT_EQ(token().version, 2);
    EXPECT_EQ(token().text, "second");
    EXPECT_EQ(token(Crm::hubspot).version, 0);
}

TEST_P(StoreTokens, AreNeverOverwrittenByWhoMissedAChange)
{
    EXPECT_TRUE(keep(0, "first"));
    EXPECT_FALSE(keep(0, "late"));
    EXPECT_FALSE(take_turn(0));
    EXPECT_EQ(token().text, "first");
}

TEST_P(StoreTokens, AreRenewedByOneAtATime)
{
    EXPECT_TRUE(take_turn(0));
    EXPECT_FALSE(take_turn(0));
    EXPECT_TRUE(take_turn(0, Crm::hubspot));
    EXPECT_TRUE(keep(0, "first"));
    EXPECT_TRUE(take_turn(1));
    ok(store().give_up_token_turn(Crm::mautic, 0));  // Of a version that is gone: not this turn.
    EXPECT_FALSE(take_turn(1));
    ok(store().give_up_token_turn(Crm::mautic, 1));
    EXPECT_TRUE(take_turn(1));
}

TEST_P(StoreTokens, OutliveWhoeverHadTheTurn)
{
    EXPECT_TRUE(take_turn(0));
    advance(19s);
    EXPECT_FALSE(take_turn(0));
    advance(1s);
    EXPECT_TRUE(take_turn(0));
    // Whoever was slow still has a good token, and the one who took over sees it.
    EXPECT_TRUE(keep(0, "slow"));
    EXPECT_FALSE(keep(0, "taken over"));
}

// ---- OAuth over two machines --------------------------------------------------------------------------------------

/// A vendor whose refresh tokens are good for one use only, and machines that share one database.
class SharedTokens : public StoreTest {
protected:
    struct Node {
        Node(SharedTokens& test, std::string refresh_token, std::string_view key = "the key of all machines")
            : Node(test, test.store(), std::move(refresh_token), key)
        {
        }
        Node(SharedTokens& test, Store& store, std::string refresh_token, std::string_view key)
            : vault(store, test.backend().clock(), Seal(key)),
              oauth(OAuth::create(test.backend().loop().get_executor(), test.backend().clock(), &vault,
                                  {.crm = Crm::mautic,
                                   .token_url = test.vendor().url() + "/token",
                                   .client_id = "id",
                                   .client_secret = "secret",
                                   .refresh_token = std::move(refresh_token),
                                   .remedy = "authorise again",
                                   .timeout = 2s})
                        .value())
        {
        }
        StoreTokenVault vault;
        std::unique_ptr<OAuth> oauth;
    };

    void SetUp() override
    {
        StoreTest::SetUp();
        if (IsSkipped()) return;
        started_ = now();
        server_.emplace(backend().loop());
        vendor().script = [this](const http::ServerRequest& request) { return answer(request); };
    }
    void TearDown() override
    {
        server_.reset();
        StoreTest::TearDown();
    }

    http::ServerResponse answer(const http::ServerRequest& request)
    {
        const std::size_t at = request.body.find("refresh_token=") + std::string_view("refresh_token=").size();
        if (good_.erase(request.body.substr(at, request.body.find('&', at) - at)) == 0)
            return {.status = 400, .body = R"({"error":"invalid_grant"})"};
        const std::string number = std::to_string(++issued_);
        good_.insert("refresh-" + number);
        return {.body = R"({"access_token":"token-)" + number + R"(","refresh_token":"refresh-)" + number +
                        R"(","expires_in":3600})"};
    }

    /// Tokens of several machines at once, in that order. While nothing happens, somebody waits for a turn to end: time
    /// then goes by in such steps, small enough that no turn runs out under a machine that is slow.
    std::vector<std::string> all_of(std::vector<OAuth*> nodes, Duration step = 20ms)
    {
        std::vector<Result<std::string>> results(nodes.size());
        std::size_t open = nodes.size();
        for (std::size_t i = 0; i < nodes.size(); ++i)
            asio::co_spawn(backend().loop(), nodes[i]->token(), [&, i](std::exception_ptr, Result<std::string> result) {
                results[i] = std::move(result);
                --open;
            });
        while (open > 0) {
            backend().loop().restart();
            if (backend().loop().run_one_for(std::chrono::milliseconds{20}) > 0) continue;
            advance(step);
            (void)store();  // Shows the database the time.
        }
        std::vector<std::string> tokens;
        for (const auto& result : results) tokens.push_back(result ? *result : result.error().message);
        return tokens;
    }

    test::ScriptedServer& vendor() { return *server_; }
    std::set<std::string> good_{"first"};
    int issued_ = 0;
    Instant started_{};

private:
    std::optional<test::ScriptedServer> server_;
};
CRMSYNC_FOR_EVERY_STORE(SharedTokens);

TEST_P(SharedTokens, AreRenewedByOneMachineForAll)
{
    Node one(*this, "first");
    Node two(*this, "first");
    EXPECT_EQ(all_of({one.oauth.get(), two.oauth.get()}), (std::vector<std::string>{"token-1", "token-1"}));
    EXPECT_EQ(vendor().requests.size(), 1u);

    advance(1h);
    EXPECT_EQ(all_of({two.oauth.get(), one.oauth.get()}), (std::vector<std::string>{"token-2", "token-2"}));
    EXPECT_EQ(vendor().requests.size(), 2u);

    EXPECT_EQ(ok(one.oauth->renew("token-2")), "token-3");
    EXPECT_EQ(ok(two.oauth->renew("token-2")), "token-3");
    EXPECT_EQ(vendor().requests.size(), 3u);
}

TEST_P(SharedTokens, OutliveARestart)
{
    EXPECT_EQ(ok(Node(*this, "first").oauth->token()), "token-1");
    backend().kill_and_reopen();
    EXPECT_EQ(ok(Node(*this, "first").oauth->token()), "token-1");
    EXPECT_EQ(vendor().requests.size(), 1u);
    advance(1h);
    backend().kill_and_reopen();
    EXPECT_EQ(ok(Node(*this, "first").oauth->token()), "token-2");
    EXPECT_TRUE(vendor().requests.back().body.contains("refresh_token=refresh-1"));
}

TEST_P(SharedTokens, GiveWayToWhatAPersonConfigures)
{
    EXPECT_EQ(ok(Node(*this, "first").oauth->token()), "token-1");
    good_ = {"second"};
    EXPECT_EQ(ok(Node(*this, "second").oauth->token()), "token-2");
    EXPECT_EQ(ok(Node(*this, "second").oauth->token()), "token-2");
    EXPECT_EQ(vendor().requests.size(), 2u);
}

TEST_P(SharedTokens, AreAsGoodAsAbsentUnderAnotherKey)
{
    EXPECT_EQ(ok(Node(*this, "first").oauth->token()), "token-1");
    EXPECT_EQ(error_of(Node(*this, "first", "another key").oauth->token()).code, ErrorCode::denied);
    good_.insert("first");
    EXPECT_EQ(ok(Node(*this, "first", "another key").oauth->token()), "token-2");
}

TEST_P(SharedTokens, AreSealedInTheDatabase)
{
    ok(Node(*this, "first").oauth->token());
    const std::string kept = ok(store().token(Crm::mautic)).text;
    EXPECT_FALSE(kept.empty());
    EXPECT_FALSE(kept.contains("token-1") || kept.contains("refresh-1"));
}

TEST_P(SharedTokens, OutliveAMachineThatDiedInItsTurn)
{
    ASSERT_TRUE(ok(store().take_token_turn(Crm::mautic, 0, 5s, now())));
    Node node(*this, "first");
    EXPECT_EQ(all_of({node.oauth.get()}, 500ms), std::vector<std::string>{"token-1"});
    EXPECT_GE(now(), started_ + 5s);
}

TEST_P(SharedTokens, AreKeptLaterWhenTheDatabaseWasAway)
{
    using Fault = test::FaultyStore::Fault;
    for (const Fault fault : {Fault::before, Fault::after}) {
        const int issued = issued_;
        int verbs = 0;
        // Read, take the turn, keep.
        test::FaultyStore faulty(store(), [&] { return ++verbs == 3 ? fault : Fault::none; });
        Node node(*this, faulty, "first", "key");
        const std::string token = "token-" + std::to_string(issued + 1);
        EXPECT_EQ(ok(node.oauth->token()), token);
        EXPECT_EQ(ok(node.oauth->token()), token);
        EXPECT_EQ(vendor().requests.size(), static_cast<std::size_t>(issued + 1));
        EXPECT_EQ(ok(Node(*this, store(), "first", "key").oauth->token()), token);
        advance(2h);
    }
}

TEST_P(SharedTokens, LetTheNextOneTryAfterARefusal)
{
    good_.clear();
    Node node(*this, "first");
    EXPECT_EQ(error_of(node.oauth->token()).code, ErrorCode::denied);
    good_.insert("first");
    EXPECT_EQ(ok(Node(*this, "first").oauth->token()), "token-1");
}

}  // namespace crmsync::conformance
