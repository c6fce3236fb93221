#include "engine/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "domain/fingerprint.h"
#include "tests/support/await.h"

namespace crmsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A CRM that answers a batch as the test says, and remembers what it was sent.
class ProgrammedCrm final : public Connector {
public:
    explicit ProgrammedCrm(std::size_t batch_max)
    {
        traits_.batch_max = batch_max;
        traits_.mapping.rules = {{.source = SourceField::first_name, .target = "FIRSTNAME"},
                                 {.source = SourceField::phone, .target = "SMS", .type = FieldType::phone_e164}};
    }

    const ConnectorTraits& traits() const override { return traits_; }
    Task<SendResult> send(std::span<const MappedContact> contacts) override
    {
        sent.emplace_back(contacts.begin(), contacts.end());
        SendResult result{.answer = PerItem{}, .exchange = {.http_status = 200, .request_id = "r1"}};
        result.answer = answer(contacts);
        co_return result;
    }
    Task<Result<std::string>> test() override { co_return "ok"; }
    Task<Result<SetupReport>> setup(bool) override { co_return SetupReport{}; }
    std::string payload(const MappedContact&) const override { return "{}"; }
    void close() override {}

    std::function<decltype(SendResult::answer)(std::span<const MappedContact>)> answer;
    std::vector<std::vector<MappedContact>> sent;

private:
    ConnectorTraits traits_;
};

decltype(SendResult::answer) upsert_all(std::span<const MappedContact> contacts)
{
    PerItem items;
    for (const auto& contact : contacts) items.outcomes.push_back(Upserted{.remote_id = contact.email});
    return items;
}

ClaimedJob job_of(std::string email)
{
    ClaimedJob job;
    job.key.contact_id = random_uuid7(Instant{});
    job.lease_token = 7;
    job.due_at = Instant{1s};
    job.contact.email = std::move(email);
    job.contact.name = "Ada Lovelace";
    job.contact.phone_number = "+1 650 253 0000";
    return job;
}

class DeliveryTest : public testing::Test {
protected:
    std::vector<Delivered> deliver(std::vector<ClaimedJob> jobs)
    {
        Delivery delivery(crm, {.max_retries = 3, .base = std::chrono::minutes{5}, .exponential = true}, clock);
        return test::await(loop, delivery.deliver(std::move(jobs)));
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::hours{1}}};
    ProgrammedCrm crm{10};
};

TEST_F(DeliveryTest, CompletesWhatTheCrmAcknowledged)
{
    crm.answer = upsert_all;
    const auto ended = deliver({job_of("A@example.com")});
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].transition.next, JobState::completed);
    EXPECT_EQ(ended[0].fingerprint, crm.sent[0][0].fingerprint);
    const auto result = to_result(ended[0], Uuid{}, clock.now());
    EXPECT_EQ(result.remote_id, "a@example.com");
    EXPECT_TRUE(result.call_made);
    EXPECT_EQ(result.attempt->outcome, "upserted");
    EXPECT_EQ(result.attempt->http_status, 200);
}

TEST_F(DeliveryTest, RefusesAMalformedAddressWithoutACall)
{
    const auto ended = deliver({job_of("not an address")});
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].transition.next, JobState::failed);
    EXPECT_FALSE(ended[0].answer);
    EXPECT_TRUE(crm.sent.empty());
}

TEST_F(DeliveryTest, LetsAMissingAddressWait)
{
    const auto ended = deliver({job_of("")});
    EXPECT_EQ(ended[0].transition.next, JobState::retrying);
    EXPECT_EQ(ended[0].transition.retry_count, 1);
    EXPECT_EQ(ended[0].transition.due_at, clock.now() + 5min);
    EXPECT_EQ(ended[0].transition.error, "Contact has no email address");
}

TEST_F(DeliveryTest, SendsAgainWithoutTheFieldTheCrmRefused)
{
    crm.answer = [&](std::span<const MappedContact> contacts) -> decltype(SendResult::answer) {
        if (crm.sent.size() == 1)
            return WholeCall{Rejected{
                .code = "duplicate_parameter", .reason = "SMS is taken", .repairable_field = std::string("SMS")}};
        return upsert_all(contacts);
    };
    const auto ended = deliver({job_of("a@example.com")});
    ASSERT_EQ(crm.sent.size(), 2u);
    EXPECT_THAT(crm.sent[1][0].fields, ElementsAre(MappedField{"FIRSTNAME", "Ada"}));
    EXPECT_EQ(ended[0].transition.next, JobState::completed);
    EXPECT_THAT(ended[0].warnings, Optional(ElementsAre(HasSubstr("Sent without SMS"))));
    EXPECT_EQ(ended[0].calls, 2);
    EXPECT_EQ(ended[0].fingerprint, fingerprint_of(crm.sent[0][0])) << "the contact is not changed by that";
}

TEST_F(DeliveryTest, GivesUpARepairThatCannotHelp)
{
    crm.answer = [](auto) -> decltype(SendResult::answer) {
        return WholeCall{Rejected{.code = "x", .reason = "EXT_ID is taken", .repairable_field = std::string("EXT_ID")}};
    };
    const auto ended = deliver({job_of("a@example.com")});
    EXPECT_EQ(crm.sent.size(), 1u);
    EXPECT_EQ(ended[0].transition.next, JobState::failed);
}

TEST_F(DeliveryTest, OneBadContactNeverFailsItsNeighbours)
{
    crm.answer = [](std::span<const MappedContact> contacts) -> decltype(SendResult::answer) {
        const bool poisoned = std::ranges::any_of(contacts, [](const auto& c) { return c.email.starts_with("bad"); });
        if (poisoned) return WholeCall{Rejected{.code = "bad", .reason = "no"}};
        return upsert_all(contacts);
    };
    std::vector<ClaimedJob> jobs;
    for (int i = 0; i < 7; ++i) jobs.push_back(job_of((i == 4 ? "bad" : "good") + std::to_string(i) + "@example.com"));
    const auto ended = deliver(std::move(jobs));
    ASSERT_EQ(ended.size(), 7u);
    for (const auto& one : ended)
        EXPECT_EQ(one.transition.next,
                  one.job.contact.email.starts_with("bad") ? JobState::failed : JobState::completed);
    EXPECT_LE(crm.sent.size(), 7u);
}

TEST_F(DeliveryTest, NeverPutsOneAddressTwiceInACall)
{
    crm.answer = upsert_all;
    const auto ended =
        deliver({job_of("a@b\u00fccher.example"), job_of("b@example.com"), job_of("a@xn--bcher-kva.example")});
    ASSERT_EQ(crm.sent.size(), 2u);
    EXPECT_EQ(crm.sent[0].size(), 2u);
    EXPECT_EQ(crm.sent[1][0].email, "a@xn--bcher-kva.example");
    EXPECT_EQ(ended.size(), 3u);
}

TEST_F(DeliveryTest, CountsAFailedCallOnce)
{
    crm.answer = [](auto) -> decltype(SendResult::answer) {
        return WholeCall{Transient{Transient::Scope::crm, "http_503", "down"}};
    };
    const auto ended = deliver({job_of("a@example.com"), job_of("b@example.com"), job_of("c@example.com")});
    EXPECT_EQ(std::ranges::count_if(ended, &Delivered::is_echo), 2);
    EXPECT_EQ(ended[0].calls + ended[1].calls + ended[2].calls, 1);
}

TEST_F(DeliveryTest, TreatsAnAnswerThatForgotAContactAsNoAnswer)
{
    crm.answer = [](auto) -> decltype(SendResult::answer) { return PerItem{}; };
    const auto ended = deliver({job_of("a@example.com")});
    EXPECT_EQ(ended[0].transition.next, JobState::retrying);
}

TEST_F(DeliveryTest, LeavesUnchangedContactsAloneWhenAsked)
{
    crm.answer = upsert_all;
    auto job = job_of("a@example.com");
    const auto first = deliver({job});
    job.options.only_changed = true;
    job.fingerprint = first[0].fingerprint;
    job.remote_id = "a@example.com";
    const auto second = deliver({job});
    EXPECT_EQ(crm.sent.size(), 1u);
    EXPECT_EQ(second[0].history, "unchanged");
    EXPECT_EQ(second[0].fingerprint, job.fingerprint);
    EXPECT_EQ(second[0].warnings, std::nullopt) << "those of the call that was made stay";
    EXPECT_EQ(second[0].transition.next, JobState::completed);
    job.contact.name = "Grace Hopper";
    deliver({job});
    EXPECT_EQ(crm.sent.size(), 2u);
}

TEST_F(DeliveryTest, CompletesASupersededContactWithAWarningAndNoCall)
{
    auto job = job_of("a@example.com");
    job.superseded_by = random_uuid7(Instant{});
    const auto ended = deliver({job});
    EXPECT_TRUE(crm.sent.empty());
    EXPECT_EQ(ended[0].transition.next, JobState::completed);
    EXPECT_THAT(ended[0].warnings, Optional(ElementsAre(HasSubstr(to_string(*job.superseded_by)))));
}

TEST_F(DeliveryTest, AFailedProbeOfAnotherContactCostsNothing)
{
    crm.answer = [](auto) -> decltype(SendResult::answer) {
        return WholeCall{Transient{Transient::Scope::crm, "http_503", "down"}};
    };
    auto probe = job_of("a@example.com");
    probe.probe = true;
    EXPECT_EQ(deliver({probe})[0].transition, hand_back(probe, "down"));
    probe.witness = true;
    EXPECT_EQ(deliver({probe})[0].transition.retry_count, 1);
}

}  // namespace
}  // namespace crmsync
