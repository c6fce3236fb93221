#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "store/migrate.h"
#include "store/open.h"
#include "store/sqlite/database.h"

namespace crmsync {
namespace {

/// A database file and stores on it.
class SqliteStoreTest : public testing::Test {
protected:
    SqliteStoreTest() { EXPECT_TRUE(migrate(url(), false)); }
    ~SqliteStoreTest() override
    {
        for (const char* suffix : {"", "-wal", "-shm", ".lock", ".turn"}) std::filesystem::remove(path_ + suffix);
    }

    std::string url() const { return "sqlite:" + path_; }
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> result;
        bool done = false;
        asio::co_spawn(
            loop_, [&]() -> Task<> { result.emplace(co_await std::move(task)); },
            [&](const std::exception_ptr&) { done = true; });
        loop_.restart();
        while (!done) loop_.run_one();
        return std::move(*result);
    }
    void close(Store& store)
    {
        bool done = false;
        asio::co_spawn(loop_, store.close(), [&](const std::exception_ptr&) { done = true; });
        loop_.restart();
        while (!done) loop_.run_one();
    }
    Result<std::unique_ptr<Store>> open(bool engine)
    {
        StoreConfig config;
        config.url = url();
        config.engine = engine;
        config.poll_interval = 5ms;
        return run(open_store(loop_.get_executor(), clock_, config));
    }
    std::unique_ptr<Store> opened(bool engine)
    {
        auto store = open(engine);
        if (!store) throw std::runtime_error(store.error().message);
        return std::move(*store);
    }

    std::string path_ =
        std::filesystem::temp_directory_path() / ("crmsync-store-" + std::to_string(::getpid()) + ".db");
    asio::io_context loop_;
    SystemClock clock_;
};

TEST_F(SqliteStoreTest, OneEngineAtATimeButTheCommandLineBesideIt)
{
    std::unique_ptr<Store> engine = opened(true);
    EXPECT_EQ(open(true).error().code, ErrorCode::conflict);
    std::unique_ptr<Store> beside = opened(false);
    EXPECT_TRUE(run(beside->summary()));
    close(*beside);
    close(*engine);
    engine.reset();
    engine = opened(true);
    close(*engine);
}

TEST_F(SqliteStoreTest, WhoWritesWithoutPauseLetsAnotherProcessInBetween)
{
    const std::unique_ptr<Store> busy = opened(false);
    const std::unique_ptr<Store> other = opened(true);
    bool done = false;
    int written = 0;
    std::vector<int> written_meanwhile;  // During each batch of five transactions.
    const auto import = [&]() -> Task<> {
        for (int batch = 0; batch < 10; ++batch) {
            std::vector<ImportRow> rows(5'000);
            for (std::size_t i = 0; i < rows.size(); ++i)
                rows[i].fields.email = std::to_string(batch) + "." + std::to_string(i) + "@example.org";
            const int before = written;
            EXPECT_TRUE(co_await busy->import_contacts(std::move(rows), clock_.now()));
            written_meanwhile.push_back(written - before);
        }
        done = true;
    };
    const auto write = [&]() -> Task<> {
        while (!done) {
            EXPECT_TRUE(co_await other->audit({.at = clock_.now(), .actor = "test", .action = "write"}));
            ++written;
        }
    };
    int ended = 0;
    const auto end = [&](const std::exception_ptr&) { ++ended; };
    asio::co_spawn(loop_, import(), end);
    asio::co_spawn(loop_, write(), end);
    loop_.restart();
    while (ended < 2) loop_.run_one();
    EXPECT_THAT(written_meanwhile, testing::Each(testing::Ge(3)));
    close(*busy);
    close(*other);
}

TEST_F(SqliteStoreTest, WhatAnotherProcessWritesWakesTheEngine)
{
    const std::unique_ptr<Store> engine = opened(true);
    bool woken = false;
    engine->on_wake([&] { woken = true; });
    ASSERT_TRUE(run(engine->connector_states()));
    sqlite::Connection(path_, sqlite::Connection::Mode::read_write)
        .execute("INSERT INTO contacts (email, brevo_sync_status) VALUES ('a@example.org', 'Selected')");
    loop_.restart();
    while (!woken) loop_.run_one();
    EXPECT_EQ(run(engine->absorb_writes(clock_.now()))->absorbed, 1u);
    close(*engine);
}

TEST_F(SqliteStoreTest, AMissingOrStrangeDatabaseIsToldPlainly)
{
    std::filesystem::remove(path_);
    EXPECT_EQ(open(false).error().code, ErrorCode::unavailable);
    sqlite::Connection(path_, sqlite::Connection::Mode::create).execute("CREATE TABLE contacts (id)");
    EXPECT_EQ(open(false).error().code, ErrorCode::conflict);
}

TEST_F(SqliteStoreTest, AFullDiskLeavesNothingHalfDone)
{
    const std::unique_ptr<Store> store = opened(true);
    std::vector<ImportRow> rows(2'000);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].fields.email = "p" + std::to_string(i) + "@example.org";
        rows[i].fields.context = std::string(1'000, 'x');
    }
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit unlimited{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    rlimit limited = unlimited;
    limited.rlim_cur = 1'000'000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limited), 0);
    const auto refused = run(store->import_contacts(rows, clock_.now()));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ(run(store->summary())->contacts, 0);
    EXPECT_EQ(run(store->import_contacts(rows, clock_.now()))->created, rows.size());
    EXPECT_EQ(run(store->summary())->contacts, 2'000);
    close(*store);
}

TEST_F(SqliteStoreTest, AKilledProcessLosesNothingThatItReported)
{
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {  // Imports, selects and claims for ever, one byte per round reported.
        const std::unique_ptr<Store> store = opened(true);
        const Uuid worker = random_uuid7(clock_.now());
        for (int round = 0;; ++round) {
            ImportRow row;
            row.fields.email = "p" + std::to_string(round) + "@example.org";
            ActionRequest request;
            request.crms = {Crm::brevo};
            request.target = ContactFilter{};
            request.now = clock_.now();
            ClaimRequest claim;
            claim.worker_id = worker;
            claim.wanted = 1'000;
            claim.now = request.now;
            if (!run(store->import_contacts({row}, request.now)) || !run(store->act(request)) ||
                !run(store->claim(claim)) || ::write(ends[1], "x", 1) != 1)
                ::_exit(1);
        }
    }
    int reported = 0;
    for (char byte = 0; reported < 30 && ::read(ends[0], &byte, 1) == 1;) ++reported;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ASSERT_EQ(reported, 30);

    const std::unique_ptr<Store> store = opened(true);
    const auto summary = run(store->summary());
    ASSERT_TRUE(summary);
    EXPECT_GE(summary->contacts, reported);
    EXPECT_EQ(summary->by_status[Crm::brevo].at(SyncStatus::processing), 0);
    EXPECT_GE(summary->by_status[Crm::brevo].at(SyncStatus::selected), reported);
    close(*store);
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace crmsync
