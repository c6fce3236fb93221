#include "store/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/clock.h"
#include "store/migrate.h"
#include "store/sqlite/database.h"
#include "tests/support/temp_dir.h"

namespace crmsync::sqlite {
namespace {

using testing::HasSubstr;

class Backup : public testing::Test {
protected:
    Backup() { EXPECT_TRUE(crmsync::migrate(url_, false)); }

    Connection open(const std::string& path) const { return {path, Connection::Mode::read_write}; }
    /// Rows of a table of this test's own, a page each.
    static void add_pages(Connection& db, int count)
    {
        db.execute("CREATE TABLE IF NOT EXISTS page (content)");
        db.open_once(
              "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
              "INSERT INTO page SELECT zeroblob(4000) FROM n",
              {std::int64_t{count}})
            .next();
    }
    static std::int64_t pages(Connection& db)
    {
        Rows rows = db.open_once("SELECT count(*) FROM page", {});
        return rows.next() ? rows.integer(0) : -1;
    }
    bool left_nothing() const
    {
        for (const auto& entry : std::filesystem::directory_iterator(directory_.path()))
            if (entry.path().filename().string().starts_with("copy")) return false;
        return true;
    }

    test::TempDir directory_;
    std::string path_ = directory_.path() / "crmsync.db";
    std::string url_ = "sqlite:" + path_;
    std::string file_ = directory_.path() / "copy.db";
};

TEST_F(Backup, IsOfOneMomentHoweverMuchIsWrittenMeanwhile)
{
    constexpr int before = 5000;
    Connection db = open(path_);
    add_pages(db, before);
    int steps = 0;
    const auto write = [&](std::uint64_t, std::uint64_t) {
        ++steps;
        ASSERT_LT(steps, 100) << "It begins anew with every write.";
        add_pages(db, 1);
    };
    const auto report = back_up(url_, file_, write);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GT(steps, 2);
    Connection copy = open(file_);
    EXPECT_EQ(pages(copy), before);
    EXPECT_EQ(pages(db), before + steps);
    EXPECT_EQ(report->bytes, std::filesystem::file_size(file_));
    EXPECT_EQ(report->migrations_missing, 0u);
}

TEST_F(Backup, TellsHowFarItIs)
{
    Connection db = open(path_);
    add_pages(db, 3000);
    std::vector<std::uint64_t> told;
    std::uint64_t all = 0;
    ASSERT_TRUE(back_up(url_, file_, [&](std::uint64_t done, std::uint64_t total) {
        told.push_back(done);
        all = total;
    }));
    EXPECT_TRUE(std::ranges::is_sorted(told));
    EXPECT_GT(all, 3000u);
    EXPECT_EQ(told.back(), all);
}

TEST_F(Backup, ReplacesNothing)
{
    std::ofstream(file_) << "precious";
    EXPECT_EQ(back_up(url_, file_).error().code, ErrorCode::conflict);
    std::string text;
    std::ifstream(file_) >> text;
    EXPECT_EQ(text, "precious");
}

TEST_F(Backup, OfNothingIsNone)
{
    EXPECT_EQ(back_up("sqlite:" + path_ + ".absent", file_).error().code, ErrorCode::not_found);
    EXPECT_EQ(back_up(url_, directory_.path() / "absent" / "copy.db").error().code, ErrorCode::unavailable);
    const std::string foreign = directory_.path() / "foreign.db";
    Connection(foreign, Connection::Mode::create).execute("CREATE TABLE contacts (id)");
    EXPECT_EQ(back_up("sqlite:" + foreign, file_).error().code, ErrorCode::conflict);
    EXPECT_TRUE(left_nothing());
}

TEST_F(Backup, NeverPassesADamagedDatabaseOff)
{
    {
        Connection db = open(path_);
        add_pages(db, 50);
        db.execute("CREATE INDEX page_size ON page (length(content)); PRAGMA wal_checkpoint(TRUNCATE)");
        // The schema now says that the index is where the table was, and the other way round.
        db.execute(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM "
            "sqlite_schema WHERE name = 'job') WHERE name = 'page'");
    }
    const auto report = back_up(url_, file_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::internal);
    EXPECT_THAT(report.error().message, HasSubstr("damaged"));
    EXPECT_TRUE(left_nothing());
}

TEST_F(Backup, NeverPassesLostParentsOff)
{
    {
        Connection db = open(path_);
        db.execute("CREATE TABLE child (contact TEXT REFERENCES contacts (id)); INSERT INTO child VALUES ('gone')");
    }
    const auto report = back_up(url_, file_);
    ASSERT_FALSE(report);
    EXPECT_THAT(report.error().message, HasSubstr("a row of child has lost its contacts"));
    EXPECT_TRUE(left_nothing());
}

TEST_F(Backup, OfAnOlderSchemaSaysSo)
{
    open(path_).execute("DELETE FROM schema_migration WHERE version = (SELECT max(version) FROM schema_migration)");
    const auto report = back_up(url_, file_);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->migrations_missing, 1u);
}

}  // namespace
}  // namespace crmsync::sqlite
