#include "store/sqlite/work_queue.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

namespace crmsync::sqlite {
namespace {

const Query insert{"INSERT INTO t (x) VALUES (?1)"};
const Query count_of{"SELECT count(*) FROM t WHERE x = ?1"};

class WorkQueueTest : public testing::TestWithParam<bool> {
protected:
    WorkQueueTest() : path_(std::filesystem::temp_directory_path() / ("crmsync-queue-" + std::to_string(::getpid())))
    {
        Connection db(path_, Connection::Mode::create);
        db.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
        std::vector<Connection> writer;
        writer.emplace_back(path_, Connection::Mode::read_write);
        sqlite3_busy_timeout(writer.back().handle(), 0);
        queue_ = std::make_unique<WorkQueue>(std::move(writer),
                                             GetParam() ? std::optional<Executor>(loop_.get_executor()) : std::nullopt);
    }
    ~WorkQueueTest() override
    {
        queue_.reset();
        for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    }

    using Work = std::function<Result<std::int64_t>(Connection&)>;
    /// Queues all at once; their results in order.
    std::vector<Result<std::int64_t>> run_all(std::vector<Work> work)
    {
        std::vector<Result<std::int64_t>> results(work.size());
        for (std::size_t i = 0; i < work.size(); ++i)
            asio::co_spawn(
                loop_,
                [&, i]() -> Task<> {
                    results[i] = co_await queue_->run<std::int64_t>(Access::write, std::move(work[i]));
                },
                asio::detached);
        loop_.restart();
        loop_.run();
        return results;
    }
    static Work inserting(std::int64_t x)
    {
        return [x](Connection& db) -> Result<std::int64_t> { return db.run(insert, x); };
    }
    std::int64_t rows_with(std::int64_t x)
    {
        return Connection(path_, Connection::Mode::read_only).number(count_of, x);
    }

    asio::io_context loop_;
    std::string path_;
    std::unique_ptr<WorkQueue> queue_;
};
INSTANTIATE_TEST_SUITE_P(, WorkQueueTest, testing::Bool(),
                         [](const auto& it) { return it.param ? "on_the_loop" : "on_a_thread"; });

TEST_P(WorkQueueTest, AFailureTakesNothingOfItsNeighboursAlong)
{
    const auto results = run_all({inserting(1),
                                  [](Connection& db) -> Result<std::int64_t> {
                                      db.run(insert, 2);
                                      return fail(ErrorCode::invalid, "no");
                                  },
                                  [](Connection& db) -> Result<std::int64_t> {
                                      db.run(insert, 3);
                                      db.execute("not SQL");
                                      return 0;
                                  },
                                  inserting(4)});
    EXPECT_TRUE(results[0]);
    EXPECT_EQ(results[1].error().code, ErrorCode::invalid);
    EXPECT_EQ(results[2].error().code, ErrorCode::internal);
    EXPECT_TRUE(results[3]);
    EXPECT_EQ(rows_with(1), 1);
    EXPECT_EQ(rows_with(2), 0);
    EXPECT_EQ(rows_with(3), 0);
    EXPECT_EQ(rows_with(4), 1);
}

TEST_P(WorkQueueTest, WhatIsReportedIsCommittedAndVisibleToOthers)
{
    for (std::int64_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(run_all({inserting(i)})[0]);
        EXPECT_EQ(rows_with(i), 1);
    }
}

TEST_P(WorkQueueTest, AFullDatabaseIsUnavailableAndTheReportsStayTrue)
{
    ASSERT_TRUE(run_all({[](Connection& db) -> Result<std::int64_t> {
        db.execute("PRAGMA max_page_count = 10");
        return 0;
    }})[0]);
    const auto filling = [](std::int64_t x) -> Work {
        return [x](Connection& db) -> Result<std::int64_t> {
            db.run(insert, x);
            db.execute("INSERT INTO t SELECT zeroblob(1000000)");
            return 0;
        };
    };
    const auto results = run_all({inserting(1), filling(2), inserting(3)});
    EXPECT_EQ(results[1].error().code, ErrorCode::unavailable);
    EXPECT_EQ(rows_with(2), 0);
    EXPECT_EQ(rows_with(1), results[0] ? 1 : 0);
    EXPECT_EQ(rows_with(3), results[2] ? 1 : 0);
    EXPECT_TRUE(run_all({inserting(4)})[0]);
    EXPECT_EQ(rows_with(4), 1);
}

TEST_P(WorkQueueTest, AForeignLockIsUnavailable)
{
    Connection other(path_, Connection::Mode::read_write);
    other.execute("BEGIN IMMEDIATE");
    for (const auto& result : run_all({inserting(1), inserting(1)}))
        EXPECT_EQ(result.error().code, ErrorCode::unavailable);
    EXPECT_EQ(rows_with(1), 0);
    other.execute("ROLLBACK");
    EXPECT_TRUE(run_all({inserting(2)})[0]);
}

}  // namespace
}  // namespace crmsync::sqlite
