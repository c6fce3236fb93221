#include "store/sqlite/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace crmsync {
namespace {

class SqliteMigrate : public testing::Test {
protected:
    ~SqliteMigrate() override
    {
        for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    }
    std::string path_ =
        std::filesystem::temp_directory_path() / ("crmsync-migrate-" + std::to_string(::getpid()) + ".db");
    std::string url_ = "sqlite:" + path_;
};

TEST_F(SqliteMigrate, ADryRunTellsAndTouchesNothing)
{
    const auto report = migrate(url_, true);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->steps.size(), static_cast<std::size_t>(sqlite::newest_version()));
    EXPECT_EQ(report->steps.front(), "0001 schema");
    EXPECT_EQ(report->schema_version, 0);
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_FALSE(migration_status(url_)->at(0).applied);
}

TEST_F(SqliteMigrate, TwiceIsOnce)
{
    EXPECT_EQ(migrate(url_, false)->steps.size(), static_cast<std::size_t>(sqlite::newest_version()));
    const auto again = migrate(url_, false);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->steps.empty());
    EXPECT_EQ(again->schema_version, sqlite::newest_version());
    EXPECT_TRUE(migration_status(url_)->at(0).applied);
}

TEST_F(SqliteMigrate, RefusesANewerSchemaAndATableOfSomebodyElse)
{
    ASSERT_TRUE(migrate(url_, false));
    sqlite::Connection(path_, sqlite::Connection::Mode::read_write)
        .execute("INSERT INTO schema_migration VALUES (9999, 'later', 0)");
    EXPECT_EQ(migrate(url_, false).error().code, ErrorCode::conflict);
    std::filesystem::remove(path_);
    sqlite::Connection(path_, sqlite::Connection::Mode::create).execute("CREATE TABLE contacts (id)");
    EXPECT_EQ(migrate(url_, false).error().code, ErrorCode::conflict);
    EXPECT_EQ(migrate(url_, true).error().code, ErrorCode::conflict);
}

TEST_F(SqliteMigrate, WhatIsThereIsCounted)
{
    ASSERT_TRUE(migrate(url_, false));
    sqlite::Connection db(path_, sqlite::Connection::Mode::read_write);
    db.execute(
        "INSERT INTO contacts (email) VALUES ('a@example.org'), ('b@example.org'), ('c@example.org');"
        "INSERT INTO job (contact_id, crm, state, origin, lane) SELECT id, 'brevo', 'completed', 'request', 1 "
        "FROM contacts LIMIT 2;"
        "DROP TABLE tally; DROP TRIGGER contact_inserted_count; DROP TRIGGER contact_deleted_count;"
        "DROP INDEX job_failed; DROP INDEX job_failed_cause; ALTER TABLE job DROP COLUMN reading; DELETE FROM "
        "schema_migration WHERE version = 5");
    ASSERT_TRUE(sqlite::migrate(db, false));
    const sqlite::Query contacts("SELECT count FROM tally WHERE crm = ''");
    const sqlite::Query completed("SELECT count FROM tally WHERE crm = 'brevo' AND state = 'completed'");
    EXPECT_EQ(db.number(contacts), 3);
    EXPECT_EQ(db.number(completed), 2);
}

TEST_F(SqliteMigrate, AnInterruptedRunLeavesNothing)
{
    sqlite::Connection db(path_, sqlite::Connection::Mode::create);
    db.execute("CREATE TABLE worker (id)");  // Makes the script fail half way.
    EXPECT_THROW(static_cast<void>(sqlite::migrate(db, false)), sqlite::DatabaseError);
    db.execute("ROLLBACK");
    db.execute("DROP TABLE worker");
    EXPECT_TRUE(sqlite::migrate(db, false));
}

}  // namespace
}  // namespace crmsync
