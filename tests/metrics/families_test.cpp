#include "metrics/families.h"

#include <gmock/gmock.h>

#include <map>

namespace crmsync::metrics {
namespace {

using Labels = std::map<std::string, std::string>;

class FamiliesTest : public testing::Test {
protected:
    FamiliesTest()
    {
        snapshot_.at = Instant{std::chrono::seconds{1'700'000'000}};
        snapshot_.database = Store::Health{.engine = "SQLite 3.40.1", .schema_version = 7, .clock_offset = 250ms};
    }
    /// Nothing when there is no such sample.
    std::optional<double> value(std::string_view name, const Labels& labels = {}) const
    {
        for (const auto& family : families_of(snapshot_)) {
            if (family.name != name) continue;
            for (const auto& metric : family.metric) {
                Labels own;
                for (const auto& label : metric.label) own[label.name] = label.value;
                if (own == labels) return metric.gauge.value;
            }
        }
        return std::nullopt;
    }

    Snapshot snapshot_;
};

TEST_F(FamiliesTest, EveryConditionIsZeroOrOne)
{
    snapshot_.crm[Crm::brevo].condition = Condition::circuit_open;
    const auto is = [&](std::string crm, std::string condition) {
        return value("crmsync_connector_condition", {{"crm", std::move(crm)}, {"condition", std::move(condition)}});
    };
    EXPECT_EQ(is("brevo", "circuit_open"), 1);
    EXPECT_EQ(is("brevo", "healthy"), 0);
    EXPECT_EQ(is("n8n", "not_configured"), 1);
    EXPECT_EQ(is("n8n", "circuit_open"), 0);
}

TEST_F(FamiliesTest, AQueueIsToldByDepthAndAge)
{
    snapshot_.crm[Crm::brevo].queue = {.due = 3, .waiting = 5, .running = 2, .oldest_due = snapshot_.at - 90s};
    EXPECT_EQ(value("crmsync_queue_jobs", {{"crm", "brevo"}, {"state", "due"}}), 3);
    EXPECT_EQ(value("crmsync_queue_jobs", {{"crm", "brevo"}, {"state", "waiting"}}), 5);
    EXPECT_EQ(value("crmsync_queue_jobs", {{"crm", "brevo"}, {"state", "running"}}), 2);
    EXPECT_EQ(value("crmsync_queue_oldest_due_age_seconds", {{"crm", "brevo"}}), 90);
    EXPECT_EQ(value("crmsync_queue_oldest_due_age_seconds", {{"crm", "n8n"}}), 0);
    snapshot_.crm[Crm::brevo].queue.oldest_due = snapshot_.at + 90s;
    EXPECT_EQ(value("crmsync_queue_oldest_due_age_seconds", {{"crm", "brevo"}}), 0) << "clocks may differ";
}

TEST_F(FamiliesTest, ContactsAreCountedByStatus)
{
    snapshot_.contacts = 12;
    snapshot_.by_status[Crm::hubspot] = {{SyncStatus::complete, 7}};
    EXPECT_EQ(value("crmsync_contacts"), 12);
    EXPECT_EQ(value("crmsync_contacts_by_status", {{"crm", "hubspot"}, {"status", "complete"}}), 7);
    EXPECT_EQ(value("crmsync_contacts_by_status", {{"crm", "hubspot"}, {"status", "error"}}), 0);
}

TEST_F(FamiliesTest, BudgetsAreThoseOfConfiguredConnectors)
{
    Window second{.rate = {.name = "second", .period = 1s, .limit = 100}, .reserve_percent = 5};
    second.used.push_back({snapshot_.at, 10});
    const Window none{.rate = {.name = "hour", .period = 1h, .limit = 0}};
    snapshot_.crm[Crm::brevo].configured = true;
    snapshot_.crm[Crm::brevo].state.windows = {second, none};
    snapshot_.crm[Crm::n8n].state.windows = {second};
    EXPECT_EQ(value("crmsync_budget_limit_calls", {{"crm", "brevo"}, {"window", "second"}}), 95);
    EXPECT_EQ(value("crmsync_budget_left_calls", {{"crm", "brevo"}, {"window", "second"}}), 85);
    EXPECT_EQ(value("crmsync_budget_left_calls", {{"crm", "brevo"}, {"window", "hour"}}), std::nullopt);
    EXPECT_EQ(value("crmsync_budget_left_calls", {{"crm", "n8n"}, {"window", "second"}}), std::nullopt);
}

TEST_F(FamiliesTest, PoolsAreToldWhereThereAreSome)
{
    EXPECT_EQ(value("crmsync_database_pool_connections_max", {{"pool", "engine"}}), std::nullopt);
    snapshot_.engine_pool = {.size = 8, .open = 5, .idle = 2, .waiting = 1};
    snapshot_.api_pool = Store::PoolStatus{.size = 4};
    EXPECT_EQ(value("crmsync_database_pool_connections_max", {{"pool", "engine"}}), 8);
    EXPECT_EQ(value("crmsync_database_pool_connections", {{"pool", "engine"}, {"state", "busy"}}), 3);
    EXPECT_EQ(value("crmsync_database_pool_connections", {{"pool", "engine"}, {"state", "idle"}}), 2);
    EXPECT_EQ(value("crmsync_database_pool_waiting", {{"pool", "engine"}}), 1);
    EXPECT_EQ(value("crmsync_database_pool_connections_max", {{"pool", "api"}}), 4);
}

TEST_F(FamiliesTest, WithoutADatabaseTheRestIsTold)
{
    snapshot_.crm[Crm::brevo].run.in_flight = 3;
    EXPECT_EQ(value("crmsync_database_up"), 1);
    EXPECT_EQ(value("crmsync_database_clock_offset_seconds"), 0.25);
    EXPECT_EQ(value("crmsync_database_info", {{"engine", "SQLite 3.40.1"}, {"schema", "7"}}), 1);
    snapshot_.database.reset();
    EXPECT_EQ(value("crmsync_database_up"), 0);
    EXPECT_EQ(value("crmsync_calls_in_flight", {{"crm", "brevo"}}), 3);
    EXPECT_EQ(value("crmsync_contacts"), std::nullopt) << "0 would be a lie";
}

TEST_F(FamiliesTest, TimesAreSecondsSinceTheEpoch)
{
    snapshot_.crm[Crm::brevo].state.last_acknowledged_at = snapshot_.at - 1s;
    snapshot_.crm[Crm::brevo].run.last_sweep = snapshot_.at;
    EXPECT_EQ(value("crmsync_connector_last_acknowledged_timestamp_seconds", {{"crm", "brevo"}}), 1'699'999'999);
    EXPECT_EQ(value("crmsync_connector_last_acknowledged_timestamp_seconds", {{"crm", "n8n"}}), std::nullopt);
    EXPECT_EQ(value("crmsync_connector_last_sweep_timestamp_seconds", {{"crm", "brevo"}}), 1'700'000'000);
}

}  // namespace
}  // namespace crmsync::metrics
