#include "store/sqlite/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/sqlite/filter.h"
#include "store/sqlite/migrate.h"

namespace crmsync::sqlite {
namespace {

class QueryPlans : public testing::Test {
protected:
    QueryPlans() : db_(":memory:", Connection::Mode::create) { EXPECT_TRUE(migrate(db_, false)); }

    std::string plan_of(const std::string& sql)
    {
        std::string plan;
        Rows rows = db_.open_once("EXPLAIN QUERY PLAN " + sql, {});
        while (rows.next()) plan += std::string(rows.text(3)) + "\n";
        return plan;
    }

    Connection db_;
};

TEST_F(QueryPlans, WhatRunsPerContactOrPerClaimNeitherScansNorSorts)
{
    const std::vector<const Query*> hot = {&sql::find_job,
                                           &sql::contact_exists,
                                           &sql::decide_job,
                                           &sql::publish[Crm::brevo],
                                           &sql::show_failure,
                                           &sql::clear_failure,
                                           &sql::connector_state,
                                           &sql::set_connector_state,
                                           &sql::claim_due,
                                           &sql::claim_contact,
                                           &sql::claim_untried,
                                           &sql::remote_operation_jobs,
                                           &sql::add_to_remote_operation,
                                           &sql::claim_siblings,
                                           &sql::claim_witness_due,
                                           &sql::claim_job,
                                           &sql::next_due,
                                           &sql::record_leased,
                                           &sql::record_job,
                                           &sql::record_stale,
                                           &sql::claim_publish[Crm::n8n],
                                           &sql::postpone_job,
                                           &sql::postpone_publish,
                                           &sql::lease_of,
                                           &sql::hand_back,
                                           &sql::free_lease,
                                           &sql::contact,
                                           &sql::update_contact,
                                           &sql::import_existing,
                                           &sql::history_of,
                                           &sql::heartbeat,
                                           &sql::queue_later,
                                           &sql::counts_of_states,
                                           &sql::forget_writes,
                                           &sql::operation,
                                           &sql::save_chunk,
                                           &sql::next_operation,
                                           &sql::prune_operations,
                                           &sql::jobs_to_delete};
    for (const Query* query : hot) {
        const std::string plan = plan_of(query->text());
        EXPECT_THAT(plan, testing::Not(testing::HasSubstr("SCAN"))) << query->text() << "\n" << plan;
        EXPECT_THAT(plan, testing::Not(testing::HasSubstr("TEMP B-TREE"))) << query->text() << "\n" << plan;
    }
}

TEST_F(QueryPlans, AddressesAndFiguresAreSought)
{
    for (const Query* query : {&sql::find_by_address, &sql::activity, &sql::prune_activity})
        EXPECT_THAT(plan_of(query->text()), testing::Not(testing::HasSubstr("SCAN"))) << query->text();
}

// A CHECK with a list of more than two values fills a table of them at every row.
TEST_F(QueryPlans, NoRowIsWrittenByWayOfATemporaryTable)
{
    for (const Query* query :
         {&sql::create_contact, &sql::update_contact, &sql::insert_job, &sql::decide_job, &sql::publish[Crm::brevo],
          &sql::claim_job, &sql::claim_publish[Crm::hubspot], &sql::record_job, &sql::record_publish[Crm::n8n],
          &sql::show_failure, &sql::insert_attempt}) {
        Rows steps = db_.open_once("EXPLAIN " + query->text(), {});
        while (steps.next()) EXPECT_NE(steps.text(1), "OpenEphemeral") << query->text();
    }
}

TEST_F(QueryPlans, AClaimWalksTheIndexOfWhatIsDue)
{
    EXPECT_THAT(plan_of(sql::claim_due.text()),
                testing::HasSubstr("SEARCH j USING INDEX job_due (crm=? AND lane=? AND due_at<?)"));
    EXPECT_THAT(plan_of(sql::count_untried.text()),
                testing::HasSubstr("SEARCH j USING INDEX job_due (crm=? AND lane=? AND due_at<?)"));
    EXPECT_THAT(plan_of(sql::claim_probe.text()),
                testing::HasSubstr("SEARCH j USING INDEX job_due (crm=? AND lane=? AND due_at<?)"));
    EXPECT_THAT(plan_of(sql::claim_siblings.text()), testing::HasSubstr("USING INDEX idx_contacts_address (<expr>=?)"));
}

TEST_F(QueryPlans, FailuresAreReadFromTheIndexOfFailures)
{
    const std::string newest = plan_of(sql::failures.text());
    EXPECT_THAT(newest, testing::HasSubstr("SCAN j USING INDEX job_failed"));
    EXPECT_THAT(newest, testing::Not(testing::HasSubstr("TEMP B-TREE")));
    EXPECT_THAT(plan_of(sql::failure_causes.text()),
                testing::HasSubstr("SEARCH k USING INDEX job_failed_cause (crm=? AND <expr>=?"));
}

TEST_F(QueryPlans, RescueReadsTheRunningAndTheOrphansAlone)
{
    for (const Query* query : {&sql::leased_without_worker, &sql::leased_by_worker}) {
        const std::string plan = plan_of(query->text());
        EXPECT_THAT(plan, testing::HasSubstr("job_state (crm=? AND state=?)")) << plan;
        EXPECT_THAT(plan, testing::HasSubstr("job_orphan")) << plan;
        EXPECT_THAT(plan, testing::Not(testing::HasSubstr("SCAN contacts"))) << plan;
    }
}

TEST_F(QueryPlans, ADeepPageOfTheDefaultListIsASeek)
{
    Where where;
    where.add("(c.created_at, c.id) > (?, ?)", {});
    EXPECT_THAT(plan_of(std::string(sql::list_contacts) + where.text() + " ORDER BY c.created_at, c.id LIMIT ?"),
                testing::AllOf(testing::HasSubstr("SEARCH c USING INDEX idx_contacts_created_at"),
                               testing::Not(testing::HasSubstr("TEMP B-TREE"))));
}

TEST_F(QueryPlans, AFilterOnARareStatusGoesByItsJobs)
{
    ContactFilter filter;
    filter.sync_status[Crm::brevo] = SyncStatus::error;
    Where where(db_, filter);
    const std::string plan = plan_of(std::string(sql::list_contacts) + where.text() + " ORDER BY c.created_at, c.id");
    EXPECT_THAT(plan, testing::AllOf(testing::HasSubstr("job_state (crm=? AND state=?)"),
                                     testing::HasSubstr("SEARCH c USING INDEX sqlite_autoindex_contacts_1 (id=?)"),
                                     testing::Not(testing::HasSubstr("SCAN c"))))
        << plan;
}

TEST_F(QueryPlans, AChunkOfAFilterIsASeekById)
{
    Where where;
    where.add("c.name = ?", {});
    where.add("c.id > ?", {});
    EXPECT_THAT(plan_of(std::string(sql::list_ids) + where.text() + " ORDER BY c.id LIMIT ?"),
                testing::AllOf(testing::HasSubstr("(id>?)"), testing::Not(testing::HasSubstr("TEMP B-TREE"))));
}

}  // namespace
}  // namespace crmsync::sqlite
