#include "engine/token_vault.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "store/open.h"
#include "tests/support/await.h"

namespace crmsync {
namespace {

using test::await;

TEST(StoreTokenVault, KeepsTheTextSealed)
{
    asio::io_context loop{1};
    ManualClock clock{Instant{}};
    StoreConfig config{.url = "sqlite::memory:", .single_threaded = true, .engine = true, .poll_interval = {}};
    const auto store = await(loop, open_store(loop.get_executor(), clock, config)).value();
    StoreTokenVault vault(*store, clock, Seal("key"));

    EXPECT_EQ(await(loop, vault.read(Crm::mautic)).value().text, std::nullopt);
    EXPECT_TRUE(await(loop, vault.take_turn(Crm::mautic, 0, 10s)).value());
    EXPECT_FALSE(await(loop, vault.take_turn(Crm::mautic, 0, 10s)).value());
    EXPECT_TRUE(await(loop, vault.keep(Crm::mautic, 0, "token")).value());
    EXPECT_FALSE(await(loop, vault.keep(Crm::mautic, 0, "late")).value());
    const auto kept = await(loop, vault.read(Crm::mautic)).value();
    EXPECT_EQ(kept.version, 1);
    EXPECT_EQ(kept.text, "token");
    EXPECT_FALSE(await(loop, store->token(Crm::mautic)).value().text.contains("token"));

    StoreTokenVault other(*store, clock, Seal("another key"));
    EXPECT_EQ(await(loop, other.read(Crm::mautic)).value().version, 1);
    EXPECT_EQ(await(loop, other.read(Crm::mautic)).value().text, std::nullopt);
    await(loop, store->close());
}

}  // namespace
}  // namespace crmsync
