#include "tests/conformance/store_fixture.h"

namespace crmsync {
namespace {

using conformance::rejected;
using conformance::StoreTest;
using conformance::transient;
using conformance::upserted;
using testing::ElementsAre;
using testing::IsEmpty;

class StoreSuppression : public StoreTest {
protected:
    Forgotten forget(std::vector<std::string> emails, std::vector<Uuid> ids = {})
    {
        return ok(store().forget({.ids = std::move(ids),
                                  .emails = std::move(emails),
                                  .reason = "asked by letter",
                                  .actor = "cli:ann",
                                  .now = now()}));
    }
    std::size_t suppress(std::string email)
    {
        return ok(store().suppress({std::move(email)}, "asked by phone", "cli:ann", now()));
    }
    std::vector<std::string> audited()
    {
        std::vector<std::string> entries;
        for (const AuditEntry& entry : ok(store().audit_log(10, 0)))
            entries.push_back(entry.action + " " + std::to_string(entry.count) + " " + entry.detail);
        return entries;
    }
};

TEST_P(StoreSuppression, TellsWhichAddressesAreOnTheList)
{
    const std::vector<std::string> emails{"ANN@example.org ", "bob@example.org", ""};
    EXPECT_THAT(ok(store().suppressed(emails)), ElementsAre(false, false, false));
    EXPECT_EQ(suppress("ann@example.org"), 1u);
    EXPECT_EQ(suppress(" Ann@Example.org"), 0u);
    EXPECT_THAT(ok(store().suppressed(emails)), ElementsAre(true, false, false));
    EXPECT_EQ(ok(store().unsuppress({"Ann@example.org", "bob@example.org"}, "cli:ann", now())), 1u);
    EXPECT_THAT(ok(store().suppressed(emails)), ElementsAre(false, false, false));
    EXPECT_THAT(audited(), ElementsAre("unsuppress 2 {}", "suppress 1 {}", "suppress 1 {}"));
}

TEST_P(StoreSuppression, ListsTheNewestFirstAndNoAddress)
{
    suppress("ann@example.org");
    const Instant first = now();
    advance(1ms);
    ok(store().suppress({"bob@example.org"}, "asked by letter", "api:eve", now()));
    const auto list = ok(store().suppressions(10, 0));
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].at, now());
    EXPECT_EQ(list[0].actor, "api:eve");
    EXPECT_EQ(list[0].reason, "asked by letter");
    EXPECT_EQ(list[1].at, first);
    EXPECT_EQ(list[1].hash.size(), 64u);
    EXPECT_EQ(ok(store().suppressions(10, 1)).size(), 1u);
    EXPECT_EQ(ok(store().suppressions(1, 0)).size(), 1u);
    EXPECT_EQ(error_of(store().suppress({"\xff"}, "", "cli:ann", now())).field, "emails");
}

TEST_P(StoreSuppression, AClaimTellsWhomNothingGoesTo)
{
    const std::vector<Uuid> ids = {add_contact("Ann@example.org"), add_contact("bob@example.org")};
    suppress("ann@example.org");
    act(Action::select, ids);
    const auto jobs = claim();
    ASSERT_EQ(jobs.size(), 2u);
    for (const ClaimedJob& job : jobs) EXPECT_EQ(job.suppressed, job.key.contact_id == ids[0]);
    ok(store().unsuppress({"ann@example.org"}, "cli:ann", now()));
    for (const ClaimedJob& job : jobs) finish(job, rejected);
    act(Action::retry, ids);
    for (const ClaimedJob& job : claim()) EXPECT_FALSE(job.suppressed);
}

TEST_P(StoreSuppression, NoContactGetsAnAddressOfTheList)
{
    suppress("ann@example.org");
    EXPECT_EQ(error_of(store().create_contact({.email = "ANN@example.org"}, CurationStatus::new_, now())),
              (Error{ErrorCode::invalid, std::string(suppressed_reason), "email"}));
    const Uuid id = add_contact("bob@example.org");
    ContactChange change;
    change.email = "ann@example.org";
    EXPECT_EQ(error_of(store().update_contact(id, change, now())).field, "email");
    EXPECT_EQ(contact(id).fields.email, "bob@example.org");
    // One that is there already can still be mended.
    const Uuid there = add_contact("eve@example.org");
    suppress("eve@example.org");
    ContactChange name;
    name.name = std::optional<std::string>("Eve");
    EXPECT_EQ(ok(store().update_contact(there, name, now())).fields.name, "Eve");
}

TEST_P(StoreSuppression, ForgettingTakesEverythingOfAPersonAlong)
{
    const Uuid ann = add_contact("Ann@example.org");
    const Uuid also_ann = add_contact(" ann@EXAMPLE.org");
    const Uuid bob = add_contact("bob@example.org");
    act(Action::select, {ann, bob});
    for (const ClaimedJob& job : claim()) finish(job, upserted);
    act(Action::select, {also_ann}, {Crm::hubspot});
    finish(claim_one(Crm::hubspot), transient);

    const Forgotten forgotten = forget({"ann@example.org"});

    EXPECT_EQ(forgotten.deleted, 2u);
    EXPECT_EQ(forgotten.suppressed, 1u);
    EXPECT_EQ(forgotten.not_found, 0u);
    ASSERT_EQ(forgotten.addresses.size(), 1u);
    EXPECT_EQ(forgotten.addresses[0].email, "ann@example.org");
    EXPECT_EQ(forgotten.addresses[0].contacts, 2u);
    ASSERT_EQ(forgotten.addresses[0].remotes.size(), 1u);
    EXPECT_EQ(forgotten.addresses[0].remotes[0].crm, Crm::brevo);
    EXPECT_EQ(forgotten.addresses[0].remotes[0].remote_id, "remote-1");
    EXPECT_FALSE(forgotten.addresses[0].remotes[0].in_flight);
    for (const Uuid& id : {ann, also_ann}) {
        EXPECT_EQ(error_of(store().contact(id)).code, ErrorCode::not_found);
        EXPECT_TRUE(ok(store().jobs_of(id, 10)).jobs.empty());
        EXPECT_THAT(history(id), IsEmpty());
    }
    EXPECT_EQ(published(bob), publish(JobState::completed, Origin::selection));
    EXPECT_THAT(ok(store().suppressed({"ann@example.org", "bob@example.org"})), ElementsAre(true, false));
    EXPECT_EQ(audited().front(), "forget 2 {}");
}

TEST_P(StoreSuppression, ForgetsByIdAndWhoIsNotThere)
{
    const Uuid ann = add_contact("ann@example.org");
    const Uuid twin = add_contact("ann@example.org");
    const Uuid nameless = add_contact("");
    const Uuid other_nameless = add_contact("");
    const Forgotten forgotten = forget({"stranger@example.org"}, {ann, nameless, Uuid{}});
    EXPECT_EQ(forgotten.deleted, 3u) << "with the twin";
    EXPECT_EQ(forgotten.not_found, 1u);
    EXPECT_EQ(forgotten.suppressed, 2u) << "no address is no entry";
    EXPECT_EQ(error_of(store().contact(twin)).code, ErrorCode::not_found);
    EXPECT_EQ(contact(other_nameless).id, other_nameless);
    EXPECT_THAT(ok(store().suppressed({"ann@example.org", "stranger@example.org", ""})),
                ElementsAre(true, true, false));
    const Forgotten again = forget({"stranger@example.org"});
    EXPECT_EQ(again.suppressed, 0u);
    EXPECT_EQ(again.addresses.at(0).contacts, 0u);
}

TEST_P(StoreSuppression, ForgettingDuringACallLosesItsAnswer)
{
    const Uuid id = add_contact("ann@example.org");
    act(Action::select, {id});
    const ClaimedJob job = claim_one();
    const Forgotten forgotten = forget({"ann@example.org"});
    ASSERT_EQ(forgotten.addresses.at(0).remotes.size(), 1u);
    EXPECT_TRUE(forgotten.addresses[0].remotes[0].in_flight);
    EXPECT_EQ(finish(job, upserted).lost, 1u);
    EXPECT_THAT(claim(), IsEmpty());
    EXPECT_TRUE(ok(store().jobs_of(id, 10)).jobs.empty());
}

CRMSYNC_FOR_EVERY_STORE(StoreSuppression);

}  // namespace
}  // namespace crmsync
