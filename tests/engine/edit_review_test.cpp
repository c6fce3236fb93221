#include "engine/edit_review.h"

#include "tests/engine/fixture.h"

namespace crmsync::test {
namespace {

/// The mapping sends the first name alone.
class EditReview : public EngineFixture {
protected:
    void rename(const Uuid& id, std::string name)
    {
        ContactChange change;
        change.name.emplace(std::move(name));
        ok(store->update_contact(id, change, clock.now()));
    }
    Uuid completed()
    {
        const Uuid id = add("ada@example.com");
        act(Action::select, {id});
        pass(1s);
        EXPECT_EQ(job(id).state, JobState::completed);
        return id;
    }
};

TEST_F(EditReview, MarksAContactOfWhichAMappedFieldChanged)
{
    start();
    const Uuid id = completed();
    rename(id, "Augusta Lovelace");
    pass(2s);
    EXPECT_TRUE(job(id).changed);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_EQ(truth.calls.size(), 1u) << "nobody asked for it";
}

TEST_F(EditReview, KnowsWhenItIsAsTheCrmHasIt)
{
    start();
    const Uuid id = completed();
    rename(id, "Ada King");
    pass(2s);
    EXPECT_FALSE(job(id).changed) << "the CRM does not get the last name";
    rename(id, "Augusta King");
    pass(2s);
    EXPECT_TRUE(job(id).changed);
    rename(id, "Ada Lovelace");
    pass(2s);
    EXPECT_FALSE(job(id).changed) << "changed back";
}

TEST_F(EditReview, CountsAnEditDuringTheCall)
{
    truth.script = [](const MappedContact&) { return after(5s, Upserted{}); };
    start();
    const Uuid id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    rename(id, "Augusta Lovelace");
    pass(10s);
    const Job done = job(id);
    EXPECT_EQ(done.state, JobState::completed);
    EXPECT_TRUE(done.changed);
    EXPECT_LT(done.acknowledged_at, contact(id).updated_at);
}

TEST_F(EditReview, SendsTheContactAgainWhereThatIsConfigured)
{
    run_options.resync_on_change = true;
    start();
    const Uuid id = completed();
    rename(id, "Augusta Lovelace");
    pass(2s);
    EXPECT_EQ(truth.calls.size(), 2u);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_FALSE(job(id).changed);
    EXPECT_TRUE(job(id).options.by_change);
    pass(10min);
    EXPECT_EQ(truth.calls.size(), 2u) << "a write of ours is no change";
}

TEST_F(EditReview, SendsNothingThatIsChangedBackMeanwhile)
{
    run_options.resync_on_change = true;
    start();
    const Uuid id = completed();
    ok(store->update_connector(crm, [](ConnectorState& state) { pause(state, "test"); }));
    rename(id, "Augusta Lovelace");
    pass(2s);
    EXPECT_EQ(job(id).state, JobState::queued);
    rename(id, "Ada Lovelace");
    ok(store->update_connector(crm, resume));
    pass(2s);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_EQ(history(id).front().outcome, "unchanged");
    EXPECT_EQ(truth.calls.size(), 1u);
}

TEST_F(EditReview, QueuesNothingThatWouldBeRefusedOrThatFailed)
{
    run_options.resync_on_change = true;
    start();
    const Uuid id = completed();
    ContactChange change;
    change.email = "no address";
    ok(store->update_contact(id, change, clock.now()));
    pass(2s);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_TRUE(job(id).changed);

    truth.script = [](const MappedContact&) { return after(1ms, Rejected{"bad", "Brevo API error: bad"}); };
    const Uuid failed = add("bob@example.com");
    act(Action::select, {failed});
    pass(1s);
    rename(failed, "Bob");
    pass(2s);
    EXPECT_EQ(job(failed).state, JobState::failed);
}

}  // namespace
}  // namespace crmsync::test
